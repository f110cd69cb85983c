#include "guest/linux/region_device_linux.h"
#include "protocol/layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A machine's /sys, made for the test: PCI devices with the attributes that we read, and files for their memory. */
struct tree {
  char root[64];
  char error[REGION_ERROR_BYTES];
};

static int setup(void **state) {
  struct tree *tree = calloc(1, sizeof *tree);
  strcpy(tree->root, "/tmp/transom-sysfs-XXXXXX");
  *state = tree;
  return mkdtemp(tree->root) ? 0 : -1;
}

static int teardown(void **state) {
  struct tree *tree = *state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", tree->root);
  free(tree);
  return system(command) == 0 ? 0 : -1;
}

static void write_attribute(struct tree *tree, const char *address, const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/%s", tree->root, address, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void make_memory(struct tree *tree, const char *address, const char *name, off_t bytes) {
  char path[256];
  write_attribute(tree, address, name, "");
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/%s", tree->root, address, name);
  assert_int_equal(truncate(path, bytes), 0);
}

static void add_device(struct tree *tree, const char *address, const char *device, uint64_t bytes, bool doorbell) {
  char text[256];
  snprintf(text, sizeof text, "mkdir -p '%s/sys/bus/pci/devices/%s'", tree->root, address);
  assert_int_equal(system(text), 0);
  write_attribute(tree, address, "vendor", "0x1af4\n");
  write_attribute(tree, address, "device", device);
  write_attribute(tree, address, "enable", "0\n");
  snprintf(
      text, sizeof text, "0x00000000febf1000 0x00000000febf10ff 0x0000000000040200\n%s\n0x0000000800000000 0x%016llx 0x000000000014220c\n",
      doorbell ? "0x00000000febf2000 0x00000000febf2fff 0x0000000000040200" : "0x0000000000000000 0x0000000000000000 0x0000000000000000",
      0x800000000ull + bytes - 1);
  write_attribute(tree, address, "resource", text);
  make_memory(tree, address, "resource0", 4096);
  make_memory(tree, address, "resource2", (off_t)bytes);
}

static void scribble(struct tree *tree, const char *address, uint64_t word) {
  char path[256];
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/resource2", tree->root, address);
  const int fd = open(path, O_WRONLY);
  assert_int_equal(pwrite(fd, &word, sizeof word, 0), sizeof word);
  close(fd);
}

static struct region_device *open_at(struct tree *tree, const char *address) {
  return region_device_sysfs_open(tree->root, address, false, tree->error);
}

static void assert_opens(struct tree *tree, const char *address, const char *expected) {
  struct region_device *device = open_at(tree, address);
  if (!device)
    fail_msg("%s", tree->error);
  assert_memory_equal(device->text, expected, strlen(expected));
  device->impl->destroy(device);
}

static void says_that_there_is_none(void **state) {
  struct tree *tree = *state;
  assert_null(open_at(tree, ""));
  add_device(tree, "0000:00:01.0", "0x1000\n", 4 << 20, false); /* a virtio network card */
  assert_null(open_at(tree, ""));
  assert_non_null(strstr(tree->error, "no IVSHMEM device"));
}

static void takes_the_largest_that_it_may(void **state) {
  struct tree *tree = *state;
  add_device(tree, "0000:00:01.0", "0x1110\n", 2 << 20, false);
  add_device(tree, "0000:00:02.0", "0x1110\n", 8 << 20, true);
  add_device(tree, "0000:01:00.0", "0x1110\n", 16 << 20, false);
  assert_opens(tree, "", "0000:01:00.0, 16 MiB");
  scribble(tree, "0000:01:00.0", 0x123456789); /* Looking Glass lives there, say */
  assert_opens(tree, "", "0000:00:02.0, 8 MiB");
  scribble(tree, "0000:01:00.0", TRANSOM_MAGIC);
  assert_opens(tree, "", "0000:01:00.0, 16 MiB");
  assert_opens(tree, "0000:00:01.0", "0000:00:01.0, 2 MiB");
}

static void never_takes_what_is_foreign(void **state) {
  struct tree *tree = *state;
  add_device(tree, "0000:00:02.0", "0x1110\n", 8 << 20, true);
  scribble(tree, "0000:00:02.0", 1);
  assert_null(open_at(tree, ""));
  assert_non_null(strstr(tree->error, "not touched"));
  assert_null(open_at(tree, "0000:00:02.0"));
  assert_null(open_at(tree, "0000:00:03.0"));
}

static void takes_over_only_what_is_named(void **state) {
  struct tree *tree = *state;
  add_device(tree, "0000:00:02.0", "0x1110\n", 8 << 20, true);
  scribble(tree, "0000:00:02.0", 1);
  assert_null(region_device_sysfs_open(tree->root, "", true, tree->error));
  struct region_device *device = region_device_sysfs_open(tree->root, "0000:00:02.0", true, tree->error);
  assert_non_null(device);
  device->impl->destroy(device);
}

static void refuses_what_is_too_small(void **state) {
  struct tree *tree = *state;
  add_device(tree, "0000:00:02.0", "0x1110\n", 64 << 10, false);
  assert_null(open_at(tree, ""));
  assert_non_null(strstr(tree->error, "65536 bytes"));
}

static void rings_by_the_doorbell_register(void **state) {
  struct tree *tree = *state;
  add_device(tree, "0000:00:02.0", "0x1110\n", 2 << 20, true);
  struct region_device *device = open_at(tree, "");
  assert_non_null(device);
  assert_true(device->has_doorbell);
  device->impl->ring(device, 3, 1);
  device->impl->destroy(device);
  char path[256];
  uint32_t rung;
  snprintf(path, sizeof path, "%s/sys/bus/pci/devices/0000:00:02.0/resource0", tree->root);
  const int fd = open(path, O_RDONLY);
  assert_int_equal(pread(fd, &rung, sizeof rung, 0xc), sizeof rung);
  close(fd);
  assert_int_equal(rung, 3 << 16 | 1);
}

static void knows_a_device_without_doorbells(void **state) {
  struct tree *tree = *state;
  add_device(tree, "0000:00:02.0", "0x1110\n", 2 << 20, false);
  struct region_device *device = open_at(tree, "");
  assert_non_null(device);
  assert_false(device->has_doorbell);
  device->impl->destroy(device);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(says_that_there_is_none),          TEST(takes_the_largest_that_it_may), TEST(never_takes_what_is_foreign),
      TEST(takes_over_only_what_is_named),    TEST(refuses_what_is_too_small),     TEST(rings_by_the_doorbell_register),
      TEST(knows_a_device_without_doorbells),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
