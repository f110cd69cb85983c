/* --quality high: pictures scaled, and HDR shown as SDR, by libplacebo, seen by another X client and compared with what others make of the
 * same pictures: Pillow for scaling, the curve of ITU-R BT.2390 for HDR. */
#include "support/window_fixture.h"

#include "host/present/pixel_convert.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCREEN "1920x1080x24"

static struct window_test *current;

/* ---- pictures of the test's own ---- */

typedef uint32_t (*draw_word)(uint32_t x, uint32_t y); /* in the publisher's format, four bytes */

static void publish(draw_word draw) {
  struct test_publisher *publisher = &current->publisher;
  assert_true(test_publisher_begin(publisher, (struct transom_rect){0, 0, (uint16_t)publisher->width, (uint16_t)publisher->height}));
  for (uint32_t y = 0; y < publisher->height; y++)
    for (uint32_t x = 0; x < publisher->width; x++)
      ((volatile uint32_t *)(void *)(uintptr_t)(publisher->pixels + (size_t)y * publisher->pitch_bytes))[x] = draw(x, y);
  publisher->copy.count = 0;
  test_publisher_complete(publisher);
}

/* Discs with sharp edges, fine lines and slopes of colour. 0xAARRGGBB. */
static uint32_t card(uint32_t x, uint32_t y) {
  int32_t across = (int32_t)(x % 64) - 32, down = (int32_t)(y % 64) - 32;
  if (across * across + down * down < 400)
    return 0x55000000u | (x * 2 & 255) << 16 | (y * 3 & 255) << 8 | (255 - (x & 255));
  if (y % 64 < 6)
    return (x / 2) % 2 ? 0xffe0e0e0u : 0xff202020u;
  return 0xff000000u | (40 + (x + y) % 160) << 16 | (200 - y % 150) << 8 | 90;
}

static void start(const char *title) {
  current->extra[0] = "--quality=high";
  window_start_viewer(current, title, NULL);
}

/* The window takes the first picture's size; before that, nobody else should give it one. */
static bool has_own_size(void) {
  struct x_rect rect;
  return x_display_where(&current->display, current->windows[0], &rect) && rect.width == test_publisher_shown_width(&current->publisher) &&
         rect.height == test_publisher_shown_height(&current->publisher);
}

static bool is_used(void) { return strcmp(current->viewers[0].scaler, "libplacebo") == 0; }

static void show_card(enum transom_format format, uint32_t width, uint32_t height, uint32_t rotation, const char *title) {
  test_publisher_format(&current->publisher, 0x4242);
  test_publisher_mode(&current->publisher, format, width, height, rotation);
  publish(card);
  start(title);
  WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence && has_own_size());
}

static void place(uint32_t width, uint32_t height) { x_display_place(&current->display, current->windows[0], 0, 0, width, height); }

/* ---- scaling ---- */

struct rgb {
  uint32_t width, height;
  uint8_t *bytes;
};

static uint32_t card_upright(uint32_t x, uint32_t y) {
  const struct test_publisher *publisher = &current->publisher;
  switch (publisher->rotation) {
  case 1:
    return card(y, publisher->height - 1 - x);
  case 2:
    return card(publisher->width - 1 - x, publisher->height - 1 - y);
  case 3:
    return card(publisher->width - 1 - y, x);
  }
  return card(x, y);
}

static void write_card(const char *path) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  for (uint32_t y = 0; y < test_publisher_shown_height(&current->publisher); y++) {
    for (uint32_t x = 0; x < test_publisher_shown_width(&current->publisher); x++) {
      uint32_t pixel = card_upright(x, y);
      const uint8_t rgb[] = {(uint8_t)(pixel >> 16), (uint8_t)(pixel >> 8), (uint8_t)pixel};
      assert_int_equal(fwrite(rgb, 3, 1, file), 1);
    }
  }
  fclose(file);
}

/* Runs `script`, with `words` after it, by a Python that has Pillow: the one that CMake found may be the user's own, without the
 * distribution's packages. Its exit status; 77: there is none. */
static int run_python(const char *script, const char *words) {
  static const char *const pythons[] = {GOLDEN_PYTHON, "/usr/bin/python3"};
  char command[1024];
  int status = 77;
  for (size_t i = 0; i < 2 && status == 77; i++) {
    snprintf(command, sizeof command, "%s -B %s %s", pythons[i], script, words);
    status = WEXITSTATUS(system(command));
  }
  return status;
}

