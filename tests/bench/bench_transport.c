/* From the guest's publish to the host's eyes, on one clock: a guest process and this one as peers of a transom-serve.
 *
 *   bench_transport SOCKET doorbell COUNT [HZ]          sleeps in poll() on its eventfd, as a viewer does: complete stored -> seen
 *   bench_transport SOCKET polling COUNT HZ JITTER_US   no doorbell: sleeps as the viewer's pacer says
 *   bench_transport SOCKET spin COUNT HZ                looks all the time
 *   bench_transport SOCKET consume WIDTH HEIGHT COUNT   full frames: complete stored -> last byte read; a plain memcpy of the same bytes
 *
 * One line of JSON on stdout. Without HZ the guest publishes after random pauses of 1 to 4 ms. */
#include "bench/bench_guest.h"
#include "bench/bench_peer.h"
#include "common/clock.h"
#include "common/cpu_pause.h"
#include "common/histogram.h"
#include "common/memory_copy.h"
#include "host/app/poll_pacer.h"
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
#define NS_PER_MS UINT64_C(1000000)

struct bench_consumer {
  struct bench_peer peer;
  struct transom_region region;
  struct transom_consumer consumer;
  struct transom_frame_reader reader;
  uint64_t seen, looks;
  uint8_t *copy;
};

static pid_t start_guest(const struct bench_guest_options *options) {
  const pid_t child = fork();
  if (child != 0)
    return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  bench_guest_run(options, NULL);
  _exit(0);
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
  const uint32_t id = consumer->peer.ivshmem.id, rung = wake_mask ? id : TRANSOM_PEER_NONE;
  if (consumer_join(&consumer->consumer, &consumer->region, id, 0, rung, wake_mask, TRANSOM_FEATURES_KNOWN) != 0)
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

/* ---- seen ---- */
typedef bool (*wait_for_frame)(struct bench_consumer *consumer);

static bool wait_by_doorbell(struct bench_consumer *consumer) { return sleep_until_newer(consumer, TRANSOM_ACQUIRE_COMPLETE); }

/* The same steps as the viewer's frame thread without a doorbell (host/app/frame_thread.c). */
static bool wait_by_polling(struct bench_consumer *consumer) {
  static struct poll_pacer pacer;
  const uint64_t lost_ns = clock_monotonic_ns() + LOST_MS * NS_PER_MS;
  bool slept = false;
  for (; !frame_reader_has_newer(&consumer->reader, TRANSOM_ACQUIRE_COMPLETE, consumer->seen); slept = true) {
    const uint64_t now_ns = clock_monotonic_ns();
    if (now_ns > lost_ns)
      bench_fail("no frame for 10 s");
    const struct timespec pause = {.tv_nsec = (long)poll_pacer_sleep_ns(&pacer, now_ns)};
    ppoll(NULL, 0, &pause, NULL);
    consumer->looks++;
  }
  poll_pacer_news(&pacer, clock_monotonic_ns());
  return slept;
}

static bool wait_by_spinning(struct bench_consumer *consumer) {
  const uint64_t lost_ns = clock_monotonic_ns() + LOST_MS * NS_PER_MS;
  bool waited = false;
  for (; !frame_reader_has_newer(&consumer->reader, TRANSOM_ACQUIRE_COMPLETE, consumer->seen); waited = true) {
    if (clock_monotonic_ns() > lost_ns)
      bench_fail("no frame for 10 s");
    cpu_pause();
  }
  return waited;
}

static uint64_t own_cpu_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (uint64_t)time.tv_sec * 1000 * NS_PER_MS + (uint64_t)time.tv_nsec;
}

