#include "host/vm/pci_passthrough.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 640
#define CLASS_DISPLAY 0x03u
#define CLASS_BRIDGE 0x06u
#define PROCESSES_NAMED_MAX 3u

/* First line of ROOT/sys/bus/pci/devices/ADDRESS/FILE. */
static bool read_attribute(const char *root, const struct pci_address *address, const char *file, char *text, size_t capacity) {
  char path[PATH_BYTES], name[16];
  pci_address_format(address, name);
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/%s", root, name, file);
  FILE *in = fopen(path, "re");
  bool got = in && fgets(text, (int)capacity, in);
  if (in)
    fclose(in);
  if (got)
    text[strcspn(text, "\n")] = 0;
  return got;
}

static unsigned long read_number(const char *root, const struct pci_address *address, const char *file) {
  char text[64];
  return read_attribute(root, address, file, text, sizeof text) ? strtoul(text, NULL, 0) : 0;
}

/* The last part of a link's target: a driver's name, a group's number. */
static bool read_link_name(const char *root, const struct pci_address *address, const char *link, char *name, size_t capacity) {
  char path[PATH_BYTES], target[PATH_BYTES], text[16];
  pci_address_format(address, text);
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/%s", root, text, link);
  ssize_t length = readlink(path, target, sizeof target - 1);
  if (length <= 0)
    return false;
  target[length] = 0;
  const char *slash = strrchr(target, '/');
  snprintf(name, capacity, "%.*s", (int)capacity - 1, slash ? slash + 1 : target);
  return true;
}

static void read_device(const char *root, struct pci_device *device) {
  char text[32], path[PATH_BYTES], name[16];
  const struct pci_address *address = &device->address;
  device->class_code = (uint32_t)read_number(root, address, "class");
  device->vendor = (uint16_t)read_number(root, address, "vendor");
  device->device = (uint16_t)read_number(root, address, "device");
  device->boot_vga = read_number(root, address, "boot_vga") == 1;
  device->iommu_group = read_link_name(root, address, "iommu_group", text, sizeof text) ? atoi(text) : -1;
  if (!read_link_name(root, address, "driver", device->driver, sizeof device->driver))
    device->driver[0] = 0;
  pci_address_format(address, name);
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/physfn", root, name);
  device->is_virtual_function = readlink(path, text, 1) > 0;
}

static int by_address(const void *one, const void *other) {
  const struct pci_address *a = &((const struct pci_device *)one)->address, *b = &((const struct pci_device *)other)->address;
  uint64_t left = (uint64_t)a->domain << 24 | (uint64_t)a->bus << 16 | (uint64_t)a->slot << 8 | a->function;
  uint64_t right = (uint64_t)b->domain << 24 | (uint64_t)b->bus << 16 | (uint64_t)b->slot << 8 | b->function;
  return left < right ? -1 : left > right;
}

size_t pci_devices_read(const char *root, struct pci_device devices[PCI_DEVICES_MAX]) {
  char path[PATH_BYTES];
  size_t count = 0;
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices", root);
  DIR *directory = opendir(path);
  for (struct dirent *entry; directory && count < PCI_DEVICES_MAX && (entry = readdir(directory));) {
    struct pci_device device = {0};
    if (!pci_address_parse(entry->d_name, &device.address))
      continue;
    read_device(root, &device);
    devices[count++] = device;
  }
  if (directory)
    closedir(directory);
  qsort(devices, count, sizeof devices[0], by_address);
  return count;
}

/* ---- who uses it ---- */

struct list {
  char *text;
  size_t capacity, used;
};

static void list_add(struct list *list, const char *format, const char *one, const char *other) {
  if (list->used >= list->capacity)
    return;
  list->used += (size_t)snprintf(list->text + list->used, list->capacity - list->used, "%s", list->used ? ", " : "");
  if (list->used >= list->capacity)
    return;
  char part[128];
  snprintf(part, sizeof part, format, one, other);
  list->used += (size_t)snprintf(list->text + list->used, list->capacity - list->used, "%s", part);
}

static bool connector_is_used(const char *directory, const char *connector) {
  char path[PATH_BYTES], text[32] = "";
  snprintf(path, sizeof path, "%.400s/%.100s/enabled", directory, connector);
  FILE *in = fopen(path, "re");
  bool used = in && fgets(text, sizeof text, in) && strncmp(text, "enabled", 7) == 0;
  if (in)
    fclose(in);
  return used;
}

