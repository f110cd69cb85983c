/* Ways of presenting: every rung of the ladder is reached, named and exact; bands, cursors, trouble in the middle. Seen by another X
 * client. */
#include "support/window_fixture.h"

#include "protocol/atomics.h"
#include "support/test_random.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SCREEN "3840x2160x24"
#define LONG_KILLS 100u

static struct window_test *current;

static unsigned repeat(unsigned full) { return getenv("TRANSOM_LONG") ? full : full / 10; }

static struct transom_rect some_rect(uint32_t i) {
  return (struct transom_rect){(uint16_t)(i * 37 % 500), (uint16_t)(i * 61 % 300), (uint16_t)(20 + i % 90), (uint16_t)(10 + i % 70)};
}

static void start(const char *renderer, const char *fault, const char *title) {
  current->renderer = renderer;
  current->fault = fault;
  window_publish_first(current);
  window_start_viewer(current, title, NULL);
}

static void see_some_frames(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    test_publisher_publish(&current->publisher, some_rect(i));
    window_assert_seen(current, 0, window_one_to_one(current));
  }
}

static void assert_way(const char *presenter, const char *rung) {
  WAIT_FOR(current, strcmp(current->viewers[0].presenter, presenter) == 0 && strcmp(current->viewers[0].rung, rung) == 0);
}

/* ---- the ladder ---- */

/* What must be said, and what is used in the end. */
static void fall_to(const char *renderer, const char *fault, const char *said, const char *presenter, const char *rung) {
  start(renderer, fault, "ladder");
  see_some_frames(16); /* faults in mid-run strike after PRESENT_FAULT_FRAMES */
  assert_way(presenter, rung);
  see_some_frames(3);
  if (said)
    assert_true(viewer_process_said(&current->viewers[0], said) > 0);
}

static void import_is_the_first_rung(void **state) {
  (void)state;
  fall_to("vulkan", NULL, "uploading by import", "vulkan", "import");
}

static void refused_import_ends_at_staging(void **state) {
  (void)state;
  fall_to("vulkan", "import,dma-buf", "no upload by dma-buf", "vulkan", "staging");
}

static void import_of_other_memory_is_found_out(void **state) {
  (void)state;
  fall_to("vulkan", "trial", "does not read what is in the region", "vulkan", "staging");
}

static void file_that_may_shrink_is_staged(void **state) {
  (void)state;
  test_publisher_finish(&current->publisher);
  assert_true(test_publisher_init_file(&current->publisher));
  fall_to("vulkan", NULL, "may shrink", "vulkan", "staging");
}

static void device_lost_by_import_goes_on_by_staging(void **state) {
  (void)state;
  fall_to("vulkan", "lost-import,dma-buf", "presenting by import failed: VK_ERROR_DEVICE_LOST", "vulkan", "staging");
}

static void device_lost_by_staging_goes_on_by_sdl(void **state) {
  (void)state;
  current->driver = "software";
  fall_to("vulkan", "import,dma-buf,lost-staging", "presenting by vulkan has failed: going on by sdl", "sdl", "");
}

static void no_vulkan_means_sdl(void **state) {
  (void)state;
  current->driver = "software";
  fall_to("auto", "vulkan", "not by Vulkan", "sdl", "");
}

static void software_vulkan_is_no_gpu(void **state) {
  (void)state;
  current->driver = "software";
  fall_to("auto", NULL, "is no GPU", "sdl", "");
}

/* The window stays, and the viewer with its keyboard and clipboard: but there is nothing to see. */
static void nothing_left_means_headless(void **state) {
  (void)state;
  current->driver = "software";
  start("auto", "vulkan,sdl", "nothing left");
  assert_way("headless", "");
  test_publisher_publish_whole(&current->publisher);
  WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence);
  assert_int_equal(viewer_process_said(&current->viewers[0], "nothing can be drawn"), 1);
}

static void sdl_failing_means_headless(void **state) {
  (void)state;
  current->driver = "software";
  start("auto", "vulkan,lost-sdl", "sdl fails");
  for (uint32_t i = 0; i < 10; i++) {
    test_publisher_publish(&current->publisher, some_rect(i));
    WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence);
  }
  assert_way("headless", "");
}

