#include "bench/bench_guest.h"

#include "bench/bench_peer.h"
#include "common/clock.h"
#include "common/memory_copy.h"
#include "protocol/frame_writer.h"
#include "protocol/region_format.h"
#include "support/test_random.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATCH_EDGE 64u

struct bench_guest {
  const struct bench_guest_options *options;
  struct bench_peer peer;
  struct transom_region region;
  struct transom_consumers consumers;
  struct transom_frame_writer writer;
  uint32_t pitch_bytes;
  uint8_t *picture;
  struct test_random random;
};

static void format(struct bench_guest *guest) {
  const struct bench_guest_options *options = guest->options;
  const struct transom_region_request request = {.head_count = 1,
                                                 .slot_count = 3,
                                                 .frame_bytes_max = {(uint64_t)guest->pitch_bytes * options->height},
                                                 .features_offered = TRANSOM_FEATURES_KNOWN,
                                                 .agent_name = "bench",
                                                 .guest_name = "bench"};
  struct transom_region_plan plan;
  if (region_plan(guest->peer.bytes, &request, &plan) != 0 ||
      region_format(guest->peer.base, &request, &plan, clock_raw_ns() | 1, &guest->region) != 0)
    bench_fail("the region is too small for these frames");
  consumers_init(&guest->consumers, &guest->region);
  frame_writer_init(&guest->writer, &guest->region, &guest->consumers, 0);
}

static void signal_consumers(struct bench_guest *guest, uint32_t wake) {
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  const uint32_t count = consumers_signal(&guest->consumers, wake, 0, bells);
  for (uint32_t i = 0; i < count; i++)
    ivshmem_peer_ring(&guest->peer.ivshmem, bells[i].peer_id, bells[i].vector);
}

static void describe(const struct bench_guest *guest, struct transom_frame_info *info) {
  *info = (struct transom_frame_info){.format = TRANSOM_FORMAT_BGRA8,
                                      .width = guest->options->width,
                                      .height = guest->options->height,
                                      .pitch_bytes = guest->pitch_bytes,
                                      .band_rows = guest->options->band_rows,
                                      .acquired_ns = clock_raw_ns(),
                                      .copy_started_ns = clock_raw_ns()};
  if (guest->options->full_damage)
    damage_set_full(&info->damage);
  else
    damage_add(&info->damage, (struct transom_rect){0, 0, PATCH_EDGE, PATCH_EDGE});
}

static void copy_band(const struct bench_guest *guest, uint8_t *pixels, bool full, uint32_t first, uint32_t end) {
  const size_t offset = (size_t)first * guest->pitch_bytes;
  if (full)
    memory_copy_stream(pixels + offset, guest->picture + offset, (size_t)(end - first) * guest->pitch_bytes);
  else if (first == 0)
    memory_copy_rows_stream(pixels, guest->pitch_bytes, guest->picture, guest->pitch_bytes, PATCH_EDGE * 4, PATCH_EDGE);
}

static void publish(struct bench_guest *guest) {
  struct transom_frame_info info;
  struct transom_damage copy;
  volatile uint8_t *pixels = NULL;
  describe(guest, &info);
  if (frame_writer_begin(&guest->writer, &info, clock_raw_ns(), &pixels, &copy) != 0)
    return; /* skipped, and counted by the writer */
  signal_consumers(guest, TRANSOM_WAKE_ANNOUNCED);
  const uint32_t height = info.height, step = info.band_rows ? info.band_rows : height;
  for (uint32_t row = 0, end; row < height; row = end) {
    end = row + step < height ? row + step : height;
    copy_band(guest, (uint8_t *)pixels, copy.full, row, end);
    frame_writer_rows(&guest->writer, end);
    signal_consumers(guest, TRANSOM_WAKE_BAND);
  }
  const uint64_t now_ns = clock_raw_ns();
  frame_writer_complete(&guest->writer, now_ns, now_ns);
  signal_consumers(guest, TRANSOM_WAKE_COMPLETE);
}

static void rest(struct bench_guest *guest) {
  const struct bench_guest_options *options = guest->options;
  const uint32_t us = options->period_min_us + test_random_below(&guest->random, options->period_max_us - options->period_min_us + 1);
  const struct timespec pause = {.tv_nsec = (long)us * 1000};
  nanosleep(&pause, NULL);
}

void bench_guest_run(const struct bench_guest_options *options) {
  static struct bench_guest guest;
  guest.options = options;
  guest.pitch_bytes = (options->width * 4 + TRANSOM_PITCH_ALIGN - 1) / TRANSOM_PITCH_ALIGN * TRANSOM_PITCH_ALIGN;
  guest.picture = malloc((size_t)guest.pitch_bytes * options->height);
  if (!guest.picture)
    bench_fail("out of memory");
  memset(guest.picture, 0x5a, (size_t)guest.pitch_bytes * options->height);
  bench_peer_init(&guest.peer, options->socket_path);
  format(&guest);
  for (;;) {
    rest(&guest);
    ivshmem_peer_dispatch(&guest.peer.ivshmem); /* a consumer's eventfds */
    publish(&guest);
  }
}
