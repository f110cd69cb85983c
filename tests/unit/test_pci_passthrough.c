/* GPUs in trees of sysfs and procfs that are made here: who may be passed through, who goes along, and who is in the way. */
#include "host/vm/pci_passthrough.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[64];

static void make_parents(const char *path) {
  char part[512];
  for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
    mkdir(part, 0755);
  }
}

__attribute__((format(printf, 2, 3))) static void put(const char *text, const char *format, ...) {
  char name[256], path[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(name, sizeof name, format, arguments);
  va_end(arguments);
  snprintf(path, sizeof path, "%s/%s", root, name);
  make_parents(path);
  FILE *out = fopen(path, "w");
  assert_non_null(out);
  fprintf(out, "%s\n", text);
  fclose(out);
}

__attribute__((format(printf, 2, 3))) static void put_link(const char *target, const char *format, ...) {
  char name[256], path[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(name, sizeof name, format, arguments);
  va_end(arguments);
  snprintf(path, sizeof path, "%s/%s", root, name);
  make_parents(path);
  assert_int_equal(symlink(target, path), 0);
}

#define DEVICE "sys/bus/pci/devices/%s/"

static void device(const char *address, const char *class_code, int group, const char *driver) {
  char target[128];
  put(class_code, DEVICE "class", address);
  put("0x10de", DEVICE "vendor", address);
  put("0x2684", DEVICE "device", address);
  if (group >= 0) {
    snprintf(target, sizeof target, "../../../../kernel/iommu_groups/%d", group);
    put_link(target, DEVICE "iommu_group", address);
  }
  if (driver) {
    snprintf(target, sizeof target, "../../../../bus/pci/drivers/%s", driver);
    put_link(target, DEVICE "driver", address);
  }
}

/* The reference machine: a P2000 for the host behind the chipset, a 4090 for the guest. */
static int make_tree(void **state) {
  (void)state;
  strcpy(root, "/tmp/transom-pci-XXXXXX");
  assert_non_null(mkdtemp(root));
  device("0000:00:01.1", "0x060400", 12, "pcieport");
  device("0000:0a:00.0", "0x030000", 28, "nouveau");
  device("0000:0a:00.1", "0x040300", 28, "snd_hda_intel");
  put("0", DEVICE "boot_vga", "0000:0a:00.0");
  device("0000:05:00.0", "0x030000", 15, "nvidia");
  put("1", DEVICE "boot_vga", "0000:05:00.0");
  return 0;
}

static int remove_tree(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -r %s", root);
  return system(command);
}

static void test_gpu_takes_its_sound_along(void **state) {
  (void)state;
  struct setup_options options = {0};
  char error[512] = "";
  assert_true(pci_passthrough_choose(root, "0a:00.0", &options, error, sizeof error));
  assert_int_equal(options.hostdev_count, 2);
  assert_int_equal(options.hostdevs[1].function, 1);
}

static void expect_refusal(const char *address, const char *word) {
  struct setup_options options = {0};
  char error[512] = "";
  assert_false(pci_passthrough_choose(root, address, &options, error, sizeof error));
  if (!strstr(error, word))
    fail_msg("'%s' does not say '%s'", error, word);
}

static void test_boot_display_is_refused(void **state) {
  (void)state;
  expect_refusal("0000:05:00.0", "boot display");
}

static void test_connector_in_use_is_named(void **state) {
  (void)state;
  put("disabled", DEVICE "drm/card1/card1-HDMI-A-1/enabled", "0000:0a:00.0");
  struct setup_options options = {0};
  char error[512];
  assert_true(pci_passthrough_choose(root, "0a:00.0", &options, error, sizeof error)); /* a plug without a picture is no use */
  put("enabled", DEVICE "drm/card1/card1-DP-2/enabled", "0000:0a:00.0");
  expect_refusal("0a:00.0", "DP-2");
}

static void test_process_with_its_node_is_named(void **state) {
  (void)state;
  put("", DEVICE "drm/renderD129/dev", "0000:0a:00.0");
  put("blender", "proc/4711/comm");
  put_link("/dev/dri/renderD128", "proc/4711/fd/3");
  put_link("/dev/dri/renderD129", "proc/4711/fd/4");
  expect_refusal("0a:00.0", "blender (process 4711)");
}

static void test_stranger_in_the_group_is_named(void **state) {
  (void)state;
  device("0000:0b:00.0", "0x010802", 28, "nvme");
  expect_refusal("0a:00.0", "0000:0b:00.0");
}

static void test_what_is_no_gpu_is_refused(void **state) {
  (void)state;
  device("0000:0c:00.0", "0x030000", -1, NULL);
  expect_refusal("0a:00.1", "is no GPU");
  expect_refusal("0c:00.0", "IOMMU");
  expect_refusal("0d:00.0", "there is no PCI device");
  expect_refusal("0a.0", "no PCI address");
}

static void test_virtual_function(void **state) {
  (void)state;
  struct setup_options options = {0};
  char error[512];
  device("0000:00:02.1", "0x030000", 40, NULL);
  assert_false(pci_virtual_function_choose(root, "00:02.1", &options, error, sizeof error));
  put_link("../0000:00:02.0", DEVICE "physfn", "0000:00:02.1");
  assert_true(pci_virtual_function_choose(root, "00:02.1", &options, error, sizeof error));
  assert_int_equal(options.hostdev_count, 1);
}

static void test_invariant_tsc(void **state) {
  (void)state;
  assert_false(pci_host_has_invariant_tsc(root));
  put("flags\t\t: fpu constant_tsc rep_good nopl nonstop_tsc cpuid", "proc/cpuinfo");
  assert_true(pci_host_has_invariant_tsc(root));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_gpu_takes_its_sound_along),
      TEST(test_boot_display_is_refused),
      TEST(test_connector_in_use_is_named),
      TEST(test_process_with_its_node_is_named),
      TEST(test_stranger_in_the_group_is_named),
      TEST(test_what_is_no_gpu_is_refused),
      TEST(test_virtual_function),
      TEST(test_invariant_tsc),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
