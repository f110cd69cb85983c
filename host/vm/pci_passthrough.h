/* Which PCI functions go to a guest together, and whether the host can spare them: from sysfs and procfs below a root prefix ("" = this
 * machine's), so that captured trees are tests. Reads only. Control plane. */
#ifndef TRANSOM_HOST_VM_PCI_PASSTHROUGH_H
#define TRANSOM_HOST_VM_PCI_PASSTHROUGH_H

#include "host/vm/setup_plan.h"

#define PCI_DEVICES_MAX 256u

struct pci_device {
  struct pci_address address;
  uint32_t class_code; /* 0x030000 = VGA */
  uint16_t vendor, device;
  int iommu_group; /* -1 = none */
  bool boot_vga, is_virtual_function;
  char driver[32]; /* "" = none */
};

/* How many were read, at most PCI_DEVICES_MAX; sorted by address. */
size_t pci_devices_read(const char *root, struct pci_device devices[PCI_DEVICES_MAX]);

/* Does the host show something with this device, or do programs of it have it open? One line that names them; false = nobody. */
bool pci_device_in_use(const char *root, const struct pci_device *device, char *users, size_t capacity);

/* --gpu: the device and every function of its IOMMU group that is no bridge go into `options`. `at_boot`: the host's driver will be kept
 * away from it, so that it may be in use now; the boot display may not even then. False: `error` says why not. */
bool pci_passthrough_choose(const char *root, const char *address, bool at_boot, struct setup_options *options, char *error,
                            size_t capacity);

/* --vf: this function alone; it must be a virtual one with a group of its own. */
bool pci_virtual_function_choose(const char *root, const char *address, struct setup_options *options, char *error, size_t capacity);

bool pci_host_has_invariant_tsc(const char *root);

#endif
