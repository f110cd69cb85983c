/* From the guest's publish to the host's eyes, on one clock: a guest process and this one as peers of a transom-serve.
 *
 *   bench_transport SOCKET doorbell COUNT               sleeping consumer, small damage: complete stored -> seen
 *   bench_transport SOCKET consume WIDTH HEIGHT COUNT   full frames: complete stored -> last byte read; and a plain memcpy of the same
 * bytes
 *
 * One line of JSON on stdout. Sleeps in poll() on its eventfd, as a viewer does. */
#include "bench/bench_guest.h"
#include "bench/bench_peer.h"
#include "common/clock.h"
#include "common/histogram.h"
#include "common/memory_copy.h"
#include "protocol/frame_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOST_MS 10000
#define WARM_UP_FRAMES 30u

struct bench_consumer {
  struct bench_peer peer;
  struct transom_region region;
  struct transom_consumer consumer;
  struct transom_frame_reader reader;
  uint64_t seen;
  uint8_t *copy;
};

static pid_t start_guest(const struct bench_guest_options *options) {
  const pid_t child = fork();
  if (child != 0)
    return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  bench_guest_run(options);
}

static void consumer_init(struct bench_consumer *consumer, const char *socket_path, uint32_t wake_mask) {
  enum transom_compatibility compatibility;
  int tries = 0;
  bench_peer_init(&consumer->peer, socket_path);
  while (validate_attach(consumer->peer.base, consumer->peer.bytes, TRANSOM_FEATURES_KNOWN, &consumer->region, &compatibility) != 0) {
    const struct timespec pause = {.tv_nsec = 1000000};
    nanosleep(&pause, NULL);
    if (++tries > LOST_MS)
      bench_fail("the guest does not format the region");
  }
  const uint32_t id = consumer->peer.ivshmem.id;
  if (consumer_join(&consumer->consumer, &consumer->region, id, 0, id, wake_mask, TRANSOM_FEATURES_KNOWN) != 0)
    bench_fail("the region was formatted anew");
  frame_reader_init(&consumer->reader, &consumer->consumer);
}

static void wait_bell(const struct bench_consumer *consumer) {
  uint64_t count;
  struct pollfd bell = {.fd = consumer->peer.ivshmem.vectors[TRANSOM_VECTOR_FRAME], .events = POLLIN};
  if (poll(&bell, 1, LOST_MS) != 1 || read(bell.fd, &count, sizeof count) != sizeof count)
    bench_fail("no doorbell for 10 s");
}

/* True when it really slept. */
static bool sleep_until_newer(struct bench_consumer *consumer, enum transom_acquire what) {
  bool slept = false;
  while (!frame_reader_has_newer(&consumer->reader, what, consumer->seen)) {
    if (consumer_arm_frame(&consumer->consumer) != 0)
      bench_fail("the region was formatted anew");
    if (!frame_reader_has_newer(&consumer->reader, what, consumer->seen)) {
      wait_bell(consumer);
      slept = true;
    }
    consumer_disarm_frame(&consumer->consumer);
  }
  return slept;
}

static bool acquire(struct bench_consumer *consumer, enum transom_acquire what, struct transom_frame *frame) {
  if (frame_reader_acquire(&consumer->reader, what, true, consumer->seen, frame) != 0)
    return false;
  consumer->seen = frame->sequence;
  return true;
}

static void print_quantiles(const char *name, const struct histogram *histogram) {
  printf(",\"%s\":{\"count\":%" PRIu64 ",\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", name, histogram->count,
         (double)histogram_quantile(histogram, 500) / 1000, (double)histogram_quantile(histogram, 990) / 1000,
         (double)histogram_quantile(histogram, 999) / 1000, (double)histogram->maximum / 1000);
}

/* ---- doorbell ---- */
static void measure_doorbell(struct bench_consumer *consumer, uint64_t count) {
  static struct histogram seen;
  uint64_t awake = 0;
  for (uint64_t i = 0; seen.count < count; i++) {
    struct transom_frame frame;
    const bool slept = sleep_until_newer(consumer, TRANSOM_ACQUIRE_COMPLETE);
    if (!acquire(consumer, TRANSOM_ACQUIRE_COMPLETE, &frame))
      continue;
    const uint64_t now_ns = clock_raw_ns();
    if (slept && i >= WARM_UP_FRAMES)
      histogram_add(&seen, now_ns - frame.complete_ns);
    awake += !slept;
    frame_reader_release(&consumer->reader, &frame);
  }
  struct rusage usage; /* evidence that the consumer slept: each sleep is a voluntary switch */
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"awake\":%" PRIu64 ",\"voluntary_switches\":%ld", awake, usage.ru_nvcsw);
  print_quantiles("publish_to_seen_us", &seen);
  printf("}\n");
}

/* ---- consume ---- */
enum consume_mode { CONSUME_WHOLE, CONSUME_BANDS, CONSUME_MEMCPY, CONSUME_MODES };

static void load_rows(const struct bench_consumer *consumer, const struct transom_frame *frame, uint32_t first, uint32_t end) {
  const size_t pitch = frame->descriptor.pitch_bytes, offset = first * pitch;
  memory_copy_load(consumer->copy + offset, (const uint8_t *)frame->pixels + offset, (end - first) * pitch);
}