static int run_pillow(const char *from, const char *to, uint32_t width, uint32_t height) {
  char words[256];
  snprintf(words, sizeof words, "%u %u %u %u <%s >%s", test_publisher_shown_width(&current->publisher),
           test_publisher_shown_height(&current->publisher), width, height, from, to);
  return run_python(GOLDEN_REFERENCE, words);
}

/* What Pillow makes of the card: by Lanczos, then by bilinear. False: there is no Pillow. */
static bool ask_pillow(uint32_t width, uint32_t height, struct rgb references[2]) {
  char directory[] = "/tmp/transom-quality-XXXXXX", from[64], to[64];
  size_t bytes = (size_t)width * height * 3;
  assert_non_null(mkdtemp(directory));
  snprintf(from, sizeof from, "%s/from", directory);
  snprintf(to, sizeof to, "%s/to", directory);
  write_card(from);
  int status = run_pillow(from, to, width, height);
  FILE *file = fopen(to, "rb");
  assert_non_null(file);
  for (int i = 0; i < 2 && status == 0; i++) {
    references[i] = (struct rgb){width, height, malloc(bytes)};
    assert_non_null(references[i].bytes);
    assert_int_equal(fread(references[i].bytes, 1, bytes, file), bytes);
  }
  fclose(file);
  unlink(from);
  unlink(to);
  rmdir(directory);
  assert_true(status == 0 || status == 77);
  return status == 0;
}

#define BORDER 8 /* pixels at a picture's edge: what lies beyond is the edge's own colour to libplacebo and nothing to Pillow */

struct difference {
  uint32_t most; /* but for the border */
  double mean;
};

/* Between the window and a reference whose left top pixel lies at (x, y) of the window. */
static struct difference compare(const struct x_picture *seen, const struct rgb *reference, int32_t x, int32_t y) {
  struct difference difference = {0};
  uint64_t sum = 0, count = 0;
  for (uint32_t row = 0; row < seen->height; row++) {
    for (uint32_t column = 0; column < seen->width; column++) {
      int64_t from_x = (int64_t)column - x, from_y = (int64_t)row - y;
      if (from_x < 0 || from_y < 0 || from_x >= reference->width || from_y >= reference->height)
        continue;
      const uint8_t *expected = reference->bytes + ((size_t)from_y * reference->width + (size_t)from_x) * 3;
      bool is_inside =
          from_x >= BORDER && from_y >= BORDER && from_x < reference->width - BORDER && from_y < (int64_t)reference->height - BORDER;
      for (uint32_t channel = 0; channel < 3; channel++) {
        int32_t is = (int32_t)(seen->pixels[(size_t)row * seen->width + column] >> (16 - 8 * channel) & 255);
        uint32_t off = (uint32_t)abs(is - expected[channel]);
        difference.most = is_inside && off > difference.most ? off : difference.most;
        sum += off;
        count++;
      }
    }
  }
  difference.mean = count ? (double)sum / (double)count : 255;
  return difference;
}

#define MOST_OFF 2 /* of 255, any channel of any pixel: the filter is a table of 64 steps, and what lies between is interpolated */
#define MEAN_OFF 0.25
#define TIMES_NEARER 5.0 /* than bilinear is */
#define TRIES 50         /* drawn, but the server may not have it yet */

/* The window shows what Lanczos makes of the card, and nothing like bilinear. */
static void assert_like_pillow(struct placement at, uint32_t width, uint32_t height) {
  struct rgb references[2];
  struct difference off = {0}, bilinear = {0};
  place(at.window_width, at.window_height);
  if (!ask_pillow(width, height, references))
    skip();
  WAIT_FOR(current, is_used());
  for (int tries = 0; tries < TRIES; tries++) {
    struct x_picture seen;
    window_pass_time(current);
    if (!x_display_read(&current->display, current->windows[0], &seen))
      continue;
    bool has_size = seen.width == at.window_width && seen.height == at.window_height;
    off = compare(&seen, &references[0], at.x, at.y);
    bilinear = compare(&seen, &references[1], at.x, at.y);
    free(seen.pixels);
    if (has_size && off.most <= MOST_OFF)
      break;
  }
  print_message("%ux%u: off Pillow's Lanczos by %u at most, %.3f in the mean; off bilinear by %u, %.3f\n", width, height, off.most,
                off.mean, bilinear.most, bilinear.mean);
  assert_true(off.most <= MOST_OFF && off.mean <= MEAN_OFF);
  assert_true(bilinear.mean > TIMES_NEARER * off.mean);
  free(references[0].bytes);
  free(references[1].bytes);
}

