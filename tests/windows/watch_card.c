/* Watches the test card that an agent publishes in a file, and checks all that can be checked from outside.
 *
 *   watch_card FILE     until SIGTERM; a line of JSON on stdout each 50 ms
 *
 * Of each frame only the damage is copied, to a picture that is kept: so a pixel that the damage does not name stays old and the checksum
 * fails. Stamps must be in order and not from the future: where the guest's clock is this machine's (Wine, a process), that is exact. */
#include "common/clock.h"
#include "common/memory_copy.h"
#include "common/test_card_strip.h"
#include "host/stats/clock_mapping.h"
#include "protocol/clock_cell.h"
#include "protocol/frame_reader.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REPORT_NS UINT64_C(50000000)
#define STAMPS_MAX 1024u
#define CLOCK_SLACK_NS 200u /* the two ways to read the one clock round differently */

struct counts {
  uint64_t epochs, frames, dropped, partial; /* partial: looks that found some rows of a frame, and not all */
  uint64_t faults;                           /* intact, but not the picture of its frame */
  uint64_t stamps_wrong, clock_answers, clock_wrong, frames_in_epoch;
  uint64_t converted, converted_wrong, bound_ns_max; /* stamps in the host's time: the truth is the stamp itself */
};

/* A frame's last stamp, until there were exchanges on both sides of it. */
struct stamp {
  uint64_t guest_ns, seen_ns;
};

struct watch {
  volatile void *base;
  uint64_t bytes, reported_ns, asked, asked_ns;
  struct transom_region region;
  struct transom_consumer consumer;
  struct transom_frame_reader reader;
  struct transom_descriptor is; /* of what `picture` shows */
  uint64_t shown;               /* sequence; 0 = nothing that could be added to */
  uint8_t *picture;
  bool attached;
  struct counts counts;
  struct clock_mapping mapping;
  struct stamp stamps[STAMPS_MAX]; /* a ring; full = the newest are not looked at */
  uint32_t stamp_first, stamp_count;
};

static volatile sig_atomic_t stop;
static void on_signal(int number) {
  (void)number;
  stop = 1;
}

static bool open_region(struct watch *watch, const char *path) {
  struct stat status;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) != 0)
    return false;
  watch->bytes = (uint64_t)status.st_size;
  watch->base = mmap(NULL, watch->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  watch->picture = malloc(watch->bytes);
  close(fd);
  return watch->base != MAP_FAILED && watch->picture;
}

/* ---- frames ---- */

static bool same_shape(const struct transom_descriptor *a, const struct transom_descriptor *b) {
  return a->width == b->width && a->height == b->height && a->format == b->format && a->pitch_bytes == b->pitch_bytes;
}

static void copy_rect(struct watch *watch, const struct transom_frame *frame, struct transom_rect rect) {
  const struct transom_descriptor *is = &frame->descriptor;
  const size_t pixel_bytes = test_card_pixel_bytes(is->format), left = rect.x * pixel_bytes;
  for (uint32_t y = rect.y; y < (uint32_t)rect.y + rect.height; y++)
    memory_copy_load(watch->picture + (size_t)y * is->pitch_bytes + left,
                     (const uint8_t *)(uintptr_t)frame->pixels + (size_t)y * is->pitch_bytes + left, rect.width * pixel_bytes);
}

static void copy_damage(struct watch *watch, const struct transom_frame *frame) {
  struct transom_damage damage;
  frame_reader_damage(&watch->reader, frame, watch->shown, &damage);
  if (!same_shape(&frame->descriptor, &watch->is) || watch->shown == 0)
    damage_set_full(&damage);
  if (damage.full)
    copy_rect(watch, frame, (struct transom_rect){0, 0, (uint16_t)frame->descriptor.width, (uint16_t)frame->descriptor.height});
  for (uint32_t i = 0; i < damage.count && !damage.full; i++)
    copy_rect(watch, frame, damage.rects[i]);
}

