#define LOG_MODULE "selftest"
#include "host/app/selftest.h"

#include "common/clock.h"
#include "common/log.h"
#include "host/app/window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 2u
#define SLOT_ALIGN 65536u
#define ROUNDS 15u
#define PRESENTS 30u
#define PATIENCE_NS UINT64_C(10000000000)
#define PIXEL_BYTES 4u

const char *const selftest_modes[SELFTEST_MODES] = {"full screen", "windowed", "tearing"};

/* What stands for a guest. */
struct guest {
  struct presenter_region region;
  struct presenter_picture picture;
  uint32_t pitch_bytes;
};

static const enum presenter_kind kinds[] = {PRESENTER_VULKAN_IMPORT, PRESENTER_VULKAN_DMA_BUF, PRESENTER_VULKAN_STAGING, PRESENTER_SDL,
                                            PRESENTER_HEADLESS};

/* ---- the guest ---- */

static void draw_noise(struct guest *guest) {
  uint32_t *words = (uint32_t *)(uintptr_t)guest->region.base;
  uint64_t state = 88172645463325252u; /* xorshift64 */
  for (uint64_t i = 0; i < guest->region.bytes / 4; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    words[i] = (uint32_t)(state >> 16);
  }
  memcpy(guest->region.trial, (const void *)(uintptr_t)guest->region.base, sizeof guest->region.trial);
}