static void upwards_is_lanczos(void **state) {
  (void)state;
  show_card(TRANSOM_FORMAT_BGRA8, 320, 200, 0, "upwards");
  assert_like_pillow((struct placement){830, 500, 15, 0, 0}, 800, 500);
}

static void downwards_is_lanczos(void **state) {
  (void)state;
  show_card(TRANSOM_FORMAT_BGRA8, 960, 600, 0, "downwards");
  assert_like_pillow((struct placement){400, 250, 0, 0, 0}, 400, 250);
}

/* Around a window that is too narrow: what lies outside is not scaled, what lies inside is no other. */
static void what_is_cut_lies_right(void **state) {
  (void)state;
  current->extra[1] = "--scaling=fill";
  show_card(TRANSOM_FORMAT_BGRA8, 320, 200, 0, "cut");
  assert_like_pillow((struct placement){400, 500, -200, 0, 0}, 800, 500);
}

static void rotated_lies_right(uint32_t rotation) {
  bool turned = rotation & 1;
  show_card(TRANSOM_FORMAT_BGRA8, 320, 200, rotation, "rotated");
  assert_like_pillow((struct placement){turned ? 300 : 480, turned ? 480 : 300, 0, 0, 0}, turned ? 300 : 480, turned ? 480 : 300);
}

static void quarter_turn_lies_right(void **state) {
  (void)state;
  rotated_lies_right(1);
}

static void half_turn_lies_right(void **state) {
  (void)state;
  rotated_lies_right(2);
}

static void three_quarter_turn_lies_right(void **state) {
  (void)state;
  rotated_lies_right(3);
}

/* Pixel for pixel and by whole factors nothing is scaled by anybody. */
static void whole_factors_stay_exact(void **state) {
  (void)state;
  window_publish_first(current);
  start("exact");
  window_assert_seen(current, 0, window_one_to_one(current));
  place(1280, 800);
  window_assert_seen(current, 0, (struct placement){1280, 800, 0, 0, 2});
  WAIT_FOR(current, current->viewers[0].elapsed_ms > 0);
  assert_false(is_used());
}

/* ---- HDR ---- */

#define RAMP_HEIGHT 200u
#define HDR_NITS 1000.0 /* what the picture is taken to be made for */
#define SDR_NITS 203.0
#define GREY_OFF 2 /* of 255: the curve is a table of 256 steps */
#define DIM_OFF 3

/* SMPTE ST 2084. */
static double pq_of(double nits) {
  double power = pow(nits / 10000, 2610.0 / 16384);
  return pow((3424.0 / 4096 + 2413.0 / 128 * power) / (1 + 2392.0 / 128 * power), 2523.0 / 32);
}

static double nits_of(double pq) {
  double power = pow(pq, 32 / 2523.0);
  return 10000 * pow(fmax(power - 3424.0 / 4096, 0) / (2413.0 / 128 - 2392.0 / 128 * power), 16384 / 2610.0);
}

/* ITU-R BT.2390-10, 5.4.1: the curve that brings HDR to a display of less, both blacks being black. The knee comes earlier than there, as
 * libplacebo documents it (pl_tone_map_bt2390, knee offset 1): highlights keep more of their differences. */
static double bt2390(double pq) {
  double peak = pq_of(HDR_NITS), to_peak = pq_of(SDR_NITS) / peak, knee = 2 * to_peak - 1;
  double e = fmin(pq / peak, 1);
  if (e >= knee) {
    double t = (e - knee) / (1 - knee), t2 = t * t, t3 = t2 * t;
    e = (2 * t3 - 3 * t2 + 1) * knee + (t3 - 2 * t2 + t) * (1 - knee) + (3 * t2 - 2 * t3) * to_peak;
  }
  return e * peak;
}

static int32_t grey_of(uint32_t code) {
  double light = nits_of(bt2390(code / 1023.0)) / SDR_NITS;
  light = fmin(light, 1);
  return (int32_t)lrint(255 * (light <= 0.0031308 ? light * 12.92 : 1.055 * pow(light, 1 / 2.4) - 0.055));
}