/* --renderer with one rung: that or nothing, and the exit status says so. */
static void forced_rung_does_not_fall(void **state) {
  (void)state;
  start("vulkan-dma-buf", "dma-buf", "forced");
  int left_ms = WINDOW_PATIENCE_MS;
  for (uint32_t i = 0; left_ms > 0 && viewer_process_said(&current->viewers[0], "presenting by vulkan has failed") == 0; i++) {
    test_publisher_publish(&current->publisher, some_rect(i));
    window_pass_time(current);
    left_ms -= WINDOW_STEP_MS;
  }
  current->viewer_count = 0;
  assert_int_equal(viewer_process_end(&current->viewers[0], 0), 1);
}

static void forced_staging_is_exact(void **state) {
  (void)state;
  fall_to("vulkan-staging", NULL, "uploading by staging", "vulkan", "staging");
}

static void vulkan_leaks_nothing(void **state) {
  (void)state;
  current->counts_leaks = true;
  fall_to("vulkan", NULL, "uploading by import", "vulkan", "import");
}

static void falling_leaks_nothing(void **state) {
  (void)state;
  current->counts_leaks = true;
  current->driver = "software";
  fall_to("vulkan", "lost-import,dma-buf,lost-staging", "going on by sdl", "sdl", "");
}

/* Waits for a line of a viewer's --stats-socket that says so; a line of before may come first. */
static void wait_for_report(const char *path, const char *words) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char text[65536];
  size_t used = 0;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
  for (text[0] = 0; !strstr(text, words); text[used] = 0) {
    ssize_t got = used < sizeof text - 1 ? read(fd, text + used, sizeof text - 1 - used) : 0;
    assert_true(got > 0);
    used += (size_t)got;
  }
  close(fd);
}

static void report_names_who_presents_now(void **state) {
  (void)state;
  char directory[] = "/tmp/transom-report-XXXXXX", path[64], option[96];
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/stats", directory);
  snprintf(option, sizeof option, "--stats-socket=%s", path);
  current->extra[0] = option;
  current->driver = "software";
  fall_to("vulkan", "lost-import,dma-buf,lost-staging", NULL, "sdl", "");
  wait_for_report(path, "\"presenter\":\"sdl\"");
  unlink(path);
  rmdir(directory);
}

/* ---- bands ---- */

static const char *const band_renderers[] = {"vulkan", "vulkan-staging"};

/* Rows that come one after another; meanwhile the old picture stays whole, whatever asks for a drawing. */
static void publish_in_bands(uint32_t i, bool completes) {
  struct test_publisher *publisher = &current->publisher;
  uint64_t shown = current->viewers[0].sequence;
  assert_true(test_publisher_begin(publisher, (struct transom_rect){0, 0, (uint16_t)publisher->width, (uint16_t)publisher->height}));
  for (uint32_t rows = 0; rows < publisher->height; rows += 50) {
    test_publisher_rows(publisher, rows);
    cursor_writer_move(&publisher->cursor, (int32_t)(rows + i), 20, false, 0);
    window_pass_time(current);
  }
  assert_int_equal(current->viewers[0].sequence, shown);
  if (completes)
    test_publisher_complete(publisher);
  else
    test_publisher_abandon(publisher);
}

static void bands_are_shown_whole(const char *renderer) {
  start(renderer, "dma-buf", "bands");
  window_assert_seen(current, 0, window_one_to_one(current));
  for (uint32_t i = 0; i < 6; i++) {
    publish_in_bands(i, true);
    window_assert_seen(current, 0, window_one_to_one(current));
    see_some_frames(1);
  }
  WAIT_FOR(current, current->viewers[0].banded >= 6);
  assert_int_equal(current->viewers[0].torn + current->viewers[0].bad, 0);
}

static void bands_are_shown_whole_by_import(void **state) {
  (void)state;
  bands_are_shown_whole(band_renderers[0]);
}

static void bands_are_shown_whole_by_staging(void **state) {
  (void)state;
  bands_are_shown_whole(band_renderers[1]);
}

/* An agent that dies in the middle of a frame, or gives it up: the picture before stays, without one pixel of the other. */
static void half_a_frame_is_never_seen(void **state) {
  (void)state;
  struct test_publisher *publisher = &current->publisher;
  start("vulkan", NULL, "half frames");
  window_assert_seen(current, 0, window_one_to_one(current));
  uint64_t *before = malloc(sizeof *before * publisher->width * publisher->height);
  assert_non_null(before);
  memcpy(before, publisher->screen, sizeof *before * publisher->width * publisher->height);
  publish_in_bands(0, false);
  uint64_t *drawn = publisher->screen;
  publisher->screen = before;
  for (int i = 0; i < 10; i++) {
    x_display_place(&current->display, current->windows[0], i, i, 640, 400);
    window_assert_pixels(current, 0, window_one_to_one(current), NULL);
  }
  publisher->screen = drawn; /* the next frame carries what the abandoned one changed */
  free(before);
  see_some_frames(3);
}