/* Follows the frame while it is written. False: it was abandoned. */
static bool load_bands(struct bench_consumer *consumer, struct transom_frame *frame) {
  for (uint32_t done = 0, rows = 0;; done = rows) {
    enum transom_frame_state state = frame_reader_progress(&consumer->reader, frame, &rows);
    if (rows == done && state == TRANSOM_FRAME_WRITING) {
      consumer_arm_frame(&consumer->consumer);
      state = frame_reader_progress(&consumer->reader, frame, &rows);
      if (rows == done && state == TRANSOM_FRAME_WRITING)
        wait_bell(consumer);
      consumer_disarm_frame(&consumer->consumer);
    }
    if (rows > done)
      load_rows(consumer, frame, done, rows);
    else
      rows = done;
    if (state != TRANSOM_FRAME_WRITING)
      return state == TRANSOM_FRAME_COMPLETE;
  }
}

/* Nanoseconds that this frame took in this mode; 0 = do not count it. */
static uint64_t consume_one(struct bench_consumer *consumer, enum consume_mode mode) {
  const enum transom_acquire what = mode == CONSUME_BANDS ? TRANSOM_ACQUIRE_ANNOUNCED : TRANSOM_ACQUIRE_COMPLETE;
  struct transom_frame frame;
  sleep_until_newer(consumer, what);
  if (!acquire(consumer, what, &frame))
    return 0;
  const uint64_t began_ns = clock_raw_ns();
  bool whole = true;
  if (mode == CONSUME_MEMCPY)
    memcpy(consumer->copy, (const void *)frame.pixels, (size_t)frame.descriptor.pitch_bytes * frame.descriptor.height);
  else if (mode == CONSUME_BANDS)
    whole = load_bands(consumer, &frame);
  else
    load_rows(consumer, &frame, 0, frame.descriptor.height);
  const uint64_t ended_ns = clock_raw_ns(), from_ns = mode == CONSUME_MEMCPY ? began_ns : frame.complete_ns;
  whole = frame_reader_intact(&consumer->reader, &frame) && whole;
  frame_reader_release(&consumer->reader, &frame);
  return whole ? (ended_ns > from_ns ? ended_ns - from_ns : 1) : 0;
}

/* The three take turns frame by frame, so that caches and neighbours treat them alike. */
static void measure_consume(struct bench_consumer *consumer, uint64_t bytes, uint64_t count) {
  static const char *const names[CONSUME_MODES] = {"publish_to_consumed_us", "publish_to_consumed_bands_us", "memcpy_us"};
  static struct histogram histograms[CONSUME_MODES];
  consumer->copy = malloc(bytes);
  if (!consumer->copy)
    bench_fail("out of memory");
  memset(consumer->copy, 0, bytes); /* no page fault is measured */
  for (uint64_t i = 0; histograms[CONSUME_MEMCPY].count < count; i++) {
    const enum consume_mode mode = (enum consume_mode)(i % CONSUME_MODES);
    const uint64_t took_ns = consume_one(consumer, mode);
    if (took_ns > 0 && i >= WARM_UP_FRAMES)
      histogram_add(&histograms[mode], took_ns);
  }
  printf("{\"frame_bytes\":%" PRIu64 ",\"copy\":\"%s\"", bytes, memory_copy_name());
  for (int i = 0; i < CONSUME_MODES; i++)
    print_quantiles(names[i], &histograms[i]);
  printf("}\n");
  free(consumer->copy);
}

int main(int argc, char **argv) {
  const bool doorbell = argc == 4 && strcmp(argv[2], "doorbell") == 0, consume = argc == 6 && strcmp(argv[2], "consume") == 0;
  static struct bench_consumer consumer;
  if (!doorbell && !consume) {
    fprintf(stderr, "usage: bench_transport SOCKET doorbell COUNT | SOCKET consume WIDTH HEIGHT COUNT\n");
    return 2;
  }
  memory_copy_init();
  const struct bench_guest_options options = {.socket_path = argv[1],
                                              .width = doorbell ? 1280 : (uint32_t)strtoul(argv[3], NULL, 10),
                                              .height = doorbell ? 800 : (uint32_t)strtoul(argv[4], NULL, 10),
                                              .band_rows = doorbell ? 0 : 128,
                                              .full_damage = consume,
                                              .period_min_us = doorbell ? 1000 : 16000,
                                              .period_max_us = doorbell ? 4000 : 17000};
  const pid_t guest = start_guest(&options);
  consumer_init(&consumer, argv[1], doorbell ? TRANSOM_WAKE_COMPLETE : TRANSOM_WAKE_ANNOUNCED | TRANSOM_WAKE_BAND | TRANSOM_WAKE_COMPLETE);
  if (doorbell)
    measure_doorbell(&consumer, strtoull(argv[3], NULL, 10));
  else
    measure_consume(&consumer, (uint64_t)options.width * 4 * options.height, strtoull(argv[5], NULL, 10));
  kill(guest, SIGKILL);
  waitpid(guest, NULL, 0);
  bench_peer_finish(&consumer.peer);
  return 0;
}
