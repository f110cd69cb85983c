/* The machine: can it run a fast guest, and give it a device? */
#include "host/doctor/doctor_checks.h"
#include "host/vm/pci_passthrough.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool cpu_has(const char *root, const char *flag) {
  char path[512], line[8192], word[32];
  bool found = false;
  snprintf(path, sizeof path, "%s/proc/cpuinfo", root);
  snprintf(word, sizeof word, " %s ", flag);
  FILE *in = fopen(path, "re");
  while (in && !found && fgets(line, sizeof line, in)) {
    line[strcspn(line, "\n")] = ' ';
    found = strncmp(line, "flags", 5) == 0 && strstr(line, word);
  }
  if (in)
    fclose(in);
  return found;
}

static void run_kvm(const struct check_context *context, struct check_result *result) {
  char path[512];
  bool amd = cpu_has(context->root, "svm"), intel = cpu_has(context->root, "vmx");
  snprintf(path, sizeof path, "%s/dev/kvm", context->root);
  if (access(path, F_OK) == 0)
    check_say(result, CHECK_FINE, "/dev/kvm is there%s", amd ? " (AMD-V)" : intel ? " (VT-x)" : "");
  else if (!amd && !intel) {
    check_say(result, CHECK_FAILED, "the processor says neither svm (AMD) nor vmx (Intel), and there is no /dev/kvm");
    check_fix(result, "switch virtualisation on in the firmware: SVM Mode on AMD, VT-x or Virtualization Technology on Intel");
  } else {
    check_say(result, CHECK_FAILED, "the processor can virtualise, but there is no /dev/kvm");
    check_fix(result, "load the module: modprobe %s; if that fails, the firmware has it switched off", amd ? "kvm_amd" : "kvm_intel");
  }
}

const struct check check_kvm = {"kvm", "Virtualisation", run_kvm};

static unsigned count_groups(const char *root) {
  char path[512];
  unsigned count = 0;
  snprintf(path, sizeof path, "%s/sys/kernel/iommu_groups", root);
  DIR *directory = opendir(path);
  for (struct dirent *entry; directory && (entry = readdir(directory));)
    count += entry->d_name[0] != '.';
  if (directory)
    closedir(directory);
  return count;
}

static void run_iommu(const struct check_context *context, struct check_result *result) {
  unsigned groups = count_groups(context->root);
  if (groups) {
    check_say(result, CHECK_FINE, "%u groups", groups);
    return;
  }
  check_say(result, context->has_facts && context->facts.has_hostdev ? CHECK_FAILED : CHECK_WARNING,
            "no IOMMU groups: no PCI device can be given to a guest");
  check_fix(result, "switch the IOMMU on in the firmware (AMD-Vi or VT-d); on Intel add intel_iommu=on to the kernel's command line");
}

const struct check check_iommu = {"iommu", "IOMMU", run_iommu};