/* DEVICE/drm/card0/card0-DP-1/enabled says whether the host drives that output now. */
static void look_at_connectors(const char *card_directory, const char *card, struct list *users) {
  DIR *directory = opendir(card_directory);
  for (struct dirent *entry; directory && (entry = readdir(directory));)
    if (strncmp(entry->d_name, card, strlen(card)) == 0 && entry->d_name[strlen(card)] == '-' &&
        connector_is_used(card_directory, entry->d_name))
      list_add(users, "the monitor on %.60s%.1s", entry->d_name + strlen(card) + 1, "");
  if (directory)
    closedir(directory);
}

static bool process_has_open(const char *root, const char *process, const char *node) {
  char path[PATH_BYTES], target[PATH_BYTES];
  bool found = false;
  snprintf(path, sizeof path, "%s/proc/%.20s/fd", root, process);
  DIR *directory = opendir(path);
  for (struct dirent *entry; directory && !found && (entry = readdir(directory));) {
    char link[PATH_BYTES + 32];
    snprintf(link, sizeof link, "%s/%.20s", path, entry->d_name);
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (length > 0) {
      target[length] = 0;
      found = strcmp(target, node) == 0;
    }
  }
  if (directory)
    closedir(directory);
  return found;
}

static void name_process(const char *root, const char *process, struct list *users) {
  char path[PATH_BYTES], name[64] = "?";
  snprintf(path, sizeof path, "%s/proc/%.20s/comm", root, process);
  FILE *in = fopen(path, "re");
  if (in) {
    if (fgets(name, sizeof name, in))
      name[strcspn(name, "\n")] = 0;
    fclose(in);
  }
  list_add(users, "%.60s (process %.20s)", name, process);
}

static void look_at_processes(const char *root, const char *node, struct list *users) {
  char path[PATH_BYTES];
  unsigned named = 0;
  snprintf(path, sizeof path, "%s/proc", root);
  DIR *directory = opendir(path);
  for (struct dirent *entry; directory && named < PROCESSES_NAMED_MAX && (entry = readdir(directory));)
    if (isdigit((unsigned char)entry->d_name[0]) && process_has_open(root, entry->d_name, node)) {
      name_process(root, entry->d_name, users);
      named++;
    }
  if (directory)
    closedir(directory);
}

bool pci_device_in_use(const char *root, const struct pci_device *device, char *users, size_t capacity) {
  char path[PATH_BYTES], name[16], node[64];
  struct list list = {.text = users, .capacity = capacity};
  users[0] = 0;
  if (device->boot_vga)
    list_add(&list, "%s%s", "the host's firmware and console (it is the boot display)", "");
  pci_address_format(&device->address, name);
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/drm", root, name);
  DIR *directory = opendir(path);
  for (struct dirent *entry; directory && (entry = readdir(directory));) {
    if (strncmp(entry->d_name, "card", 4) != 0 && strncmp(entry->d_name, "renderD", 7) != 0)
      continue;
    char card[PATH_BYTES + 64];
    snprintf(card, sizeof card, "%s/%.40s", path, entry->d_name);
    look_at_connectors(card, entry->d_name, &list);
    snprintf(node, sizeof node, "/dev/dri/%.40s", entry->d_name);
    look_at_processes(root, node, &list);
  }
  if (directory)
    closedir(directory);
  return users[0] != 0;
}

/* ---- what goes along ---- */

static const struct pci_device *find(const struct pci_device *devices, size_t count, const struct pci_address *address) {
  for (size_t i = 0; i < count; i++)
    if (devices[i].address.domain == address->domain && devices[i].address.bus == address->bus &&
        devices[i].address.slot == address->slot && devices[i].address.function == address->function)
      return &devices[i];
  return NULL;
}

static const struct pci_device *find_named(const char *text, const struct pci_device *devices, size_t count, char *error, size_t capacity) {
  struct pci_address address;
  if (!pci_address_parse(text, &address)) {
    snprintf(error, capacity, "'%s' is no PCI address; it looks like 01:00.0 (lspci shows it)", text);
    return NULL;
  }
  const struct pci_device *device = find(devices, count, &address);
  if (!device)
    snprintf(error, capacity, "there is no PCI device %s", text);
  else if (device->iommu_group < 0)
    snprintf(
        error, capacity,
        "%s is in no IOMMU group: switch the IOMMU on in the firmware (AMD-Vi or VT-d), and on Intel add intel_iommu=on to the kernel's "
        "command line",
        text);
  return device && device->iommu_group >= 0 ? device : NULL;
}