/* A guest that stops in the middle of a frame and goes on later. */
static void stalled_frame_is_taken_when_complete(void **state) {
  (void)state;
  start("vulkan", NULL, "stall");
  window_assert_seen(current, 0, window_one_to_one(current));
  assert_true(test_publisher_begin(&current->publisher, (struct transom_rect){0, 0, 640, 400}));
  test_publisher_rows(&current->publisher, 200);
  uint64_t from_ms = current->viewers[0].elapsed_ms;
  WAIT_FOR(current, current->viewers[0].elapsed_ms > from_ms + 1000);
  test_publisher_complete(&current->publisher);
  window_assert_seen(current, 0, window_one_to_one(current));
}

/* ---- cursor ---- */

#define CURSOR_EDGE 24u

static struct transom_cursor_shape shape;
static uint32_t cursor_blend[CURSOR_EDGE * CURSOR_EDGE], cursor_invert[CURSOR_EDGE * CURSOR_EDGE];
static int32_t cursor_x, cursor_y; /* left, top */
static bool cursor_shown;

/* The cursor by the document's words (docs/protocol.md), not by our own code. */
static uint32_t pixel_with_cursor(const struct window_test *test, uint32_t x, uint32_t y) {
  uint32_t under = test_publisher_pixel(&test->publisher, x, y), result = 0;
  int64_t column = (int64_t)x - cursor_x, row = (int64_t)y - cursor_y;
  if (!cursor_shown || column < 0 || row < 0 || column >= CURSOR_EDGE || row >= CURSOR_EDGE)
    return under;
  uint32_t over = cursor_blend[row * CURSOR_EDGE + column], alpha = over >> 24;
  for (uint32_t shift = 0; shift < 24; shift += 8)
    result |= ((over >> shift & 255) * alpha + (under >> shift & 255) * (255 - alpha) + 127) / 255 << shift;
  return result ^ cursor_invert[row * CURSOR_EDGE + column];
}

static void draw_coloured(uint32_t *pixels) {
  for (uint32_t i = 0; i < CURSOR_EDGE * CURSOR_EDGE; i++)
    pixels[i] = cursor_blend[i] = (i * 13 & 255) << 24 | (i * 0x10307 & 0xffffff);
  memset(cursor_invert, 0, sizeof cursor_invert);
}

static void draw_masked(uint32_t *pixels) {
  for (uint32_t i = 0; i < CURSOR_EDGE * CURSOR_EDGE; i++) {
    bool inverts = i % 3 == 0;
    uint32_t colour = i * 0x20511 & 0xffffff;
    pixels[i] = (inverts ? 0xff000000u : 0) | colour;
    cursor_blend[i] = inverts ? 0 : 0xff000000u | colour;
    cursor_invert[i] = inverts ? colour : 0;
  }
}

static void draw_monochrome(uint8_t *planes, uint32_t pitch_bytes) {
  for (uint32_t i = 0; i < CURSOR_EDGE * CURSOR_EDGE; i++) {
    uint32_t x = i % CURSOR_EDGE, y = i / CURSOR_EDGE;
    bool and = i % 5 < 2, xor = i % 7 < 3;
    planes[y * pitch_bytes + x / 8] |= (uint8_t)(and << (7 - x % 8));
    planes[(CURSOR_EDGE + y) * pitch_bytes + x / 8] |= (uint8_t)(xor << (7 - x % 8));
    cursor_blend[i] = and? 0 : xor? 0xffffffff : 0xff000000u;
    cursor_invert[i] = and&&xor? 0xffffff : 0;
  }
}

