/* Where a window was: written, read again, kept on the screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/app/settings.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct window_place some = {
    .placed = true, .fullscreen = true, .x = -1200, .y = 31, .width = 1600, .height = 901, .display = 2};

static char root[64], path[160];

static int set_up(void **state) {
  char directory[96];
  (void)state;
  snprintf(root, sizeof root, "/tmp/transom-place-XXXXXX");
  assert_non_null(mkdtemp(root));
  snprintf(directory, sizeof directory, "%s/a/transom", root);
  assert_true(window_place_path(directory, "win11", 1, path, sizeof path));
  return 0;
}

static int tear_down(void **state) {
  char command[96];
  (void)state;
  snprintf(command, sizeof command, "rm -r '%s'", root);
  return system(command);
}

static void assert_same(const struct window_place *one, const struct window_place *other) {
  assert_int_equal(one->placed, other->placed);
  assert_int_equal(one->fullscreen, other->fullscreen);
  assert_int_equal(one->x, other->x);
  assert_int_equal(one->y, other->y);
  assert_int_equal(one->width, other->width);
  assert_int_equal(one->height, other->height);
  assert_int_equal(one->display, other->display);
}

static void it_is_read_as_it_was_written(void **state) {
  struct window_place place = some;
  const struct window_place before = {.y = 6};
  char error[160];
  (void)state;
  assert_true(window_place_load(path, &place, error, sizeof error)); /* no file yet */
  assert_same(&place, &(struct window_place){0});
  assert_int_equal(window_place_save(path, &before), 0); /* makes its directories */
  assert_int_equal(window_place_save(path, &some), 0);   /* over the first */
  assert_true(window_place_load(path, &place, error, sizeof error));
  assert_same(&place, &some);
}

static void nothing_half_written_stays(void **state) {
  char directory[160];
  unsigned count = 0;
  (void)state;
  assert_int_equal(window_place_save(path, &some), 0);
  snprintf(directory, sizeof directory, "%s/a/transom", root);
  DIR *entries = opendir(directory);
  assert_non_null(entries);
  for (const struct dirent *entry; (entry = readdir(entries));)
    count += entry->d_name[0] != '.';
  closedir(entries);
  assert_int_equal(count, 1);
  assert_true(window_place_save("/proc/transom/x.window", &some) < 0);
}

static void nonsense_changes_nothing(void **state) {
  static const char *const texts[] = {"[window]\nx = 99999999999\n", "[window]\nwidth = -3\nheight = 4\n",
                                      "[window]\nwidth = 300\n",     "[window]\nx = 3\nfullscreen = perhaps\n",
                                      "[window]\nwhat = 3\n",        "\x01\xff["};
  (void)state;
  assert_int_equal(window_place_save(path, &some), 0);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct window_place place = some;
    char error[160] = "";
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(texts[i], file);
    fclose(file);
    if (window_place_load(path, &place, error, sizeof error))
      fail_msg("taken: %s", texts[i]);
    assert_non_null(strstr(error, path));
    assert_same(&place, &some);
  }
}

static void assert_clamped(struct window_place place, int64_t x, int64_t y, int64_t width, int64_t height) {
  static const struct window_place_bounds bounds = {1920, 30, 1280, 994};
  window_place_clamp(&place, &bounds, 640, 480);
  assert_int_equal(place.x, x);
  assert_int_equal(place.y, y);
  assert_int_equal(place.width, width);
  assert_int_equal(place.height, height);
}

static void it_stays_on_its_display(void **state) {
  (void)state;
  assert_clamped((struct window_place){.x = 2000, .y = 100, .width = 800, .height = 600}, 2000, 100, 800, 600);
  assert_clamped((struct window_place){.x = -5000, .y = -5000, .width = 800, .height = 600}, 1920, 30, 800, 600);
  assert_clamped((struct window_place){.x = 65535, .y = 65535, .width = 800, .height = 600}, 2400, 424, 800, 600);
  assert_clamped((struct window_place){.x = 65535, .y = 65535}, 2560, 544, 0, 0); /* the size that nobody chose counts */
  assert_clamped((struct window_place){.x = 3000, .y = 0, .width = 5120, .height = 1440}, 1920, 30, 1280, 994);
}

static void load(const char *first, const char *second, struct view_settings *settings) {
  char state[96],
      *argv[] = {(char[]){"view"}, (char[]){"win11"}, (char[]){"--head=1"}, (char *)(uintptr_t)first, (char *)(uintptr_t)second};
  struct settings_places places = {.run_directories = {root}, .state_directory = state};
  snprintf(state, sizeof state, "%s/a/transom", root);
  assert_int_equal(settings_load(settings, &places, second ? 5 : first ? 4 : 3, argv), OPTIONS_OK);
}

static void what_is_said_wins(void **state) {
  struct view_settings settings;
  (void)state;
  assert_int_equal(window_place_save(path, &some), 0);
  load(NULL, NULL, &settings);
  assert_true(settings.fullscreen);
  assert_int_equal(settings.display, 2);
  assert_string_equal(settings.place_file, path);
  assert_same(&settings.place, &some);
  load("--no-fullscreen", "--display=0", &settings);
  assert_false(settings.fullscreen);
  assert_int_equal(settings.display, 0);
  load("--no-remember", NULL, &settings);
  assert_false(settings.fullscreen);
  assert_int_equal(settings.display, 0);
  assert_string_equal(settings.place_file, "");
}

/* Head 1 has been somewhere, the others have not. */
static void each_head_has_its_own_place(void **state) {
  struct view_settings settings, its;
  (void)state;
  assert_int_equal(window_place_save(path, &some), 0);
  load("--heads=0,1", NULL, &settings);
  assert_int_equal(settings.head_count, 2);
  settings_for_window(&settings, 0, &its);
  assert_int_equal(its.head, 0);
  assert_false(its.fullscreen);
  assert_int_equal(its.display, 0);
  assert_non_null(strstr(its.place_file, "head0"));
  settings_for_window(&settings, 1, &its);
  assert_int_equal(its.head, 1);
  assert_true(its.fullscreen);
  assert_int_equal(its.display, 2);
  assert_string_equal(its.place_file, path);
  assert_same(&its.place, &some);
  load("--heads=3,2", "--fullscreen", &settings); /* one display each */
  for (unsigned i = 0; i < 2; i++) {
    settings_for_window(&settings, i, &its);
    assert_int_equal(its.head, 3 - i);
    assert_true(its.fullscreen);
    assert_int_equal(its.display, i);
  }
  load("--heads=1,2", "--display=4", &settings); /* what is said counts from the first window on */
  assert_int_equal(settings.windows[0].display, 4);
  assert_int_equal(settings.windows[1].display, 5);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(it_is_read_as_it_was_written),        TEST(nothing_half_written_stays), TEST(nonsense_changes_nothing),
      cmocka_unit_test(it_stays_on_its_display), TEST(what_is_said_wins),          TEST(each_head_has_its_own_place)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