/* Each grey that there is, and below it colours of less than 45 nits and not too strong: the curve begins at 36. */
static uint32_t ramp(uint32_t x, uint32_t y) {
  if (y < RAMP_HEIGHT / 2)
    return x << 20 | x << 10 | x;
  uint32_t least = 250 + x * 7 % 100, red = least + x * 13 % 90, green = least + x * 29 % 90, blue = least + x * 41 % 90;
  return blue << 20 | green << 10 | red;
}

static char wrong[96]; /* what the last look found */

static void show_ramp(const char *title) {
  current->publisher.pq = true;
  test_publisher_format(&current->publisher, 0x7272);
  test_publisher_mode(&current->publisher, TRANSOM_FORMAT_RGB10A2, 1024, RAMP_HEIGHT, 0);
  publish(ramp);
  start(title);
}

static bool is_grey_right(const struct x_picture *seen) {
  int32_t before = 0;
  for (uint32_t x = 0; x < 1024; x++) {
    uint32_t pixel = seen->pixels[8 * seen->width + x];
    int32_t red = pixel >> 16 & 255, green = pixel >> 8 & 255, blue = pixel & 255;
    if (abs(green - grey_of(x)) > GREY_OFF || green < before || red != green || blue != green) {
      snprintf(wrong, sizeof wrong, "grey %u is %d %d %d, not %d after %d", x, red, green, blue, grey_of(x), before);
      return false;
    }
    before = green;
  }
  return seen->pixels[8 * seen->width] == 0 && seen->pixels[8 * seen->width + 1023] == 0xffffff;
}

static bool is_dim_right(const struct x_picture *seen, const struct pixel_convert *convert) {
  for (uint32_t x = 0; x < 1024; x++) {
    uint32_t word = ramp(x, RAMP_HEIGHT - 1), pixel = seen->pixels[(RAMP_HEIGHT - 8) * seen->width + x];
    uint8_t expected[4];
    pixel_convert_row(convert, TRANSOM_FORMAT_RGB10A2, true, (const uint8_t *)&word, expected, 1);
    for (uint32_t channel = 0; channel < 3; channel++) {
      int32_t is = (int32_t)(pixel >> 8 * channel & 255);
      bool is_cut = expected[channel] == 0; /* outside of sRGB's gamut: how to get in is a matter of taste */
      if (!is_cut && abs(is - expected[channel]) > DIM_OFF) {
        snprintf(wrong, sizeof wrong, "colour %u, channel %u is %d, not %d", x, channel, is, expected[channel]);
        return false;
      }
    }
  }
  return true;
}

static void hdr_follows_bt2390(void **state) {
  (void)state;
  struct pixel_convert *convert = pixel_convert_create();
  bool is_right = false;
  show_ramp("hdr");
  WAIT_FOR(current, has_own_size());
  WAIT_FOR(current, is_used());
  for (int tries = 0; !is_right && tries < TRIES; tries++) {
    struct x_picture seen;
    window_pass_time(current);
    assert_true(x_display_read(&current->display, current->windows[0], &seen));
    is_right = seen.width == 1024 && seen.height == RAMP_HEIGHT && is_grey_right(&seen) && is_dim_right(&seen, convert);
    free(seen.pixels);
  }
  if (!is_right)
    print_message("%s\n", wrong);
  pixel_convert_destroy(convert);
  assert_true(is_right);
}

/* A screenshot of an HDR picture shows what the window shows. */
static void screenshot_of_hdr_is_the_same(void **state) {
  (void)state;
  static const char script[] = "-c 'import sys\ntry:\n from PIL import Image\nexcept ImportError:\n sys.exit(77)\n"
                               "p = Image.open(sys.argv[1]).getpixel((594, 8))\nsys.exit(p[1] if p[0] == p[1] == p[2] else 1)'";
  char directory[] = "/tmp/transom-quality-XXXXXX", path[64], option[96];
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/shot.png", directory);
  snprintf(option, sizeof option, "--screenshot=%s", path);
  current->extra[1] = option;
  show_ramp("screenshot");
  WAIT_FOR(current, is_used());
  window_end_viewers(current);
  int grey = run_python(script, path);
  unlink(path);
  rmdir(directory);
  if (grey == 77)
    skip();
  assert_in_range(grey, grey_of(594) - GREY_OFF, grey_of(594) + GREY_OFF); /* white of 203 nits */
}

