/* GPUs in trees of sysfs and procfs that are made here: who may be passed through, who goes along, and who is in the way. */
#include "host/vm/pci_passthrough.h"
#include "host/vm/setup_backup.h"
#include "host/vm/setup_system.h"

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
  device("0000:00:03.1", "0x060400", 28, "pcieport"); /* its root port, as on boards without ACS */
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
  assert_true(pci_passthrough_choose(root, "0a:00.0", false, &options, error, sizeof error));
  assert_int_equal(options.hostdev_count, 2);
  assert_int_equal(options.hostdevs[1].function, 1);
}

static void expect_refusal(const char *address, const char *word) {
  struct setup_options options = {0};
  char error[512] = "";
  assert_false(pci_passthrough_choose(root, address, false, &options, error, sizeof error));
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
  assert_true(pci_passthrough_choose(root, "0a:00.0", false, &options, error, sizeof error)); /* a plug without a picture is no use */
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

/* In use now, it may be bound from the next boot on; not so the display that the host boots with. */
static void test_binding_at_boot(void **state) {
  (void)state;
  struct setup_options options = {0};
  char error[512];
  put("enabled", DEVICE "drm/card1/card1-DP-2/enabled", "0000:0a:00.0");
  expect_refusal("0a:00.0", "--bind-at-boot");
  assert_true(pci_passthrough_choose(root, "0a:00.0", true, &options, error, sizeof error));
  assert_int_equal(options.hostdev_count, 2);
  assert_false(pci_passthrough_choose(root, "05:00.0", true, &options, error, sizeof error));
}

static void expect_file(const struct setup_system_file *file, const char *text) {
  bool missing;
  char error[256], *found = setup_text_read(file->path, &missing, error, sizeof error);
  assert_non_null(found);
  assert_non_null(strstr(found, text));
  free(found);
}

static void test_files_are_written_and_removed(void **state) {
  (void)state;
  static const struct pci_address devices[] = {{0, 0xa, 0, 0}, {0, 0xa, 0, 1}};
  struct setup_system_options options = {.root = root,
                                         .instance = "win11",
                                         .run_directory = "/run/transom",
                                         .region_bytes = 128u << 20,
                                         .qemu_user = "64055",
                                         .with_server = true,
                                         .bind = devices,
                                         .bind_count = 2};
  struct setup_system system;
  char error[256];
  bool started;
  setup_system_init(&system, &options);
  system.join_group[0] = 0;
  assert_int_equal(system.file_count, 4);
  assert_false(setup_system_is_done(&system));
  assert_true(setup_system_apply(&system, &started, error, sizeof error));
  assert_false(started); /* below a prefix nothing is */
  assert_true(setup_system_is_done(&system));
  expect_file(&system.files[0], "TRANSOM_SIZE=128M");
  expect_file(&system.files[1], "ExecStartPost=setfacl -m u:64055:rw /run/transom/win11/region.sock");
  expect_file(&system.files[2], "/run/transom/win11/usb-audio.sock");
  expect_file(&system.files[3], "KERNEL==\"0000:0a:00.1\", ATTR{driver_override}=\"vfio-pci\"");
  assert_true(setup_system_undo(&system, error, sizeof error));
  for (unsigned i = 0; i < 4; i++)
    assert_int_equal(access(system.files[i].path, F_OK), -1);
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
      TEST(test_binding_at_boot),
      TEST(test_files_are_written_and_removed),
      TEST(test_virtual_function),
      TEST(test_invariant_tsc),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