static void check_stamps(struct watch *watch, const struct transom_frame *frame) {
  const struct transom_descriptor *is = &frame->descriptor;
  if (is->acquired_ns > is->copy_started_ns || is->copy_started_ns > frame->copy_done_ns || frame->copy_done_ns > frame->complete_ns ||
      frame->complete_ns > clock_raw_ns() + CLOCK_SLACK_NS)
    watch->counts.stamps_wrong++;
  if (watch->stamp_count < STAMPS_MAX)
    watch->stamps[(watch->stamp_first + watch->stamp_count++) % STAMPS_MAX] = (struct stamp){frame->complete_ns, clock_raw_ns()};
}

static void check_picture(struct watch *watch, const struct transom_frame *frame) {
  const struct transom_descriptor *is = &frame->descriptor;
  const struct test_card_picture picture = {watch->picture, is->pitch_bytes, is->width, is->height, is->format};
  struct test_card_strip strip;
  const enum test_card_verdict verdict = test_card_verify(&picture, &strip);
  if (verdict == TEST_CARD_INTACT)
    return;
  watch->counts.faults++;
  fprintf(stderr, "watch_card: epoch %016" PRIx64 ", frame %" PRIu64 " of %ux%u: verdict %d\n", watch->region.epoch, frame->sequence,
          is->width, is->height, verdict);
}

/* Every other frame is taken as soon as it is announced. A frame that is given up, or whose writer died, is let go. */
static void look_at_frame(struct watch *watch) {
  struct transom_frame frame;
  const enum transom_acquire what = watch->counts.frames % 2 ? TRANSOM_ACQUIRE_ANNOUNCED : TRANSOM_ACQUIRE_COMPLETE;
  uint32_t rows = 0;
  if (frame_reader_acquire(&watch->reader, what, true, watch->shown, &frame) != 0)
    return;
  const enum transom_frame_state state = frame_reader_progress(&watch->reader, &frame, &rows);
  if (state != TRANSOM_FRAME_COMPLETE) {
    watch->counts.partial += state == TRANSOM_FRAME_WRITING && rows > 0;
    frame_reader_release(&watch->reader, &frame);
    return;
  }
  copy_damage(watch, &frame);
  const bool intact = frame_reader_intact(&watch->reader, &frame);
  watch->shown = intact ? frame.sequence : 0;
  watch->is = frame.descriptor;
  if (intact) {
    check_picture(watch, &frame);
    check_stamps(watch, &frame);
    watch->counts.frames++;
    watch->counts.frames_in_epoch++;
  } else {
    watch->counts.dropped++;
  }
  frame_reader_release(&watch->reader, &frame);
}

/* ---- the clock ---- */

static void look_at_clock(struct watch *watch) {
  struct transom_clock_sample sample;
  const uint64_t now_ns = clock_raw_ns();
  if (watch->asked_ns && clock_cell_answer(&watch->consumer, watch->asked, watch->asked_ns, clock_raw_ns, &sample) == 0 &&
      validate_epoch(&watch->region)) {
    const struct clock_exchange exchange = {.t1_ns = sample.t1_ns, .t2_ns = sample.t2_ns, .t3_ns = sample.t3_ns, .t4_ns = sample.t4_ns};
    clock_mapping_add(&watch->mapping, &exchange);
    watch->counts.clock_answers++;
    watch->counts.clock_wrong +=
        sample.t1_ns > sample.t2_ns + CLOCK_SLACK_NS || sample.t2_ns > sample.t3_ns || sample.t3_ns > sample.t4_ns + CLOCK_SLACK_NS;
    watch->asked_ns = 0;
  }
  if (watch->asked_ns && now_ns - watch->asked_ns < 20 * REPORT_NS)
    return;
  watch->asked_ns = clock_raw_ns();
  if (clock_cell_ask(&watch->consumer, ++watch->asked, watch->asked_ns) != 0)
    watch->asked_ns = 0;
}