/* ---- cursor ---- */

#define EDGE 24u

static void put_cursor(uint32_t word, int32_t x, int32_t y) {
  uint32_t pixels[EDGE * EDGE];
  struct transom_cursor_shape shape = {.type = TRANSOM_CURSOR_MASKED, .width = EDGE, .height = EDGE, .pitch_bytes = EDGE * 4};
  for (uint32_t i = 0; i < EDGE * EDGE; i++)
    pixels[i] = word;
  assert_int_equal(cursor_writer_shape(&current->publisher.cursor, &shape, (const uint8_t *)pixels), 0);
  cursor_writer_move(&current->publisher.cursor, x, y, true, 0);
}

/* The middle of the cursor, in a window of 1.5 times the picture: is it what `mask` and `flip` make of what was there? */
static bool cursor_covers(const struct x_picture *before, uint32_t mask, uint32_t flip) {
  struct x_picture seen;
  bool covers = x_display_read(&current->display, current->windows[0], &seen);
  for (uint32_t y = 154; covers && y < 182; y++)
    for (uint32_t x = 304; x < 332; x++)
      covers &= seen.pixels[y * seen.width + x] == ((before->pixels[y * seen.width + x] & mask) ^ flip);
  if (covers)
    covers = memcmp(seen.pixels, before->pixels, 100 * seen.width * sizeof *seen.pixels) == 0; /* and nothing elsewhere */
  free(seen.pixels);
  return covers;
}

static void cursor_lies_over_the_scaled_picture(void **state) {
  (void)state;
  struct x_picture before;
  show_card(TRANSOM_FORMAT_BGRA8, 320, 200, 0, "cursor");
  assert_like_pillow((struct placement){480, 300, 0, 0, 0}, 480, 300);
  assert_true(x_display_read(&current->display, current->windows[0], &before));
  put_cursor(0x00c08040, 200, 100); /* masked, not inverting: a plain colour */
  WAIT_FOR(current, cursor_covers(&before, 0, 0xc08040));
  put_cursor(0xffffffff, 200, 100);
  WAIT_FOR(current, cursor_covers(&before, 0xffffff, 0xffffff));
  free(before.pixels);
}

/* ---- trouble ---- */

/* The import is taken between two frames, once it is ready. */
static void assert_way(const char *rung) {
  const struct viewer_process *viewer = &current->viewers[0];
  for (int left_ms = WINDOW_PATIENCE_MS; left_ms > 0 && strcmp(viewer->rung, rung) != 0; left_ms -= WINDOW_STEP_MS) {
    publish(card);
    window_pass_time(current);
  }
  assert_string_equal(viewer->presenter, "vulkan");
  assert_string_equal(viewer->rung, rung);
}

static void refused_at_start_means_fast(void **state) {
  (void)state;
  current->fault = "libplacebo";
  show_card(TRANSOM_FORMAT_BGRA8, 320, 200, 0, "refused");
  place(480, 300);
  assert_int_equal(viewer_process_said(&current->viewers[0], "no --quality high by libplacebo: refused"), 1);
  assert_way("import");
  place(640, 400);
  test_publisher_mode(&current->publisher, TRANSOM_FORMAT_BGRA8, 640, 400, 0);
  test_publisher_publish_whole(&current->publisher);
  window_assert_seen(current, 0, window_one_to_one(current));
  assert_false(is_used());
}

/* The window and the rung stay; what was shown is uploaded again. */
static void failing_in_mid_run_means_fast(void **state) {
  (void)state;
  current->fault = "lost-libplacebo";
  show_card(TRANSOM_FORMAT_BGRA8, 320, 200, 0, "fails");
  place(480, 300);
  for (int left_ms = WINDOW_PATIENCE_MS; left_ms > 0 && !viewer_process_said(&current->viewers[0], "libplacebo has failed");
       left_ms -= 20) {
    publish(card);
    window_pass_time(current);
  }
  assert_int_equal(viewer_process_said(&current->viewers[0], "libplacebo has failed"), 1);
  publish(card); /* a report that knows of it is from after the fall */
  WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence);
  assert_way("import");
  place(320, 200);
  test_publisher_publish_whole(&current->publisher);
  window_assert_seen(current, 0, window_one_to_one(current));
  assert_false(is_used());
}

