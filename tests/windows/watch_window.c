/* Watches a viewer's window that shows an agent's test card, as another X client, and checks every pixel of every picture.
 *
 *   watch_window DISPLAY WINDOW WxH DAMAGE     until SIGTERM; a line of JSON on stdout for each picture
 *
 * A picture is good in two ways: it is one frame of the card, whole; or it is one frame of the card darkened, with the viewer's bar below,
 * because the agent does not answer. For the second the card is drawn here, from nothing but the frame's number. From the first good
 * picture on everything else is a fault; it is saved as fault.ppm in the working directory. */
#include "common/test_card_strip.h"
#include "guest/core/test_card.h"
#include "support/x_display.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIGHT_LEFT 105u /* of 255, where the viewer darkens */
#define ROUNDING 2u
#define BAR_COLOUR 0x5a1e1eu
#define FRAMES_MAX 100000u /* a card is drawn frame by frame */

enum what { NOTHING, WHOLE, DARKENED, WRONG };
static const char *const names[] = {"nothing", "whole", "darkened", "wrong"};

struct watch {
  struct x_display display;
  unsigned long window;
  struct test_card_options options;
  struct screen_capture *card; /* at frame `drawn`; NULL = none */
  struct screen_frame picture;
  uint32_t drawn;
  uint64_t looks, count[WRONG + 1];
  uint64_t changes; /* pictures with another frame number than the one before */
  uint32_t frame;
};

static volatile sig_atomic_t stop;
static void on_signal(int number) {
  (void)number;
  stop = 1;
}

/* ---- the card as it should be ---- */

static bool draw_until(struct watch *watch, uint32_t frame) {
  if (frame == 0 || frame > FRAMES_MAX)
    return false;
  if (watch->card && watch->drawn > frame) {
    watch->card->impl->destroy(watch->card);
    watch->card = NULL;
  }
  if (!watch->card) {
    watch->card = test_card_create(&watch->options);
    watch->drawn = 0;
  }
  while (watch->card && watch->drawn < frame && watch->card->impl->acquire(watch->card, watch->drawn, &watch->picture) == 0)
    watch->drawn++;
  return watch->card && watch->drawn == frame;
}

/* ---- one picture ---- */

static uint32_t channel(uint32_t pixel, unsigned shift) { return pixel >> shift & 0xff; }

static bool is_darkened(uint32_t seen, uint32_t light) {
  for (unsigned shift = 0; shift < 24; shift += 8) {
    const uint32_t expected = channel(light, shift) * LIGHT_LEFT / 255, is = channel(seen, shift);
    if (is + ROUNDING < expected || is > expected + ROUNDING)
      return false;
  }
  return true;
}

static uint32_t lightened(uint32_t pixel) {
  uint32_t result = 0;
  for (unsigned shift = 0; shift < 24; shift += 8) {
    const uint32_t value = channel(pixel, shift) * 255 / LIGHT_LEFT;
    result |= (value < 255 ? value : 255) << shift;
  }
  return result;
}

/* Where the viewer's bar begins; the height where there is none. */
static uint32_t bar_top(const struct x_picture *picture) {
  uint32_t top = picture->height;
  while (top > 0 && picture->pixels[(size_t)(top - 1) * picture->width] == BAR_COLOUR)
    top--;
  return top;
}

static struct test_card_picture card_of(const struct x_picture *picture, const uint32_t *pixels) {
  return (struct test_card_picture){pixels, (size_t)picture->width * 4, picture->width, picture->height, TEST_CARD_BGRA8};
}

static bool read_darkened(struct watch *watch, const struct x_picture *picture, uint32_t *frame) {
  const uint32_t top = bar_top(picture), head = test_card_strip_rows(picture->width);
  uint32_t *strip = calloc((size_t)picture->width * picture->height, 4);
  struct test_card_strip found = {0};
  if (!strip || top == picture->height || top < picture->height / 2)
    goto none;
  for (uint32_t i = 0; i < head * picture->width; i++)
    strip[i] = lightened(picture->pixels[i]);
  const struct test_card_picture card = card_of(picture, strip);
  if (test_card_read(&card, &found) != TEST_CARD_INTACT || !draw_until(watch, found.frame))
    goto none;
  for (uint32_t y = 0; y < top; y++) {
    const uint32_t *light = (const uint32_t *)(const void *)(watch->picture.pixels + y * watch->picture.pitch_bytes);
    for (uint32_t x = 0; x < picture->width; x++) {
      if (!is_darkened(picture->pixels[(size_t)y * picture->width + x], light[x]))
        goto none;
    }
  }
  free(strip);
  *frame = found.frame;
  return true;
none:
  free(strip);
  return false;
}

static enum what judge(struct watch *watch, const struct x_picture *picture, uint32_t *frame) {
  const struct test_card_picture card = card_of(picture, picture->pixels);
  struct test_card_strip strip;
  if (picture->width != watch->options.width || picture->height != watch->options.height)
    return NOTHING;
  if (test_card_verify(&card, &strip) == TEST_CARD_INTACT) {
    *frame = strip.frame;
    return WHOLE;
  }
  return read_darkened(watch, picture, frame) ? DARKENED : NOTHING;
}

static void save(const struct x_picture *picture) {
  FILE *out = fopen("fault.ppm", "wb");
  if (!out)
    return;
  fprintf(out, "P6 %u %u 255\n", picture->width, picture->height);
  for (size_t i = 0; i < (size_t)picture->width * picture->height; i++) {
    const uint32_t pixel = picture->pixels[i];
    const uint8_t rgb[3] = {(uint8_t)(pixel >> 16), (uint8_t)(pixel >> 8), (uint8_t)pixel};
    fwrite(rgb, sizeof rgb, 1, out);
  }
  fclose(out);
}

static void look(struct watch *watch) {
  struct x_picture picture;
  uint32_t frame = watch->frame;
  if (!x_display_read(&watch->display, watch->window, &picture))
    return;
  enum what what = judge(watch, &picture, &frame);
  if (what == NOTHING && watch->count[WHOLE]) {
    what = WRONG;
    if (watch->count[WRONG] == 0)
      save(&picture);
  }
  free(picture.pixels);
  watch->looks++;
  watch->count[what]++;
  watch->changes += frame != watch->frame;
  watch->frame = frame;
  printf("{\"looks\": %" PRIu64 ", \"is\": \"%s\", \"frame\": %u, \"changes\": %" PRIu64 ", \"whole\": %" PRIu64 ", \"darkened\": %" PRIu64
         ", \"wrong\": %" PRIu64 "}\n",
         watch->looks, names[what], watch->frame, watch->changes, watch->count[WHOLE], watch->count[DARKENED], watch->count[WRONG]);
  fflush(stdout);
}

int main(int argc, char **argv) {
  static struct watch watch;
  const struct timespec pause = {.tv_nsec = 2000000};
  watch.options = (struct test_card_options){.format = TRANSOM_FORMAT_BGRA8};
  if (argc != 5 || sscanf(argv[3], "%5ux%5u", &watch.options.width, &watch.options.height) != 2 ||
      sscanf(argv[4], "%3u", &watch.options.damage_percent) != 1 || !x_display_join(&watch.display, argv[1])) {
    fprintf(stderr, "usage: watch_window DISPLAY WINDOW WxH DAMAGE\n");
    return 2;
  }
  watch.window = strtoul(argv[2], NULL, 0);
  signal(SIGTERM, on_signal);
  while (!stop) {
    look(&watch);
    nanosleep(&pause, NULL);
  }
  if (watch.card)
    watch.card->impl->destroy(watch.card);
  x_display_stop(&watch.display);
  return 0;
}
