/* The viewer's pure parts: screens, figures as JSON, the pacing of polls, the verbs' table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/app/guest_mode.h"
#include "host/app/hud.h"
#include "host/app/own_server.h"
#include "host/app/screens.h"
#include "host/app/viewer_stats.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static void every_state_says_what_to_do(void **state) {
  (void)state;
  for (int i = GUEST_LINK_NO_REGION; i <= GUEST_LINK_NO_HEAD; i++) {
    struct presenter_status status;
    screens_for((enum guest_link_state)i, "", false, false, &status);
    assert_true(status.visible);
    assert_true(status.title[0] && status.detail[0]);
    assert_false(status.keep_picture);
    screens_for((enum guest_link_state)i, "a\x1b[31m\nb", true, false, &status);
    assert_int_equal(status.visible, i != GUEST_LINK_RUNNING);
    assert_true(status.keep_picture);
    assert_null(strchr(status.detail, 0x1b));
    assert_true(screens_state_name((enum guest_link_state)i)[0]);
  }
}

static void a_picture_that_cannot_be_shown_is_said(void **state) {
  (void)state;
  struct presenter_status status;
  screens_for(GUEST_LINK_RUNNING, "", true, true, &status);
  assert_true(status.visible);
  assert_non_null(strstr(status.title, "cannot be shown"));
}

static void long_texts_are_cut(void **state) {
  (void)state;
  struct presenter_status status;
  char text[2000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = 0;
  screens_for(GUEST_LINK_WAITING, text, false, false, &status);
  assert_non_null(strstr(status.detail, "transom-agent")); /* the advice is still there */
}

static void check_mode(const char *text, uint32_t width, uint32_t height, uint32_t refresh_mhz) {
  struct guest_mode mode;
  assert_true(guest_mode_parse(text, &mode));
  assert_int_equal(mode.wish.width, width);
  assert_int_equal(mode.wish.height, height);
  assert_int_equal(mode.wish.refresh_mhz, refresh_mhz);
  assert_int_equal(mode.follows_window, strncmp(text, "window", 6) == 0);
}

static void a_mode_is_read_or_refused(void **state) {
  (void)state;
  check_mode("", 0, 0, 0);
  check_mode("2560x1440", 2560, 1440, 0);
  check_mode("2560x1440@144", 2560, 1440, 144000);
  check_mode("1920x1080@59.94", 1920, 1080, 59940);
  check_mode("16384x1@0.001", 16384, 1, 1);
  check_mode("window", 0, 0, 0);
  check_mode("window@59.94", 0, 0, 59940);
  static const char *const bad[] = {"x",       "1920",       "1920x",       "x1080",         "0x1080",         "16385x1",
                                    "1x16385", "1920x1080 ", "1920x1080@",  "1920x1080@0",   "1920x1080@1001", "1920x1080@60Hz",
                                    "-1x1080", " 1x1080",    "1x1@60.1234", "99999999999x1", "1920X1080",      "1920x1080@.5",
                                    "windows", "window@",    "@60",         "window60"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct guest_mode mode = {.wish.width = 7};
    assert_false(guest_mode_parse(bad[i], &mode));
    assert_int_equal(mode.wish.width, 7);
  }
}

/* A region that names no socket is an error of its own; it must not start a server under another name. */
static void no_server_is_started_for_no_name(void **state) {
  (void)state;
  static const struct view_settings nameless = {.region = "server:"}, file = {.region = "/dev/shm/region"};
  assert_null(own_server_start(&nameless));
  assert_null(own_server_start(&file));
}

static struct viewer_stats some_stats(void) {
  return (struct viewer_stats){.event = "tick", .head = -1, .state = "running", .presenter = "headless", .domain = "d"};
}

static void figures_name_the_head_where_there_are_several(void **state) {
  (void)state;
  struct viewer_stats stats = some_stats();
  char line[VIEWER_STATS_BYTES];
  viewer_stats_format(&stats, line);
  assert_null(strstr(line, "\"head\""));
  stats.head = 3;
  viewer_stats_format(&stats, line);
  assert_non_null(strstr(line, ",\"head\":3,"));
}

