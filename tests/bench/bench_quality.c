/* What a drawing costs with --quality fast and high: from present() until the next one may begin, which is when the device has drawn. JSON
 * on stdout; run by tests/bench/present, and by hand on a machine with a GPU. Exit status 77: no Vulkan or no display here.
 *
 * usage: bench_quality [WIDTH HEIGHT]      of the picture (1280 720); the window is half as wide again */
#include "common/clock.h"
#include "common/log.h"
#include "host/app/window.h"
#include "host/present/presenter_select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAWINGS 31u
#define PATIENCE_NS UINT64_C(20000000000)

static void fail(const char *what) {
  fprintf(stderr, "bench_quality: %s failed\n", what);
  exit(1);
}

/* Slopes with a little noise, as words that mean something in every format of four bytes. */
static uint32_t *draw_picture(const struct presenter_picture *picture) {
  uint32_t *words = malloc((size_t)picture->width * picture->height * 4);
  if (!words)
    fail("malloc");
  for (uint32_t y = 0; y < picture->height; y++)
    for (uint32_t x = 0; x < picture->width; x++)
      words[(size_t)y * picture->width + x] =
          (x * 700 / picture->width) << 20 | (y * 700 / picture->height) << 10 | ((x * 31 + y * 17) & 255);
  return words;
}

static void present(struct presenter *presenter) {
  uint64_t began_ns = clock_monotonic_ns();
  enum presenter_result result;
  while ((result = presenter->impl->present(presenter)) == PRESENTER_PENDING && clock_monotonic_ns() - began_ns < PATIENCE_NS)
    ;
  if (result != PRESENTER_OK)
    fail("present()");
}

static void show(struct presenter *presenter, const struct presenter_picture *picture, const uint32_t *words) {
  const struct transom_rect all = {0, 0, (uint16_t)picture->width, (uint16_t)picture->height};
  const struct presenter_impl *impl = presenter->impl;
  if (impl->begin_frame(presenter, picture) != 0 ||
      impl->upload(presenter, (const volatile uint8_t *)words, picture->width * 4, &all, 1) != PRESENTER_OK)
    fail("upload()");
  while (impl->finish_upload(presenter, 1000000) == PRESENTER_PENDING)
    ;
  impl->commit(presenter);
}

static int compare(const void *one, const void *other) {
  double a = *(const double *)one, b = *(const double *)other;
  return (a > b) - (a < b);
}

/* The median of a drawing, in ms. The first ones, which make shaders and swapchain, do not count. */
static double measure(struct window *window, enum picture_quality quality, const struct presenter_picture *picture, const uint32_t *words) {
  const struct presenter_options options = {.scaling = PICTURE_SCALING_STRETCH, .quality = quality, .tearing = true};
  char error[256];
  uint32_t width, height;
  double times[DRAWINGS];
  struct presenter *presenter = presenter_create(PRESENTER_VULKAN_STAGING, window_native(window), &options, error, sizeof error);
  if (!presenter) {
    fprintf(stderr, "bench_quality: %s\n", error);
    exit(77);
  }
  window_pixel_size(window, &width, &height);
  presenter->impl->resize(presenter, width, height, false);
  show(presenter, picture, words);
  for (uint32_t i = 0; i < 3; i++)
    present(presenter);
  for (uint32_t i = 0; i < DRAWINGS; i++) {
    uint64_t began_ns = clock_monotonic_ns();
    present(presenter);
    times[i] = (double)(clock_monotonic_ns() - began_ns) / 1e6;
  }
  bool is_high = strcmp(presenter->impl->scaler(presenter), "") != 0;
  presenter->impl->destroy(presenter);
  if (is_high != (quality == PICTURE_QUALITY_HIGH))
    return -1; /* built without libplacebo */
  qsort(times, DRAWINGS, sizeof *times, compare);
  return times[DRAWINGS / 2];
}

int main(int argc, char **argv) {
  uint32_t width = argc > 2 ? (uint32_t)atoi(argv[1]) : 1280, height = argc > 2 ? (uint32_t)atoi(argv[2]) : 720;
  struct presenter_picture picture = {.width = width, .height = height, .format = TRANSOM_FORMAT_BGRA8};
  const struct window_options options = {.title = "bench_quality", .width = width * 3 / 2, .height = height * 3 / 2, .vulkan = true};
  char error[256];
  log_set_level(LOG_WARNING);
  struct window *window = window_create(&options, error, sizeof error);
  if (!window) {
    fprintf(stderr, "bench_quality: %s\n", error);
    return 77;
  }
  window_show(window);
  uint32_t *words = draw_picture(&picture);
  printf("{\"fast_ms\":%.3f,\"high_ms\":%.3f", measure(window, PICTURE_QUALITY_FAST, &picture, words),
         measure(window, PICTURE_QUALITY_HIGH, &picture, words));
  picture.format = TRANSOM_FORMAT_RGB10A2;
  picture.flags = TRANSOM_FRAME_PQ;
  printf(",\"hdr_fast_ms\":%.3f,\"hdr_high_ms\":%.3f}\n", measure(window, PICTURE_QUALITY_FAST, &picture, words),
         measure(window, PICTURE_QUALITY_HIGH, &picture, words));
  free(words);
  window_destroy(window);
  return 0;
}
