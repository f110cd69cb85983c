#include "bench/bench_guest.h"

#include "bench/bench_peer.h"
#include "common/clock.h"
#include "common/memory_copy.h"
#include "protocol/frame_writer.h"
#include "protocol/region_format.h"
#include "support/test_random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define PATCH_EDGE 64u
#define PIXEL_BYTES 4u
#define NS_PER_S UINT64_C(1000000000)

struct bench_guest {
  const struct bench_guest_options *options;
  struct bench_peer peer;
  struct transom_region region;
  struct transom_consumers consumers;
  struct transom_frame_writer writer;
  uint32_t pitch_bytes;
  uint8_t *picture;
  struct test_random random;
  uint64_t tick_ns; /* CLOCK_MONOTONIC: the next */
  uint64_t published, late;
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

/* Another part of the picture in each frame: a band of whole rows, as when a page scrolls. */
static struct transom_rect damaged_part(const struct bench_guest *guest) {
  const struct bench_guest_options *options = guest->options;
  if (options->damage_percent == 0)
    return (struct transom_rect){0, 0, PATCH_EDGE, PATCH_EDGE};
  uint32_t rows = options->height * options->damage_percent / 100;
  rows = rows ? rows : 1;
  const uint32_t places = options->height / rows;
  return (struct transom_rect){0, (uint16_t)(guest->published % places * rows), (uint16_t)options->width, (uint16_t)rows};
}

static void describe(const struct bench_guest *guest, struct transom_frame_info *info) {
  *info = (struct transom_frame_info){.format = TRANSOM_FORMAT_BGRA8,
                                      .width = guest->options->width,
                                      .height = guest->options->height,
                                      .pitch_bytes = guest->pitch_bytes,
                                      .band_rows = guest->options->band_rows,
                                      .acquired_ns = clock_raw_ns(),
                                      .copy_started_ns = clock_raw_ns()};
  if (guest->options->damage_percent == 100)
    damage_set_full(&info->damage);
  else
    damage_add(&info->damage, damaged_part(guest));
}

static void copy_part(const struct bench_guest *guest, uint8_t *pixels, struct transom_rect part, uint32_t first, uint32_t end) {
  const uint32_t top = part.y > first ? part.y : first,
                 bottom = (uint32_t)part.y + part.height < end ? (uint32_t)part.y + part.height : end;
  if (top >= bottom)
    return;
  const size_t offset = (size_t)top * guest->pitch_bytes + part.x * PIXEL_BYTES;
  memory_copy_rows_stream(pixels + offset, guest->pitch_bytes, guest->picture + offset, guest->pitch_bytes,
                          (size_t)part.width * PIXEL_BYTES, bottom - top);
}

static void copy_band(const struct bench_guest *guest, uint8_t *pixels, const struct transom_damage *copy, uint32_t first, uint32_t end) {
  const size_t offset = (size_t)first * guest->pitch_bytes;
  if (copy->full)
    memory_copy_stream(pixels + offset, guest->picture + offset, (size_t)(end - first) * guest->pitch_bytes);
  for (uint32_t i = 0; !copy->full && i < copy->count; i++)
    copy_part(guest, pixels, copy->rects[i], first, end);
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
    copy_band(guest, (uint8_t *)pixels, &copy, row, end);
    frame_writer_rows(&guest->writer, end);
    signal_consumers(guest, TRANSOM_WAKE_BAND);
  }
  const uint64_t now_ns = clock_raw_ns();
  frame_writer_complete(&guest->writer, now_ns, now_ns);
  guest->published++;
  signal_consumers(guest, TRANSOM_WAKE_COMPLETE);
}

static void sleep_until(uint64_t time_ns) {
  const struct timespec time = {(time_t)(time_ns / NS_PER_S), (long)(time_ns % NS_PER_S)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static void wait_for_tick(struct bench_guest *guest) {
  const uint64_t period_ns = NS_PER_S / guest->options->rate_hz, now_ns = clock_monotonic_ns();
  if (guest->tick_ns == 0)
    guest->tick_ns = now_ns;
  guest->tick_ns += period_ns;
  if (now_ns > guest->tick_ns) {
    const uint64_t lost = (now_ns - guest->tick_ns + period_ns - 1) / period_ns;
    guest->late += lost;
    guest->tick_ns += lost * period_ns;
  }
  const uint32_t jitter_us = guest->options->jitter_us;
  sleep_until(guest->tick_ns + (jitter_us ? UINT64_C(1000) * test_random_below(&guest->random, jitter_us) : 0));
}

static void rest(struct bench_guest *guest) {
  const struct bench_guest_options *options = guest->options;
  if (options->rate_hz) {
    wait_for_tick(guest);
    return;
  }
  const uint32_t us = options->period_min_us + test_random_below(&guest->random, options->period_max_us - options->period_min_us + 1);
  sleep_until(clock_monotonic_ns() + UINT64_C(1000) * us);
}

static void report(const struct bench_guest *guest, uint64_t began_ns) {
  printf("{\"published\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"late\":%" PRIu64 ",\"elapsed_s\":%.3f}\n", guest->published,
         guest->writer.skipped, guest->late, (double)(clock_monotonic_ns() - began_ns) / 1e9);
}

void bench_guest_run(const struct bench_guest_options *options, const volatile bool *stop) {
  static struct bench_guest guest;
  guest.options = options;
  guest.pitch_bytes = (options->width * PIXEL_BYTES + TRANSOM_PITCH_ALIGN - 1) / TRANSOM_PITCH_ALIGN * TRANSOM_PITCH_ALIGN;
  guest.picture = malloc((size_t)guest.pitch_bytes * options->height);
  if (!guest.picture)
    bench_fail("out of memory");
  memset(guest.picture, 0x5a, (size_t)guest.pitch_bytes * options->height);
  prctl(PR_SET_TIMERSLACK, 1000UL); /* a display's ticks are no timer's: our own jitter is not to be measured */
  bench_peer_init(&guest.peer, options->socket_path);
  format(&guest);
  const uint64_t began_ns = clock_monotonic_ns();
  while (!stop || !*stop) {
    rest(&guest);
    ivshmem_peer_dispatch(&guest.peer.ivshmem); /* a consumer's eventfds */
    publish(&guest);
  }
  report(&guest, began_ns);
  bench_peer_finish(&guest.peer);
  free(guest.picture);
}