static void figures_are_json(void **state) {
  (void)state;
  struct histogram *histogram = calloc(1, sizeof *histogram);
  char line[VIEWER_STATS_BYTES];
  histogram_clear(histogram);
  for (uint64_t i = 1; i <= 100; i++)
    histogram_add(histogram, i * 1000);
  struct viewer_stats stats = some_stats();
  stats.epoch = UINT64_C(0xfedcba9876543210);
  stats.counts = (struct frame_feed_counts){.sequence = 7, .frames = 5, .skipped = 2, .uploaded_bytes = 123456789012};
  stats.publish_to_seen = histogram;
  stats.start = (struct viewer_start){.began_ns = 5000000, .at_ns = {[VIEWER_START_WINDOW] = 7500000}};
  size_t length = viewer_stats_format(&stats, line);
  assert_int_equal(length, strlen(line));
  cJSON *json = cJSON_Parse(line);
  assert_non_null(json);
  assert_int_equal(cJSON_GetObjectItem(json, "schema")->valueint, 1);
  assert_string_equal(cJSON_GetObjectItem(json, "epoch")->valuestring, "fedcba9876543210");
  assert_int_equal(cJSON_GetObjectItem(json, "skipped")->valueint, 2);
  assert_true(cJSON_GetObjectItem(json, "uploaded_bytes")->valuedouble == 123456789012.0);
  cJSON *start = cJSON_GetObjectItem(json, "start");
  assert_true(cJSON_GetObjectItem(start, "began_ms")->valuedouble == 5 && cJSON_GetObjectItem(start, "window_ms")->valuedouble == 2.5);
  assert_true(cJSON_IsNull(cJSON_GetObjectItem(start, "presented_ms")));
  cJSON *seen = cJSON_GetObjectItem(json, "publish_to_seen_us");
  assert_int_equal(cJSON_GetObjectItem(seen, "count")->valueint, 100);
  assert_in_range(cJSON_GetObjectItem(seen, "p50")->valueint, 49, 51);
  assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "publish_to_presented_us")));
  cJSON_Delete(json);
  free(histogram);
}

static void figures_fit_whatever_they_are(void **state) {
  (void)state;
  char line[VIEWER_STATS_BYTES];
  struct histogram *histogram = calloc(1, sizeof *histogram);
  histogram_clear(histogram);
  histogram_add(histogram, UINT64_MAX / 2);
  histogram->count = UINT64_MAX;
  struct viewer_stats stats = some_stats();
  stats.domain =
      "\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\";
  stats.epoch = stats.elapsed_ms = UINT64_MAX;
  memset(stats.start.at_ns, 0xff, sizeof stats.start.at_ns);
  memset(&stats.counts, 0xff, sizeof stats.counts);
  stats.publish_to_seen = stats.publish_to_presented = histogram;
  viewer_stats_format(&stats, line);
  cJSON *json = cJSON_Parse(line);
  assert_non_null(json);
  assert_string_equal(cJSON_GetObjectItem(json, "domain")->valuestring, stats.domain);
  cJSON_Delete(json);
  free(histogram);
}

static void the_hud_shows_the_last_seconds(void **state) {
  (void)state;
  struct viewer_stats stats = some_stats();
  struct latency_graph recent = {.p50_ns = 1234567,
                                 .p99_ns = 9876543,
                                 .presented = 99,
                                 .missed = 1,
                                 .parts_p50_ns = {10000, 1200000, 20000, 4500000},
                                 .parts_p99_ns = {90000, 3400000, 50000, 16700000}};
  struct hud hud = {0};
  char text[HUD_BYTES];
  stats.rung = "";
  hud_format(&hud, &stats, text);
  assert_null(strstr(text, "seen to drawn"));
  stats.scaler = "libplacebo";
  hud_format(&hud, &stats, text);
  assert_non_null(strstr(text, "headless, libplacebo  0 x 0"));
  stats.recent = &recent;
  hud_format(&hud, &stats, text);
  assert_non_null(strstr(text, "seen to drawn  1.23 ms, 9.88 ms at worst of 100; missed 1 of 100\n"));
  assert_non_null(
      strstr(text, "stages p50/p99 ms: until copied from 0.01/0.09, copy 1.20/3.40, until submitted 0.02/0.05, display 4.50/16.70\n"));
  stats.elapsed_ms += 500;
  stats.counts.frames = 30;
  stats.counts.uploaded_bytes = 3 << 20;
  hud_format(&hud, &stats, text);
  assert_non_null(strstr(text, "60.0 frames/s of"));
  assert_non_null(strstr(text, "link 6.0 MiB/s, 0.100 MiB a frame\n"));
  stats.elapsed_ms += 500;
  hud_format(&hud, &stats, text);
  assert_non_null(strstr(text, "link 0.0 MiB/s\n")); /* a guest at rest */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_state_says_what_to_do),
      cmocka_unit_test(a_picture_that_cannot_be_shown_is_said),
      cmocka_unit_test(long_texts_are_cut),
      cmocka_unit_test(a_mode_is_read_or_refused),
      cmocka_unit_test(no_server_is_started_for_no_name),
      cmocka_unit_test(figures_name_the_head_where_there_are_several),
      cmocka_unit_test(figures_are_json),
      cmocka_unit_test(figures_fit_whatever_they_are),
      cmocka_unit_test(the_hud_shows_the_last_seconds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