static bool refuse_used(const char *root, const struct pci_device *device, bool at_boot, char *error, size_t capacity) {
  char users[400], name[16];
  if ((at_boot && !device->boot_vga) || !pci_device_in_use(root, device, users, sizeof users))
    return false;
  pci_address_format(&device->address, name);
  snprintf(error, capacity, "the host uses %s now: %s. Move the host to its other GPU first (monitor cable, firmware's primary display)%s",
           name, users, device->boot_vga ? "" : ", or add --bind-at-boot: the host's driver then stays away from it from the next boot on");
  return true;
}

static bool add(struct setup_options *options, const struct pci_device *device, char *error, size_t capacity) {
  if (options->hostdev_count == SETUP_HOSTDEVS_MAX) {
    snprintf(error, capacity, "more than %u functions would have to go along: the group is too large to pass through", SETUP_HOSTDEVS_MAX);
    return false;
  }
  options->hostdevs[options->hostdev_count++] = device->address;
  return true;
}

/* A group is what the IOMMU cannot tell apart: a guest that has one of it can reach the others. Functions of the same card go along; a
 * stranger in the group means that the host would lose it too, so it is named instead of taken. */
static bool add_group(const char *root, const struct pci_device *gpu, const struct pci_device *devices, size_t count, bool at_boot,
                      struct setup_options *options, char *error, size_t capacity) {
  for (size_t i = 0; i < count; i++) {
    const struct pci_device *device = &devices[i];
    if (device->iommu_group != gpu->iommu_group || device->class_code >> 16 == CLASS_BRIDGE)
      continue;
    char name[16];
    pci_address_format(&device->address, name);
    bool same_card = device->address.domain == gpu->address.domain && device->address.bus == gpu->address.bus &&
                     device->address.slot == gpu->address.slot;
    if (!same_card && device->driver[0] && strcmp(device->driver, "vfio-pci") != 0) {
      snprintf(
          error, capacity,
          "%s shares IOMMU group %d with the GPU and the host uses it (driver %s): put the GPU into another slot, or see \"IOMMU groups\" "
          "in docs/setup.md",
          name, gpu->iommu_group, device->driver);
      return false;
    }
    if (refuse_used(root, device, at_boot, error, capacity) || !add(options, device, error, capacity))
      return false;
  }
  return true;
}

bool pci_passthrough_choose(const char *root, const char *address, bool at_boot, struct setup_options *options, char *error,
                            size_t capacity) {
  static struct pci_device devices[PCI_DEVICES_MAX]; /* 20 kB; setup has one thread */
  size_t count = pci_devices_read(root, devices);
  const struct pci_device *gpu = find_named(address, devices, count, error, capacity);
  if (!gpu)
    return false;
  if (gpu->class_code >> 16 != CLASS_DISPLAY) {
    snprintf(error, capacity, "%s is no GPU (class %06x)", address, gpu->class_code);
    return false;
  }
  return !refuse_used(root, gpu, at_boot, error, capacity) && add_group(root, gpu, devices, count, at_boot, options, error, capacity);
}

bool pci_virtual_function_choose(const char *root, const char *address, struct setup_options *options, char *error, size_t capacity) {
  static struct pci_device devices[PCI_DEVICES_MAX];
  size_t count = pci_devices_read(root, devices), sharing = 0;
  const struct pci_device *function = find_named(address, devices, count, error, capacity);
  if (!function)
    return false;
  if (!function->is_virtual_function) {
    snprintf(error, capacity, "%s is no SR-IOV virtual function; for a whole GPU use --gpu", address);
    return false;
  }
  for (size_t i = 0; i < count; i++)
    sharing += devices[i].iommu_group == function->iommu_group;
  if (sharing > 1) {
    snprintf(error, capacity, "%s shares its IOMMU group %d with other devices", address, function->iommu_group);
    return false;
  }
  return !refuse_used(root, function, false, error, capacity) && add(options, function, error, capacity);
}

bool pci_host_has_invariant_tsc(const char *root) {
  char path[PATH_BYTES], line[8192];
  bool found = false;
  snprintf(path, sizeof path, "%s/proc/cpuinfo", root);
  FILE *in = fopen(path, "re");
  while (in && !found && fgets(line, sizeof line, in))
    if (strncmp(line, "flags", 5) == 0)
      found = strstr(line, " constant_tsc") && strstr(line, " nonstop_tsc");
  if (in)
    fclose(in);
  return found;
}
