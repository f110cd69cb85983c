#include "guest/windows/selftest_checks.h"

#include "common/clock.h"
#include "common/memory_copy.h"
#include "guest/windows/ivshmem_driver.h"
#include "protocol/layout.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)4 << 20)
#define ROUNDS 8u

static void list_devices(struct selftest_report *report) {
  struct ivshmem_entries *found = calloc(1, sizeof *found);
  if (!found)
    return;
  ivshmem_driver_list(found);
  for (uint32_t i = 0; i < found->count; i++) {
    const struct ivshmem_entry *entry = &found->list[i];
    selftest_report_add(report, entry->bytes ? SELFTEST_PASS : SELFTEST_FAIL, "driver", "IVSHMEM device %u: %llu MiB, bus %u, address %x",
                        i, (unsigned long long)(entry->bytes >> 20), entry->bus, entry->address);
  }
  if (found->count == 0)
    selftest_report_add(report, SELFTEST_FAIL, "driver", "no IVSHMEM device: is there one in the VM, and is its driver installed?");
  free(found);
}

struct region_device *selftest_region(struct selftest_report *report, const struct agent_settings *settings) {
  char error[REGION_ERROR_BYTES];
  if (strcmp(settings->region, "auto") == 0)
    list_devices(report);
  else
    selftest_report_add(report, SELFTEST_SKIP, "driver", "a region file was given");
  struct region_device *device = region_device_windows_open(settings, error);
  if (device)
    selftest_report_add(report, SELFTEST_PASS, SELFTEST_REGION, "%s, copies by %s", device->text, memory_copy_name());
  else
    selftest_report_add(report, SELFTEST_FAIL, SELFTEST_REGION, "%s", error);
  return device;
}

static double megabytes_a_second(uint64_t bytes, uint64_t began_ns) {
  const uint64_t took_ns = clock_raw_ns() - began_ns;
  return took_ns ? (double)bytes * 1e3 / (double)took_ns : 0;
}

/* The region's last bytes: pixels of an agent that has ended. A pattern must come back as it was written. */
static void measure(struct selftest_report *report, const char *subject, const struct region_device *device, uint8_t *pattern,
                    uint8_t *back) {
  uint8_t *piece = (uint8_t *)(uintptr_t)device->base + device->bytes - PIECE_BYTES;
  for (size_t i = 0; i < PIECE_BYTES; i++)
    pattern[i] = (uint8_t)(i * 31 >> 3);
  uint64_t began_ns = clock_raw_ns();
  for (uint32_t i = 0; i < ROUNDS; i++)
    memory_copy_stream(piece, pattern, PIECE_BYTES);
  const double writes = megabytes_a_second(ROUNDS * PIECE_BYTES, began_ns);
  atomic_thread_fence(memory_order_seq_cst); /* streaming loads are not ordered behind streaming stores */
  began_ns = clock_raw_ns();
  memory_copy_load(back, piece, PIECE_BYTES);
  const double reads = megabytes_a_second(PIECE_BYTES, began_ns);
  const bool good = memcmp(pattern, back, PIECE_BYTES) == 0;
  selftest_report_add(report, good ? SELFTEST_PASS : SELFTEST_FAIL, subject, "writes %.0f MB/s, reads %.0f MB/s%s", writes, reads,
                      good ? "" : ", and what was read is not what was written");
}

static void measure_mode(struct selftest_report *report, const struct agent_settings *settings, const char *subject) {
  char error[REGION_ERROR_BYTES];
  struct region_device *device = region_device_windows_open(settings, error);
  uint8_t *room = malloc(2 * PIECE_BYTES);
  if (!device || !room || device->bytes < 2 * PIECE_BYTES)
    selftest_report_add(report, device ? SELFTEST_SKIP : SELFTEST_FAIL, subject, "%s", device ? "the region is too small" : error);
  else
    measure(report, subject, device, room, room + PIECE_BYTES);
  free(room);
  if (device)
    device->impl->destroy(device);
}

void selftest_mapping_speed(struct selftest_report *report, const struct agent_settings *settings) {
  static const char *const subjects[] = {"mapping, write-combining", "mapping, write-back", "mapping, uncached"};
  if (strcmp(settings->region, "auto") != 0) {
    measure_mode(report, settings, "mapping, file");
    return;
  }
  for (int mode = 0; mode < 3; mode++) {
    struct agent_settings one = *settings;
    one.cache_mode = mode;
    measure_mode(report, &one, subjects[mode]);
  }
}