/* Only frames that were waited for count: one that was there already says nothing of the way. */
static void measure_seen(struct bench_consumer *consumer, wait_for_frame wait, uint64_t count) {
  static struct histogram seen;
  uint64_t awake = 0, cpu_ns = 0, began_ns = 0;
  for (uint64_t i = 0; seen.count < count; i++) {
    struct transom_frame frame;
    if (i == WARM_UP_FRAMES) {
      cpu_ns = own_cpu_ns();
      began_ns = clock_monotonic_ns();
      consumer->looks = 0;
    }
    const bool waited = wait(consumer);
    if (!acquire(consumer, TRANSOM_ACQUIRE_COMPLETE, &frame))
      continue;
    const uint64_t now_ns = clock_raw_ns();
    if (waited && i >= WARM_UP_FRAMES)
      histogram_add(&seen, now_ns - frame.complete_ns);
    awake += !waited;
    frame_reader_release(&consumer->reader, &frame);
  }
  struct rusage usage; /* evidence that the consumer slept: each sleep is a voluntary switch */
  getrusage(RUSAGE_SELF, &usage);
  const double elapsed_ns = (double)(clock_monotonic_ns() - began_ns);
  printf("{\"awake\":%" PRIu64 ",\"voluntary_switches\":%ld,\"cpu_percent\":%.2f,\"looks_per_second\":%.1f", awake, usage.ru_nvcsw,
         100 * (double)(own_cpu_ns() - cpu_ns) / elapsed_ns, (double)consumer->looks * 1e9 / elapsed_ns);
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

/* ---- what to do ---- */
static const struct way {
  const char *name;
  int words;
  wait_for_frame wait; /* NULL: consume */
  uint32_t wake_mask;
} ways[] = {
    {"doorbell", 4, wait_by_doorbell, TRANSOM_WAKE_COMPLETE},
    {"doorbell", 5, wait_by_doorbell, TRANSOM_WAKE_COMPLETE},
    {"polling", 6, wait_by_polling, 0},
    {"spin", 5, wait_by_spinning, 0},
    {"consume", 6, NULL, TRANSOM_WAKE_ANNOUNCED | TRANSOM_WAKE_BAND | TRANSOM_WAKE_COMPLETE},
};

static const struct way *find_way(int argc, char **argv) {
  for (size_t i = 0; argc > 2 && i < sizeof ways / sizeof *ways; i++)
    if (argc == ways[i].words && strcmp(argv[2], ways[i].name) == 0)
      return &ways[i];
  return NULL;
}

static uint32_t number(const char *word) { return (uint32_t)strtoul(word, NULL, 10); }

static struct bench_guest_options guest_options(const struct way *way, int argc, char **argv) {
  if (!way->wait)
    return (struct bench_guest_options){.socket_path = argv[1],
                                        .width = number(argv[3]),
                                        .height = number(argv[4]),
                                        .band_rows = 128,
                                        .damage_percent = 100,
                                        .period_min_us = 16000,
                                        .period_max_us = 17000};
  return (struct bench_guest_options){.socket_path = argv[1],
                                      .width = 1280,
                                      .height = 800,
                                      .rate_hz = argc > 4 ? number(argv[4]) : 0,
                                      .jitter_us = argc > 5 ? number(argv[5]) : 0,
                                      .period_min_us = 1000,
                                      .period_max_us = 4000};
}

int main(int argc, char **argv) {
  static struct bench_consumer consumer;
  const struct way *way = find_way(argc, argv);
  if (!way) {
    fprintf(
        stderr,
        "usage: bench_transport SOCKET doorbell COUNT [HZ] | polling COUNT HZ JITTER_US | spin COUNT HZ | consume WIDTH HEIGHT COUNT\n");
    return 2;
  }
  memory_copy_init();
  prctl(PR_SET_TIMERSLACK, 1000UL); /* as the viewer's frame thread */
  const struct bench_guest_options options = guest_options(way, argc, argv);
  const pid_t guest = start_guest(&options);
  consumer_init(&consumer, argv[1], way->wake_mask);
  if (way->wait)
    measure_seen(&consumer, way->wait, strtoull(argv[3], NULL, 10));
  else
    measure_consume(&consumer, (uint64_t)options.width * 4 * options.height, strtoull(argv[5], NULL, 10));
  kill(guest, SIGKILL);
  waitpid(guest, NULL, 0);
  bench_peer_finish(&consumer.peer);
  return 0;
}
