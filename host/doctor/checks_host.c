/* The machine: can it run a fast guest, and give it a device? */
#include "host/doctor/doctor_checks.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
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

#define GROUPS_MAX 16u
#define GROUP_BYTES 64u

/* Processors whose third-level cache is the same: "0-7,16-23". */
static unsigned read_cache_groups(const char *root, char groups[GROUPS_MAX][GROUP_BYTES]) {
  unsigned count = 0;
  for (unsigned cpu = 0; cpu < 1024 && count < GROUPS_MAX; cpu++) {
    char path[512], list[GROUP_BYTES] = "";
    snprintf(path, sizeof path, "%s/sys/devices/system/cpu/cpu%u/cache/index3/shared_cpu_list", root, cpu);
    FILE *in = fopen(path, "re");
    bool got = in && fgets(list, sizeof list, in);
    if (in)
      fclose(in);
    if (!got)
      continue;
    list[strcspn(list, "\n")] = 0;
    unsigned i = 0;
    while (i < count && strcmp(groups[i], list) != 0)
      i++;
    if (i == count)
      memcpy(groups[count++], list, sizeof list);
  }
  return count;
}

/* A guest whose processors sit on both halves of a processor pays for every line that moves between them. */
static void run_cache(const struct check_context *context, struct check_result *result) {
  char groups[GROUPS_MAX][GROUP_BYTES], text[300] = "";
  unsigned count = read_cache_groups(context->root, groups);
  if (count == 0)
    return;
  for (unsigned i = 0; i < count; i++) {
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "%s%s", i ? "; " : "", groups[i]);
  }
  check_say(result, CHECK_FINE, "processors that share a cache: %s%s", text,
            count > 1 ? " (pin the guest's to one of these, and leave the host the other)" : "");
}

const struct check check_cache = {"cache", "Processor caches", run_cache};