static void publish_shape(enum transom_cursor_type type) {
  uint32_t pixels[CURSOR_EDGE * CURSOR_EDGE * 2] = {0};
  shape = (struct transom_cursor_shape){.type = type, .width = CURSOR_EDGE, .height = CURSOR_EDGE, .hot_x = 5, .hot_y = 3};
  shape.pitch_bytes = type == TRANSOM_CURSOR_MONOCHROME ? CURSOR_EDGE / 8 : CURSOR_EDGE * 4;
  if (type == TRANSOM_CURSOR_MONOCHROME)
    draw_monochrome((uint8_t *)pixels, shape.pitch_bytes);
  else if (type == TRANSOM_CURSOR_MASKED)
    draw_masked(pixels);
  else
    draw_coloured(pixels);
  assert_int_equal(cursor_writer_shape(&current->publisher.cursor, &shape, (const uint8_t *)pixels), 0);
}

static void move_cursor(int32_t x, int32_t y, bool visible) {
  cursor_writer_move(&current->publisher.cursor, x, y, visible, 0);
  cursor_x = x - (int32_t)shape.hot_x;
  cursor_y = y - (int32_t)shape.hot_y;
  cursor_shown = visible;
  window_assert_pixels(current, 0, window_one_to_one(current), pixel_with_cursor);
}

static void cursor_is_exact_and_costs_no_upload(void **state) {
  (void)state;
  static const enum transom_cursor_type types[] = {TRANSOM_CURSOR_COLOUR, TRANSOM_CURSOR_MASKED, TRANSOM_CURSOR_MONOCHROME};
  start("vulkan", NULL, "cursor");
  window_assert_seen(current, 0, window_one_to_one(current));
  uint64_t bytes = current->viewers[0].uploaded_bytes;
  for (size_t i = 0; i < 3; i++) {
    publish_shape(types[i]);
    move_cursor(300, 200, true);
    move_cursor(-2, 1, true); /* over the edges */
    move_cursor(638, 399, true);
    move_cursor(50, 60, false);
    move_cursor(120, 77, true);
  }
  assert_int_equal(current->viewers[0].uploaded_bytes, bytes);
}

/* ---- scaling ---- */

static void see_scaled(const char *scaling, struct placement at) {
  char word[32];
  snprintf(word, sizeof word, "--scaling=%s", scaling);
  current->renderer = "vulkan";
  window_start_viewer(current, scaling, word);
  window_assert_seen(current, 0, window_one_to_one(current));
  x_display_place(&current->display, current->windows[0], 0, 0, (int)at.window_width, (int)at.window_height);
  window_assert_seen(current, 0, at);
  window_end_viewers(current);
}

static void scaling_keeps_pixels(void **state) {
  (void)state;
  test_publisher_format(&current->publisher, 0x77);
  test_publisher_mode(&current->publisher, TRANSOM_FORMAT_BGRA8, 300, 201, 0); /* odd */
  test_publisher_publish_whole(&current->publisher);
  see_scaled("1:1", (struct placement){500, 400, 100, 99, 1});
  see_scaled("1:1", (struct placement){200, 101, -50, -50, 1});
  see_scaled("integer", (struct placement){1000, 500, 200, 49, 2});
  see_scaled("fit", (struct placement){900, 603, 0, 0, 3});
  see_scaled("fill", (struct placement){900, 402, 0, -100, 3});
  see_scaled("stretch", (struct placement){600, 402, 0, 0, 2});
}

/* ---- what lies over the picture; the self-test ---- */

/* Dark ground and bright letters in the upper left corner, the picture everywhere else. */
static void hud_lies_over_a_corner(const char *renderer) {
  current->renderer = renderer;
  window_publish_first(current);
  struct placement all = window_one_to_one(current);
  window_start_viewer(current, "hud", "--hud");
  WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence);
  uint32_t wrong = 0;
  for (int left_ms = WINDOW_PATIENCE_MS; left_ms > 0; left_ms -= WINDOW_STEP_MS) {
    wrong = window_count_wrong(current, 0, all, NULL);
    if (wrong > 640 * 20 && wrong < 640 * 200)
      break;
    window_pass_time(current);
  }
  assert_in_range(wrong, 640 * 20, 640 * 200);
  struct x_picture seen;
  assert_true(x_display_read(&current->display, current->windows[0], &seen));
  uint32_t bright = 0;
  for (uint32_t y = 0; y < 400; y++)
    for (uint32_t x = 0; x < 640; x++) {
      uint32_t pixel = seen.pixels[y * seen.width + x];
      if (y >= 250)
        assert_int_equal(pixel, test_publisher_pixel(&current->publisher, x, y));
      bright += y < 150 && x < 300 && (pixel & 0xffffff) == 0xdcebdc; /* the text's own colour */
    }
  free(seen.pixels);
  assert_in_range(bright, 50, 20000);
}

