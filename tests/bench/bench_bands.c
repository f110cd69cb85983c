/* From the end of the guest's copy until the picture is complete in the device: frames uploaded whole, and by bands. The guest is a thread
 * that writes 4K frames at a limited rate. JSON on stdout; run by tests/bench/present. Exit status 77: no Vulkan here. */
#include "common/clock.h"
#include "common/log.h"
#include "common/memory_copy.h"
#include "common/thread.h"
#include "host/present/frame_import.h"
#include "host/present/vulkan/presenter_vulkan.h"
#include "protocol/frame_writer.h"
#include "protocol/region_format.h"

#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define REGION_BYTES (UINT64_C(128) << 20)
#define WIDTH 3840u
#define HEIGHT 2160u
#define PITCH (WIDTH * 4u)
#define BAND_ROWS 64u
#define GUEST_BYTES_PER_NS 5.0 /* 5 GB/s */
#define FRAMES 31u             /* of each kind */

struct bench {
  uint8_t *base;
  int fd;
  struct transom_region guest, host;
  struct transom_consumers consumers;
  struct transom_frame_writer writer;
  struct transom_consumer consumer;
  struct transom_frame_reader reader;
  struct presenter *presenter;
  struct frame_import import;
  uint8_t *screen;
  sem_t go, done;
};

static void fail(const char *what) {
  fprintf(stderr, "bench_bands: %s failed\n", what);
  exit(1);
}

/* ---- the guest ---- */