static bool create_guest(struct guest *guest, uint32_t width, uint32_t height) {
  struct presenter_region *region = &guest->region;
  *guest = (struct guest){.picture = {.width = width, .height = height, .format = TRANSOM_FORMAT_BGRA8}};
  guest->pitch_bytes = (width * PIXEL_BYTES + 255) / 256 * 256;
  region->slot_bytes = ((uint64_t)guest->pitch_bytes * height + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
  region->slot_count = SLOTS;
  region->slots_offset = SLOT_ALIGN;
  region->bytes = SLOT_ALIGN + SLOTS * region->slot_bytes;
  region->fd = memfd_create("transom selftest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (region->fd < 0 || ftruncate(region->fd, (off_t)region->bytes) != 0 || fcntl(region->fd, F_ADD_SEALS, F_SEAL_SHRINK) != 0)
    return false;
  void *base = mmap(NULL, region->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, region->fd, 0);
  if (base == MAP_FAILED)
    return false;
  region->base = base;
  draw_noise(guest);
  return true;
}

static void destroy_guest(struct guest *guest) {
  if (guest->region.base)
    munmap((void *)(uintptr_t)guest->region.base, guest->region.bytes);
  if (guest->region.fd >= 0)
    close(guest->region.fd);
}

static const volatile uint8_t *slot(const struct guest *guest, uint32_t i) {
  return guest->region.base + guest->region.slots_offset + i * guest->region.slot_bytes;
}

/* ---- measuring ---- */

static int compare(const void *one, const void *other) {
  double a = *(const double *)one, b = *(const double *)other;
  return (a > b) - (a < b);
}

static double median(double *values, uint32_t count) {
  qsort(values, count, sizeof *values, compare);
  return values[count / 2];
}

static void rest(void) { nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); }

/* One upload, until the pixels are in the device. */
static bool upload(struct presenter *presenter, const struct guest *guest, uint32_t which, const struct transom_rect *rects,
                   uint32_t count) {
  const struct presenter_impl *impl = presenter->impl;
  enum presenter_result result = PRESENTER_PENDING;
  if (impl->begin_frame(presenter, &guest->picture) != 0 ||
      impl->upload(presenter, slot(guest, which), guest->pitch_bytes, rects, count) != PRESENTER_OK)
    return false;
  uint64_t began_ns = clock_monotonic_ns();
  while (impl->finish_upload && (result = impl->finish_upload(presenter, 1000000)) == PRESENTER_PENDING &&
         clock_monotonic_ns() - began_ns < PATIENCE_NS)
    ;
  return !impl->finish_upload || result == PRESENTER_OK;
}

static struct transom_rect whole(const struct guest *guest) {
  return (struct transom_rect){0, 0, (uint16_t)guest->picture.width, (uint16_t)guest->picture.height};
}

/* `device_ms`: by the device's clock; 0 = unknown. */
static bool measure_upload(struct presenter *presenter, const struct guest *guest, const struct transom_rect *rects, uint32_t count,
                           double *out_ms, double *device_ms) {
  double times[ROUNDS], device_times[ROUNDS], ns;
  uint32_t timed = 0;
  for (uint32_t i = 0; i < ROUNDS; i++) {
    uint64_t began_ns = clock_monotonic_ns();
    if (!upload(presenter, guest, i % SLOTS, rects, count))
      return false;
    times[i] = (double)(clock_monotonic_ns() - began_ns) / 1e6;
    if (presenter->impl->copy_time && presenter->impl->copy_time(presenter, &ns))
      device_times[timed++] = ns / 1e6;
  }
  *out_ms = median(times, ROUNDS);
  *device_ms = timed ? median(device_times, timed) : 0;
  return true;
}

static double cpu_ms(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A driver that is a rasteriser copies on threads of its own: they are counted apart. */
static bool measure_cpu(struct presenter *presenter, const struct guest *guest, double *ours_ms, double *drivers_ms) {
  double times[ROUNDS], others[ROUNDS];
  struct transom_rect all = whole(guest);
  for (uint32_t i = 0; i < ROUNDS; i++) {
    double began_ms = cpu_ms(CLOCK_THREAD_CPUTIME_ID), all_began_ms = cpu_ms(CLOCK_PROCESS_CPUTIME_ID);
    if (!upload(presenter, guest, i % SLOTS, &all, 1))
      return false;
    times[i] = cpu_ms(CLOCK_THREAD_CPUTIME_ID) - began_ms;
    others[i] = cpu_ms(CLOCK_PROCESS_CPUTIME_ID) - all_began_ms - times[i];
  }
  *ours_ms = median(times, ROUNDS);
  *drivers_ms = median(others, ROUNDS);
  return true;
}

/* 1 % of the picture, in eight places. */
static bool measure_damage(struct presenter *presenter, const struct guest *guest, double *out_ms) {
  struct transom_rect rects[8];
  uint32_t width = guest->picture.width / 10, height = guest->picture.height / 80;
  for (uint32_t i = 0; i < 8; i++)
    rects[i] =
        (struct transom_rect){(uint16_t)(i * (guest->picture.width - width) / 8), (uint16_t)(i * (guest->picture.height - height) / 8),
                              (uint16_t)width, (uint16_t)(height ? height : 1)};
  double device_ms;
  return measure_upload(presenter, guest, rects, 8, out_ms, &device_ms);
}

static bool measure_copies(struct presenter *presenter, const struct guest *guest, const struct selftest_report *report,
                           struct selftest_row *row) {
  for (uint32_t i = 0; i < SELFTEST_SIZES; i++) {
    struct transom_rect rect = whole(guest);
    rect.height = (uint16_t)(report->copy_bytes[i] / ((uint64_t)guest->picture.width * PIXEL_BYTES));
    if (!measure_upload(presenter, guest, &rect, 1, &row->copy_ms[i], &row->device_ms[i]))
      return false;
  }
  return measure_cpu(presenter, guest, &row->cpu_ms, &row->driver_cpu_ms) && measure_damage(presenter, guest, &row->damage_ms);
}

/* Waits until the display has taken it. */
static bool present(struct presenter *presenter) {
  enum presenter_result result;
  uint64_t began_ns = clock_monotonic_ns();
  while ((result = presenter->impl->present(presenter)) == PRESENTER_PENDING && clock_monotonic_ns() - began_ns < PATIENCE_NS)
    ;
  return result == PRESENTER_OK;
}

static bool measure_presents(struct presenter *presenter, uint32_t rounds, double *out_ms) {
  double times[PRESENTS];
  for (uint32_t i = 0; i < rounds; i++) {
    uint64_t began_ns = clock_monotonic_ns();
    if (!present(presenter))
      return false;
    times[i] = (double)(clock_monotonic_ns() - began_ns) / 1e6;
  }
  *out_ms = median(times, rounds);
  return true;
}

/* ---- one rung ---- */

static bool fail(struct selftest_row *row, enum selftest_verdict verdict, const char *why) {
  row->verdict = verdict;
  snprintf(row->note, sizeof row->note, "%s", why);
  return false;
}

static const char *wanted_rung(enum presenter_kind kind) {
  return kind == PRESENTER_VULKAN_IMPORT ? "import" : kind == PRESENTER_VULKAN_DMA_BUF ? "dma-buf" : NULL;
}

/* Frames are uploaded by staging until the import has passed its trial. */
static bool wait_until_ready(struct presenter *presenter, const struct guest *guest, struct selftest_row *row) {
  const char *rung = wanted_rung(row->kind);
  struct transom_rect all = whole(guest);
  uint64_t began_ns = clock_monotonic_ns();
  if (presenter->impl->region)
    presenter->impl->region(presenter, &guest->region);
  do {
    if (!upload(presenter, guest, 0, &all, 1))
      return fail(row, SELFTEST_CANNOT, "refused: the line above says why");
    row->ready_ms = (double)(clock_monotonic_ns() - began_ns) / 1e6;
    if (!rung || strcmp(presenter->impl->rung(presenter), rung) == 0)
      return true;
    rest();
  } while (clock_monotonic_ns() - began_ns < PATIENCE_NS);
  return fail(row, SELFTEST_CANNOT, "the import did not end in ten seconds");
}

static uint64_t count_wrong(const struct guest *guest, const struct presenter_image *image) {
  uint64_t wrong = 0;
  for (uint32_t y = 0; y < image->height; y++) {
    const uint8_t *row = (const uint8_t *)(uintptr_t)slot(guest, 1) + (size_t)y * guest->pitch_bytes;
    for (uint32_t x = 0; x < image->width; x++)
      wrong += memcmp(row + 4 * (size_t)x, image->pixels + 4 * ((size_t)y * image->width + x), 3) != 0;
  }
  return wrong;
}

static bool check_pixels(struct presenter *presenter, const struct guest *guest, struct selftest_row *row) {
  struct transom_rect all = whole(guest);
  struct presenter_image image;
  if (!upload(presenter, guest, 1, &all, 1))
    return fail(row, SELFTEST_CANNOT, "a copy failed: the line above says why");
  presenter->impl->commit(presenter);
  int error = presenter->impl->read_back(presenter, false, &image);
  if (error)
    return fail(row, SELFTEST_CANNOT, strerror(-error));
  uint64_t wrong = image.width == guest->picture.width && image.height == guest->picture.height ? count_wrong(guest, &image) : UINT64_MAX;
  free(image.pixels);
  if (wrong == 0)
    return true;
  snprintf(row->note, sizeof row->note, "%llu pixels are wrong", (unsigned long long)wrong);
  row->verdict = SELFTEST_WRONG;
  return false;
}

static void run_rung(struct presenter *presenter, const struct guest *guest, struct window *window, const struct selftest_report *report,
                     struct selftest_row *row) {
  uint32_t width = 640, height = 480;
  if (window)
    window_pixel_size(window, &width, &height);
  presenter->impl->resize(presenter, width, height, true);
  if (!wait_until_ready(presenter, guest, row) || !check_pixels(presenter, guest, row))
    return;
  row->verdict = SELFTEST_EXACT;
  if (!measure_copies(presenter, guest, report, row) || !measure_presents(presenter, PRESENTS, &row->present_ms[0]))
    fail(row, SELFTEST_CANNOT, "it failed while it was measured");
  row->draw_ms = row->present_ms[0];
  if (row->verdict != SELFTEST_EXACT || !presenter->impl->rung) /* others have one mode */
    return;
  presenter->impl->resize(presenter, width, height, false);
  if (!present(presenter) || !measure_presents(presenter, PRESENTS, &row->present_ms[1]))
    fail(row, SELFTEST_CANNOT, "it failed while it was measured");
}

/* A picture has to be there for the times to mean anything: so the whole frame is uploaded once more. */
static void measure_tearing(const struct guest *guest, struct window *window, struct selftest_row *row) {
  struct presenter_options options = {.tearing = true};
  struct transom_rect all = whole(guest);
  char error[192];
  uint32_t width, height;
  struct presenter *presenter = presenter_create(row->kind, window_native(window), &options, error, sizeof error);
  if (!presenter)
    return;
  window_pixel_size(window, &width, &height);
  presenter->impl->resize(presenter, width, height, true);
  if (upload(presenter, guest, 0, &all, 1)) {
    presenter->impl->commit(presenter);
    if (!present(presenter) || !measure_presents(presenter, PRESENTS, &row->present_ms[2]))
      row->present_ms[2] = 0;
  }
  presenter->impl->destroy(presenter);
}

static void try_kind(const struct guest *guest, struct window *window, const struct selftest_report *report, struct selftest_row *row) {
  struct presenter_options options = {.times_copies = true};
  char error[192];
  struct presenter *presenter = NULL;
  if (presenter_kind_needs_window(row->kind) && !window)
    fail(row, SELFTEST_CANNOT, "no display here");
  else if (!(presenter = presenter_create(row->kind, window ? window_native(window) : NULL, &options, error, sizeof error)))
    fail(row, SELFTEST_CANNOT, error);
  if (!presenter)
    return;
  run_rung(presenter, guest, window, report, row);
  bool has_modes = presenter->impl->rung != NULL;
  if (presenter->impl->region)
    presenter->impl->region(presenter, NULL);
  presenter->impl->destroy(presenter);
  if (row->verdict == SELFTEST_EXACT && has_modes && row->kind == PRESENTER_VULKAN_STAGING)
    measure_tearing(guest, window, row);
}

/* 64 KiB, a tenth, a half and all of a frame, in whole rows. */
static void plan_sizes(struct selftest_report *report) {
  uint64_t row_bytes = (uint64_t)report->width * PIXEL_BYTES;
  uint64_t rows[SELFTEST_SIZES] = {65536 / row_bytes, report->height / 10, report->height / 2, report->height};
  for (uint32_t i = 0; i < SELFTEST_SIZES; i++)
    report->copy_bytes[i] = (rows[i] ? rows[i] : 1) * row_bytes;
}

double selftest_rate(const struct selftest_report *report, const struct selftest_row *row, uint32_t size) {
  double ms = row->device_ms[size] > 0 ? row->device_ms[size] : row->copy_ms[size];
  return ms > 0 ? (double)report->copy_bytes[size] / ms / 1e6 : 0;
}

bool selftest_run(uint32_t width, uint32_t height, struct selftest_report *report, char *error, size_t capacity) {
  struct window_options options = {.title = "Transom selftest", .width = 1280, .height = 800, .vulkan = true};
  struct guest guest;
  *report = (struct selftest_report){.width = width, .height = height};
  plan_sizes(report);
  if (!create_guest(&guest, width, height)) {
    snprintf(error, capacity, "no memory for two frames: %s", strerror(errno));
    destroy_guest(&guest);
    return false;
  }
  struct window *window = window_create(&options, error, capacity);
  if (window)
    window_show(window);
  else
    log_warning("%s", error);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    struct selftest_row *row = &report->rows[report->row_count++];
    row->kind = kinds[i];
    try_kind(&guest, window, report, row);
  }
  window_destroy(window);
  destroy_guest(&guest);
  return true;
}