static void hud_lies_over_a_corner_by_vulkan(void **state) {
  (void)state;
  hud_lies_over_a_corner("vulkan");
}

static void hud_lies_over_a_corner_by_sdl(void **state) {
  (void)state;
  current->driver = "software";
  hud_lies_over_a_corner("sdl");
}

static const char *verdict_of(const cJSON *report, const char *renderer) {
  const cJSON *row;
  cJSON_ArrayForEach(row, cJSON_GetObjectItem(report, "renderers")) {
    if (strcmp(cJSON_GetObjectItem(row, "renderer")->valuestring, renderer) == 0)
      return cJSON_GetObjectItem(row, "verdict")->valuestring;
  }
  return "missing";
}

/* Each copy says which clock its rate has; the device's part of it is no longer than all of it. */
static void assert_copies_are_timed(const cJSON *report, const char *renderer, const char *clock) {
  const cJSON *row, *copy;
  unsigned count = 0;
  cJSON_ArrayForEach(row, cJSON_GetObjectItem(report, "renderers")) {
    if (strcmp(cJSON_GetObjectItem(row, "renderer")->valuestring, renderer) != 0)
      continue;
    cJSON_ArrayForEach(copy, cJSON_GetObjectItem(row, "copies")) {
      const cJSON *device = cJSON_GetObjectItem(copy, "device_ms");
      double all_ms = cJSON_GetObjectItem(copy, "median_ms")->valuedouble, ms = device ? device->valuedouble : all_ms;
      double rate = cJSON_GetObjectItem(copy, "bytes")->valuedouble / ms / 1e6;
      assert_string_equal(cJSON_GetObjectItem(copy, "rate_clock")->valuestring, clock);
      assert_int_equal(device != NULL, strcmp(clock, "device") == 0);
      assert_true(ms > 0 && ms <= all_ms && fabs(cJSON_GetObjectItem(copy, "rate_gb_s")->valuedouble - rate) <= rate / 1000);
      count++;
    }
  }
  assert_int_equal(count, 4);
}

static void selftest_tries_every_way(void **state) {
  (void)state;
  char command[512], text[16384];
  snprintf(command, sizeof command,
           "DISPLAY=%s SDL_VIDEODRIVER=x11 TRANSOM_VULKAN_VALIDATION=1 ASAN_OPTIONS=detect_leaks=0 " TRANSOM
           " selftest --json --width 643 --height 481",
           current->display.name);
  FILE *output = popen(command, "r");
  assert_non_null(output);
  size_t length = fread(text, 1, sizeof text - 1, output);
  text[length] = 0;
  assert_int_equal(pclose(output), 0);
  cJSON *report = cJSON_Parse(text);
  assert_non_null(report);
  assert_int_equal(cJSON_GetObjectItem(report, "schema")->valueint, 1);
  assert_string_equal(verdict_of(report, "vulkan-import"), "exact");
  assert_string_equal(verdict_of(report, "vulkan-staging"), "exact");
  assert_string_equal(verdict_of(report, "sdl"), "exact");
  assert_string_equal(verdict_of(report, "headless"), "exact");
  assert_copies_are_timed(report, "vulkan-import", "device"); /* lavapipe has timestamps */
  assert_copies_are_timed(report, "vulkan-staging", "device");
  assert_copies_are_timed(report, "sdl", "wall");
  cJSON_Delete(report);
}

/* ---- trouble ---- */

/* The file is cut under the viewer, then another takes its place: it lives on, says so, and shows the picture again. */
static void cut_file_is_survived(const char *renderer) {
  struct test_publisher *publisher = &current->publisher;
  char name[sizeof publisher->path];
  test_publisher_finish(publisher);
  assert_true(test_publisher_init_file(publisher));
  start(renderer, NULL, "cut");
  see_some_frames(2);
  memcpy(name, publisher->path, sizeof name);
  assert_int_equal(ftruncate(publisher->fd, 1 << 20), 0); /* header and queue stay, the pixels are gone */
  assert_true(test_publisher_begin(publisher, (struct transom_rect){0, 0, 640, 400}));
  frame_writer_complete(&publisher->writer, 1, 2); /* of pixels that are not there: the viewer runs into it */
  current->quiet = true;
  WAIT_FOR(current, strcmp(current->viewers[0].state, "running") != 0);
  assert_true(viewer_process_said(&current->viewers[0], "cut short") + viewer_process_said(&current->viewers[0], "another one now") > 0);
  test_publisher_finish(publisher);
  assert_true(test_publisher_init_file(publisher));
  test_publisher_format(publisher, 0x4242);
  test_publisher_publish_whole(publisher);
  assert_int_equal(rename(publisher->path, name), 0);
  memcpy(publisher->path, name, sizeof name);
  current->quiet = false;
  WAIT_FOR(current, strcmp(current->viewers[0].state, "running") == 0);
  window_assert_seen(current, 0, window_one_to_one(current));
}