/* Both clocks are one here, so a converted stamp must lie within its stated bound of what it was. */
static void convert_stamps(struct watch *watch) {
  struct clock_time time;
  for (; watch->stamp_count > 0; watch->stamp_first = (watch->stamp_first + 1) % STAMPS_MAX, watch->stamp_count--) {
    const struct stamp *stamp = &watch->stamps[watch->stamp_first];
    const enum clock_mapping_result result = clock_mapping_convert(&watch->mapping, stamp->guest_ns, stamp->seen_ns, &time);
    if (result == CLOCK_MAPPING_LATER)
      return;
    if (result == CLOCK_MAPPING_UNKNOWN)
      continue;
    const uint64_t error_ns = time.host_ns > stamp->guest_ns ? time.host_ns - stamp->guest_ns : stamp->guest_ns - time.host_ns;
    watch->counts.converted++;
    watch->counts.converted_wrong += error_ns > time.bound_ns;
    if (time.bound_ns > watch->counts.bound_ns_max)
      watch->counts.bound_ns_max = time.bound_ns;
  }
}

/* ---- epochs ---- */

static void attach(struct watch *watch) {
  enum transom_compatibility compatibility;
  watch->attached = validate_attach(watch->base, watch->bytes, TRANSOM_FEATURES_KNOWN, &watch->region, &compatibility) == 0 &&
                    consumer_join(&watch->consumer, &watch->region, 0, 0, TRANSOM_PEER_NONE, 0, TRANSOM_FEATURES_KNOWN) == 0;
  if (!watch->attached)
    return;
  frame_reader_init(&watch->reader, &watch->consumer);
  watch->shown = 0;
  watch->asked = clock_raw_ns() | 1; /* the cell may hold an earlier epoch's */
  watch->asked_ns = 0;
  clock_mapping_init(&watch->mapping);
  watch->stamp_count = 0;
  watch->counts.epochs++;
  watch->counts.frames_in_epoch = 0;
}

static void report(struct watch *watch) {
  const struct counts *counts = &watch->counts;
  watch->reported_ns = clock_raw_ns();
  printf("{\"epoch\": \"%016" PRIx64 "\", \"epochs\": %" PRIu64 ", \"frames\": %" PRIu64 ", \"frames_in_epoch\": %" PRIu64
         ", \"dropped\": %" PRIu64 ", \"partial\": %" PRIu64 ", \"faults\": %" PRIu64 ", \"bad_records\": %" PRIu64
         ", \"stamps_wrong\": %" PRIu64 ", \"clock_answers\": %" PRIu64 ", \"clock_wrong\": %" PRIu64 ", \"converted\": %" PRIu64
         ", \"converted_wrong\": %" PRIu64 ", \"bound_ns_max\": %" PRIu64 "}\n",
         watch->attached ? watch->region.epoch : 0, counts->epochs, counts->frames, counts->frames_in_epoch, counts->dropped,
         counts->partial, counts->faults, watch->reader.bad, counts->stamps_wrong, counts->clock_answers, counts->clock_wrong,
         counts->converted, counts->converted_wrong, counts->bound_ns_max);
  fflush(stdout);
}

static void look(struct watch *watch) {
  if (watch->attached && !validate_epoch(&watch->region))
    watch->attached = false;
  if (!watch->attached)
    attach(watch);
  if (watch->attached) {
    consumer_beat(&watch->consumer);
    look_at_frame(watch);
    look_at_clock(watch);
    convert_stamps(watch);
  }
  if (clock_raw_ns() - watch->reported_ns > REPORT_NS)
    report(watch);
}

int main(int argc, char **argv) {
  static struct watch watch;
  const struct timespec millisecond = {.tv_nsec = 1000000};
  if (argc != 2 || !open_region(&watch, argv[1])) {
    fprintf(stderr, "usage: watch_card FILE\n");
    return 2;
  }
  signal(SIGTERM, on_signal);
  memory_copy_init();
  while (!stop) {
    look(&watch);
    nanosleep(&millisecond, NULL);
  }
  report(&watch);
  return 0;
}