static void wait_until(uint64_t time_ns) {
  while (clock_raw_ns() < time_ns)
    nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

static void write_frame(struct bench *bench) {
  struct transom_frame_info info = {
      .format = TRANSOM_FORMAT_BGRA8, .width = WIDTH, .height = HEIGHT, .pitch_bytes = PITCH, .band_rows = BAND_ROWS};
  volatile uint8_t *pixels;
  struct transom_damage copy;
  damage_set_full(&info.damage);
  uint64_t began_ns = clock_raw_ns();
  info.acquired_ns = info.copy_started_ns = began_ns;
  if (frame_writer_begin(&bench->writer, &info, began_ns, &pixels, &copy) != 0)
    fail("claiming a slot");
  for (uint32_t top = 0; top < HEIGHT; top += BAND_ROWS) {
    uint32_t end = top + BAND_ROWS < HEIGHT ? top + BAND_ROWS : HEIGHT;
    memory_copy_stream((uint8_t *)(uintptr_t)pixels + (size_t)top * PITCH, bench->screen + (size_t)top * PITCH,
                       (size_t)(end - top) * PITCH);
    wait_until(began_ns + (uint64_t)((double)end * PITCH / GUEST_BYTES_PER_NS));
    if (end < HEIGHT)
      frame_writer_rows(&bench->writer, end);
  }
  uint64_t ended_ns = clock_raw_ns();
  frame_writer_complete(&bench->writer, ended_ns, ended_ns);
}

static void run_guest(void *user_data) {
  struct bench *bench = user_data;
  for (uint32_t i = 0; i < 2 * FRAMES; i++) {
    sem_wait(&bench->go);
    write_frame(bench);
    sem_post(&bench->done);
  }
}

/* ---- the host ---- */

static void set_up_region(struct bench *bench) {
  struct transom_region_request request = {.head_count = 1,
                                           .slot_count = 3,
                                           .frame_bytes_max = {(uint64_t)PITCH * HEIGHT},
                                           .features_offered = TRANSOM_FEATURE_BANDS | TRANSOM_FEATURE_DAMAGE | TRANSOM_FEATURE_HISTORY,
                                           .agent_name = "bench",
                                           .guest_name = "bench"};
  static struct transom_region_plan plan;
  enum transom_compatibility compatibility;
  bench->fd = memfd_create("bench region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (bench->fd < 0 || ftruncate(bench->fd, (off_t)REGION_BYTES) != 0 || fcntl(bench->fd, F_ADD_SEALS, F_SEAL_SHRINK) != 0)
    fail("memfd_create");
  bench->base = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, bench->fd, 0);
  if (bench->base == MAP_FAILED || region_plan(REGION_BYTES, &request, &plan) != 0 ||
      region_format(bench->base, &request, &plan, 77, &bench->guest) != 0)
    fail("formatting the region");
  consumers_init(&bench->consumers, &bench->guest);
  frame_writer_init(&bench->writer, &bench->guest, &bench->consumers, 0);
  if (validate_attach(bench->base, REGION_BYTES, TRANSOM_FEATURES_KNOWN, &bench->host, &compatibility) != 0 ||
      consumer_join(&bench->consumer, &bench->host, 0, 0, TRANSOM_PEER_NONE, 0, TRANSOM_FEATURES_KNOWN) != 0)
    fail("joining the region");
  frame_reader_init(&bench->reader, &bench->consumer);
}

static void attach(struct bench *bench) {
  const struct transom_queue_view *queue = &bench->host.queues[0];
  struct presenter_region region = {.base = bench->base,
                                    .bytes = REGION_BYTES,
                                    .fd = bench->fd,
                                    .slots_offset = (uint64_t)(queue->slots - bench->host.base),
                                    .slot_bytes = queue->slot_bytes,
                                    .slot_count = queue->slot_count};
  if (consumer_trial(&bench->consumer, 5, &region.trial_offset, region.trial) != 0)
    fail("the trial pattern");
  bench->presenter->impl->region(bench->presenter, &region);
  frame_import_init(&bench->import, bench->presenter);
}

static int compare(const void *one, const void *other) {
  double a = *(const double *)one, b = *(const double *)other;
  return (a > b) - (a < b);
}

static double one_frame_ms(struct bench *bench) {
  struct transom_frame frame;
  enum frame_import_result result;
  sem_post(&bench->go);
  while ((result = frame_import_step(&bench->import, &bench->reader, true, &frame)) != FRAME_IMPORT_SHOWN) {
    if (result != FRAME_IMPORT_NOTHING && result != FRAME_IMPORT_PENDING)
      fail("an upload");
    nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
  }
  double time_ms = (double)(clock_raw_ns() - frame.complete_ns) / 1e6;
  sem_wait(&bench->done);
  return time_ms;
}

/* Frame by frame in turns, so that whatever else the machine does befalls both alike. The first frames are by staging, until the import is
 * ready: the medians do not see them. */
static void measure(struct bench *bench, double *whole_ms, double *bands_ms) {
  const struct presenter_impl *with_bands = bench->presenter->impl;
  struct presenter_impl without = *with_bands;
  double whole[FRAMES], bands[FRAMES];
  without.follows_bands = false;
  for (uint32_t i = 0; i < FRAMES; i++) {
    bench->presenter->impl = &without;
    whole[i] = one_frame_ms(bench);
    bench->presenter->impl = with_bands;
    bands[i] = one_frame_ms(bench);
  }
  qsort(whole, FRAMES, sizeof *whole, compare);
  qsort(bands, FRAMES, sizeof *bands, compare);
  *whole_ms = whole[FRAMES / 2];
  *bands_ms = bands[FRAMES / 2];
}

int main(void) {
  static struct bench bench;
  struct presenter_vulkan_options options = {.route_best = VULKAN_ROUTE_IMPORT, .route_last = VULKAN_ROUTE_STAGING, .takes_software = true};
  char error[256];
  memory_copy_init();
  set_up_region(&bench);
  bench.screen = calloc(HEIGHT, PITCH);
  bench.presenter = presenter_vulkan_create(NULL, &options, error, sizeof error);
  if (!bench.presenter) {
    fprintf(stderr, "bench_bands: %s\n", error);
    return 77;
  }
  attach(&bench);
  sem_init(&bench.go, 0, 0);
  sem_init(&bench.done, 0, 0);
  struct thread *guest = thread_create("guest", run_guest, &bench);
  if (!guest || !bench.screen)
    fail("starting the guest");
  double whole_ms, bands_ms;
  measure(&bench, &whole_ms, &bands_ms);
  printf("{\"schema\":1,\"rung\":\"%s\",\"whole_ms\":%.3f,\"bands_ms\":%.3f,\"banded\":%llu}\n",
         bench.presenter->impl->rung(bench.presenter), whole_ms, bands_ms, (unsigned long long)bench.import.banded);
  thread_join(guest);
  bench.presenter->impl->region(bench.presenter, NULL);
  bench.presenter->impl->destroy(bench.presenter);
  free(bench.screen);
  return 0;
}