static void cut_file_is_survived_by_vulkan(void **state) {
  (void)state;
  cut_file_is_survived("vulkan");
}

static void cut_file_is_survived_by_sdl(void **state) {
  (void)state;
  current->driver = "software";
  cut_file_is_survived("sdl");
}

/* A window that nobody can see takes no pictures; nothing waits for it, and it shows the newest one when it comes back. */
static void hidden_window_is_no_hang(void **state) {
  (void)state;
  start("vulkan", NULL, "hidden");
  see_some_frames(2);
  for (unsigned i = 0; i < 3; i++) {
    x_display_map(&current->display, current->windows[0], false);
    for (uint32_t j = 0; j < 10; j++) {
      test_publisher_publish(&current->publisher, some_rect(j));
      WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence);
    }
    x_display_map(&current->display, current->windows[0], true);
    window_assert_seen(current, 0, window_one_to_one(current));
  }
}

/* The agent is killed and starts again, at any point of a frame. */
static void agent_may_die_anywhere(void **state) {
  (void)state;
  struct test_random random = {.state = 7};
  start("vulkan", NULL, "agent dies");
  window_assert_seen(current, 0, window_one_to_one(current));
  for (unsigned i = 0; i < repeat(LONG_KILLS); i++) {
    assert_true(test_publisher_begin(&current->publisher, (struct transom_rect){0, 0, 640, 400}));
    test_publisher_rows(&current->publisher, test_random_below(&random, 400));
    if (test_random_one_in(&random, 2))
      window_pass_time(current);
    test_publisher_format(&current->publisher, 0x10000 + i);
    test_publisher_publish_whole(&current->publisher);
    window_assert_seen(current, 0, window_one_to_one(current));
  }
}

/* The viewer is killed in the middle of whatever it does; the guest goes on publishing, and the next viewer shows the newest picture. */
static void viewer_may_die_anywhere(void **state) {
  (void)state;
  start("vulkan", NULL, "viewer dies");
  for (unsigned i = 0; i < repeat(LONG_KILLS); i++) {
    see_some_frames(1 + i % 3);
    test_publisher_publish_whole(&current->publisher);
    current->viewer_count = 0;
    viewer_process_end(&current->viewers[0], SIGKILL);
    viewer_process_forget(&current->viewers[0]);
    for (uint32_t j = 0; j < 20; j++) { /* each gets its slot: nobody waits for the dead */
      uint64_t before = current->publisher.writer.sequence;
      assert_int_equal(test_publisher_publish(&current->publisher, some_rect(j)), before + 1);
    }
    window_start_viewer(current, "viewer dies", NULL);
    window_assert_seen(current, 0, window_one_to_one(current));
  }
}

/* What a guest may write while we look: nonsense into descriptors, progress lines and history. The last good picture stays, a counter
 * moves; afterwards all is well. The mapping has guard areas on both sides (host/link/shared_memory.c). */
static void scribble(struct test_random *random, uint32_t patches) {
  const struct transom_queue_view *queue = &current->publisher.region.queues[0];
  volatile uint8_t *begin = (volatile uint8_t *)queue->newest;
  size_t bytes = (size_t)(queue->slots - begin);
  bytes = bytes > 65536 ? 65536 : bytes;
  for (uint32_t i = 0; i < patches; i++) {
    uint64_t value = test_random_one_in(random, 3) ? UINT64_MAX : test_random_next(random);
    wire_store64((volatile uint64_t *)(volatile void *)(begin + test_random_below(random, (uint32_t)bytes / 8) * 8), value);
  }
  for (uint32_t slot = 0; slot < queue->slot_count; slot++) { /* and where it hurts: sizes, pitch, rectangles of whole records */
    volatile uint64_t *record = (volatile uint64_t *)(volatile void *)(queue->descriptors + (size_t)slot * queue->descriptor_bytes);
    wire_store64(record + 1 + test_random_below(random, queue->descriptor_bytes / 8 - 2), test_random_next(random));
  }
}