static void lost_device_goes_on_with_it(void **state) {
  (void)state;
  current->fault = "lost-import,dma-buf";
  show_card(TRANSOM_FORMAT_BGRA8, 320, 200, 0, "lost");
  place(480, 300);
  for (int frame = 0; frame < 100 && !viewer_process_said(&current->viewers[0], "presenting by import failed"); frame++) {
    publish(card);
    WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence);
  }
  assert_way("staging");
  assert_like_pillow((struct placement){480, 300, 0, 0, 0}, 480, 300);
}

static void sizes_and_formats_come_and_go(void **state) {
  (void)state;
  static const enum transom_format formats[] = {TRANSOM_FORMAT_RGBA16F, TRANSOM_FORMAT_RGBA8, TRANSOM_FORMAT_RGB10A2, TRANSOM_FORMAT_BGRA8};
  window_publish_first(current);
  start("shapes");
  for (uint32_t i = 0; i < 8; i++) {
    uint32_t width = 301 + i * 31, height = 203 + i * 17;
    test_publisher_mode(&current->publisher, formats[i % 4], width, height, i % 4);
    test_publisher_publish_whole(&current->publisher);
    place(width * 3 / 2 - i, height * 4 / 3);
    WAIT_FOR(current, is_used() && current->viewers[0].sequence == current->publisher.writer.sequence);
    place(test_publisher_shown_width(&current->publisher), test_publisher_shown_height(&current->publisher));
    window_assert_seen(current, 0, window_one_to_one(current));
  }
}

static void nothing_leaks(void **state) {
  (void)state;
  current->counts_leaks = true;
  show_card(TRANSOM_FORMAT_BGRA8, 320, 200, 0, "leaks");
  place(480, 300);
  WAIT_FOR(current, is_used());
}

static void without_vulkan_it_is_said(void **state) {
  (void)state;
  current->renderer = "sdl";
  current->driver = "software";
  window_publish_first(current);
  start("sdl");
  window_assert_seen(current, 0, window_one_to_one(current));
  assert_int_equal(viewer_process_said(&current->viewers[0], "no --quality high by sdl: that needs Vulkan"), 1);
}

/* A build without libplacebo says so and shows pictures all the same. */
static void without_libplacebo_it_is_said(void **state) {
  (void)state;
  window_publish_first(current);
  start("without");
  window_assert_seen(current, 0, window_one_to_one(current));
  assert_int_equal(viewer_process_said(&current->viewers[0], "no --quality high by libplacebo: transom was built without it"), 1);
}

static int set_up(void **state) {
  (void)state;
  struct x_display display = current->display;
  *current = (struct window_test){.display = display, .renderer = "vulkan"};
  return test_publisher_init(&current->publisher) ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  if (current->viewer_count)
    window_end_viewers(current);
  window_clean_up(current);
  return 0;
}

int main(void) {
  struct window_test test = {0};
  if (!x_display_start(&test.display, SCREEN)) {
    fprintf(stderr, "no Xvfb here\n");
    return 77;
  }
  current = &test;
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest with[] = {
      TEST(upwards_is_lanczos),
      TEST(downwards_is_lanczos),
      TEST(what_is_cut_lies_right),
      TEST(quarter_turn_lies_right),
      TEST(half_turn_lies_right),
      TEST(three_quarter_turn_lies_right),
      TEST(whole_factors_stay_exact),
      TEST(hdr_follows_bt2390),
      TEST(screenshot_of_hdr_is_the_same),
      TEST(cursor_lies_over_the_scaled_picture),
      TEST(refused_at_start_means_fast),
      TEST(failing_in_mid_run_means_fast),
      TEST(lost_device_goes_on_with_it),
      TEST(nothing_leaks),
      TEST(sizes_and_formats_come_and_go),
      TEST(without_vulkan_it_is_said),
  };
  const struct CMUnitTest without[] = {TEST(without_libplacebo_it_is_said), TEST(without_vulkan_it_is_said)};
  int failed = TEST_WITH_LIBPLACEBO ? cmocka_run_group_tests(with, NULL, NULL) : cmocka_run_group_tests(without, NULL, NULL);
  x_display_stop(&test.display);
  return failed;
}