static void nonsense_does_no_harm(const char *renderer) {
  struct test_random random = {.state = 11};
  start(renderer, "dma-buf", "nonsense");
  window_assert_seen(current, 0, window_one_to_one(current));
  for (unsigned i = 0; i < repeat(300); i++) {
    for (uint32_t j = 0; j < 20; j++) {
      test_publisher_publish(&current->publisher, some_rect(j));
      scribble(&random, 40);
    }
    window_pass_time(current);
    test_publisher_format(&current->publisher, 0x90000 + i);
    test_publisher_publish_whole(&current->publisher);
    WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence);
  }
  window_assert_seen(current, 0, window_one_to_one(current));
}

static void nonsense_does_no_harm_by_import(void **state) {
  (void)state;
  nonsense_does_no_harm("vulkan");
}

static void nonsense_does_no_harm_by_staging(void **state) {
  (void)state;
  nonsense_does_no_harm("vulkan-staging");
}

static void nonsense_does_no_harm_by_sdl(void **state) {
  (void)state;
  current->driver = "software";
  nonsense_does_no_harm("sdl");
}

/* A descriptor that lies about its size, well-formed: refused, counted, and the last good picture stays. */
static void lie_is_counted(void **state) {
  (void)state;
  struct test_publisher *publisher = &current->publisher;
  start("vulkan", NULL, "lie");
  window_assert_seen(current, 0, window_one_to_one(current));
  assert_true(test_publisher_begin(publisher, (struct transom_rect){0, 0, 640, 400}));
  const struct transom_queue_view *queue = &publisher->region.queues[0];
  volatile struct transom_descriptor *descriptor =
      (volatile void *)(queue->descriptors + (size_t)publisher->writer.slot * queue->descriptor_bytes);
  descriptor->height = 1u << 20;
  frame_writer_complete(&publisher->writer, 1, 2);
  WAIT_FOR(current, current->viewers[0].bad > 0);
  test_publisher_publish_whole(publisher);
  window_assert_seen(current, 0, window_one_to_one(current));
}

/* ---- frame ---- */

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
  const struct CMUnitTest tests[] = {
      TEST(import_is_the_first_rung),
      TEST(refused_import_ends_at_staging),
      TEST(import_of_other_memory_is_found_out),
      TEST(file_that_may_shrink_is_staged),
      TEST(device_lost_by_import_goes_on_by_staging),
      TEST(device_lost_by_staging_goes_on_by_sdl),
      TEST(no_vulkan_means_sdl),
      TEST(software_vulkan_is_no_gpu),
      TEST(nothing_left_means_headless),
      TEST(sdl_failing_means_headless),
      TEST(forced_rung_does_not_fall),
      TEST(forced_staging_is_exact),
      TEST(vulkan_leaks_nothing),
      TEST(falling_leaks_nothing),
      TEST(report_names_who_presents_now),
      TEST(hidden_window_is_no_hang),
      TEST(bands_are_shown_whole_by_import),
      TEST(bands_are_shown_whole_by_staging),
      TEST(half_a_frame_is_never_seen),
      TEST(stalled_frame_is_taken_when_complete),
      TEST(cursor_is_exact_and_costs_no_upload),
      TEST(scaling_keeps_pixels),
      TEST(hud_lies_over_a_corner_by_vulkan),
      TEST(hud_lies_over_a_corner_by_sdl),
      TEST(selftest_tries_every_way),
      TEST(cut_file_is_survived_by_vulkan),
      TEST(cut_file_is_survived_by_sdl),
      TEST(agent_may_die_anywhere),
      TEST(viewer_may_die_anywhere),
      TEST(nonsense_does_no_harm_by_import),
      TEST(nonsense_does_no_harm_by_staging),
      TEST(nonsense_does_no_harm_by_sdl),
      TEST(lie_is_counted),
  };
  if (getenv("TRANSOM_TEST_FILTER"))
    cmocka_set_test_filter(getenv("TRANSOM_TEST_FILTER"));
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  x_display_stop(&test.display);
  return failed;
}
