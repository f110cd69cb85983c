/* `transom view`: where settings come from, and which sockets a name leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/app/settings.h"
#include "host/cli/command.h"
#include "host/present/presenter_select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct settings_test {
  char root[64], config[96], run[2][96];
  struct settings_places places;
  struct view_settings settings;
};

static int set_up(void **state) {
  struct settings_test *test = calloc(1, sizeof *test);
  assert_non_null(test);
  snprintf(test->root, sizeof test->root, "/tmp/transom-settings-XXXXXX");
  assert_non_null(mkdtemp(test->root));
  snprintf(test->config, sizeof test->config, "%s/transom.conf", test->root);
  for (int i = 0; i < 2; i++) {
    snprintf(test->run[i], sizeof test->run[i], "%s/run%d", test->root, i);
    assert_int_equal(mkdir(test->run[i], 0700), 0);
    test->places.run_directories[i] = test->run[i];
  }
  test->places.config_file = test->config;
  *state = test;
  return 0;
}

static int tear_down(void **state) {
  struct settings_test *test = *state;
  char command[128];
  snprintf(command, sizeof command, "rm -r '%s'", test->root);
  assert_int_equal(system(command), 0);
  free(test);
  return 0;
}

static void write_file(const char *directory, const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void add_domain(const char *run, const char *name, bool with_qmp) {
  char path[200];
  snprintf(path, sizeof path, "%s/%s", run, name);
  assert_int_equal(mkdir(path, 0700), 0);
  write_file(path, "region.sock", "");
  if (with_qmp)
    write_file(path, "qmp.sock", "");
}

static enum options_result load(struct settings_test *test, char *first, char *second, char *third) {
  char name[] = "view", *argv[] = {name, first, second, third, NULL};
  int argc = 1;
  while (argv[argc])
    argc++;
  return settings_load(&test->settings, &test->places, argc, argv);
}

#define WORD(text) ((char[]){text})

static void defaults_lead_to_the_default_domain(void **state) {
  struct settings_test *test = *state;
  char expected[256];
  assert_int_equal(load(test, NULL, NULL, NULL), OPTIONS_OK);
  assert_string_equal(test->settings.domain, "default");
  snprintf(expected, sizeof expected, "server:%s/default/region.sock", test->run[1]);
  assert_string_equal(test->settings.region, expected);
  assert_string_equal(test->settings.qmp, "");
  assert_int_equal(test->settings.renderer, PRESENTER_AUTO);
}

static void a_domain_is_found_where_it_is(void **state) {
  struct settings_test *test = *state;
  char expected[256];
  add_domain(test->run[1], "games", true);
  assert_true(settings_domain_exists(&test->places, "games"));
  assert_false(settings_domain_exists(&test->places, "../run1/games"));
  assert_int_equal(load(test, WORD("games"), NULL, NULL), OPTIONS_OK);
  snprintf(expected, sizeof expected, "server:%s/games/region.sock", test->run[1]);
  assert_string_equal(test->settings.region, expected);
  snprintf(expected, sizeof expected, "%s/games/qmp.sock", test->run[1]);
  assert_string_equal(test->settings.qmp, expected);
}

static void the_first_place_wins(void **state) {
  struct settings_test *test = *state;
  add_domain(test->run[0], "games", false);
  add_domain(test->run[1], "games", true);
  assert_int_equal(load(test, WORD("games"), NULL, NULL), OPTIONS_OK);
  assert_non_null(strstr(test->settings.region, "/run0/"));
  assert_string_equal(test->settings.qmp, "");
}

static void later_sources_win(void **state) {
  struct settings_test *test = *state;
  write_file(test->root, "transom.conf", "[view]\nrenderer = headless\nhead = 1\nfullscreen = true\n[domain.games]\nhead = 2\nqmp = /q\n");
  assert_int_equal(load(test, WORD("games"), WORD("--head=3"), WORD("--no-fullscreen")), OPTIONS_OK);
  assert_int_equal(test->settings.renderer, PRESENTER_HEADLESS);
  assert_int_equal(test->settings.head, 3);
  assert_false(test->settings.fullscreen);
  assert_string_equal(test->settings.qmp, "/q");
  assert_int_equal(load(test, WORD("games"), NULL, NULL), OPTIONS_OK);
  assert_int_equal(test->settings.head, 2);
  assert_int_equal(load(test, WORD("other"), NULL, NULL), OPTIONS_OK);
  assert_int_equal(test->settings.head, 1);
}

static void input_has_a_section_and_a_domain_its_own_words(void **state) {
  struct settings_test *test = *state;
  write_file(test->root, "transom.conf",
             "[view]\ntoggle = pause\n[input]\ntoggle = scrolllock\nhost-keys = super+1..9\nhidden-pointer = ignore\n"
             "[domain.games]\nhidden-pointer = capture\nsink = usb\n");
  assert_int_equal(load(test, NULL, NULL, NULL), OPTIONS_OK);
  assert_false(test->settings.input.toggle_is_automatic);
  assert_string_equal(test->settings.input.toggle_key.label, "Scroll Lock");
  assert_int_equal(test->settings.input.host_key_list.count, 9);
  assert_int_equal(test->settings.hidden_pointer, SETTINGS_HIDDEN_POINTER_IGNORE);
  assert_int_equal(load(test, WORD("games"), WORD("--toggle=auto"), WORD("--host-keys=none")), OPTIONS_OK);
  assert_true(test->settings.input.toggle_is_automatic);
  assert_int_equal(test->settings.input.host_key_list.count, 0);
  assert_int_equal(test->settings.hidden_pointer, SETTINGS_HIDDEN_POINTER_CAPTURE);
  assert_int_equal(test->settings.sink, 1);
}

static void heads_are_all_or_numbers(void **state) {
  struct settings_test *test = *state;
  assert_int_equal(load(test, WORD("--heads=all"), NULL, NULL), OPTIONS_OK);
  assert_true(test->settings.all_heads);
  assert_int_equal(test->settings.head_count, 8);
  assert_int_equal(load(test, WORD("--heads=5,0,7"), NULL, NULL), OPTIONS_OK);
  assert_false(test->settings.all_heads);
  assert_int_equal(test->settings.head_count, 3);
  assert_int_equal(test->settings.windows[0].head, 5);
  assert_int_equal(test->settings.windows[2].head, 7);
  write_file(test->root, "transom.conf", "[view]\nheads = 0,1\n");
  assert_int_equal(load(test, NULL, NULL, NULL), OPTIONS_OK);
  assert_int_equal(test->settings.head_count, 2);
  assert_int_equal(load(test, WORD("--heads="), WORD("--head=1"), NULL), OPTIONS_OK);
  assert_int_equal(test->settings.head_count, 0);
  static const char *const wrong[] = {"--heads=8",    "--heads=1,", "--heads=,1", "--heads=1,1", "--heads=0 1",
                                      "--heads=0,,1", "--heads=-1", "--heads=01", "--heads=some"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char word[24];
    snprintf(word, sizeof word, "%s", wrong[i]);
    if (load(test, word, NULL, NULL) != OPTIONS_ERROR)
      fail_msg("%s was taken", wrong[i]);
  }
  assert_int_equal(load(test, WORD("--heads=all"), WORD("--screenshot=a.png"), NULL), OPTIONS_ERROR);
}

static void mistakes_are_refused(void **state) {
  struct settings_test *test = *state;
  assert_int_equal(load(test, WORD("--renderer"), WORD("opengl"), NULL), OPTIONS_ERROR);
  assert_int_equal(load(test, WORD("--head=99"), NULL, NULL), OPTIONS_ERROR);
  assert_int_equal(load(test, WORD("/dev/shm/file"), NULL, NULL), OPTIONS_ERROR);
  assert_int_equal(load(test, WORD("one"), WORD("two"), NULL), OPTIONS_ERROR);
  assert_int_equal(load(test, WORD("--toggle=the-any-key"), NULL, NULL), OPTIONS_ERROR);
  assert_int_equal(load(test, WORD("--host-keys=volume,loudness"), NULL, NULL), OPTIONS_ERROR);
  write_file(test->root, "transom.conf", "[view]\nhaed = 1\n");
  assert_int_equal(load(test, NULL, NULL, NULL), OPTIONS_ERROR);
}

static void verbs_are_found_and_guessed(void **state) {
  (void)state;
  for (size_t i = 0; command_table[i]; i++) {
    assert_ptr_equal(command_find(command_table[i]->name), command_table[i]);
    if (i > 0)
      assert_true(strcmp(command_table[i - 1]->name, command_table[i]->name) < 0);
  }
  assert_null(command_find("vew"));
  assert_ptr_equal(command_nearest("vew"), &command_view);
  assert_ptr_equal(command_nearest("sever"), &command_serve);
  assert_null(command_nearest("windows-eleven"));
  assert_null(command_nearest("a-word-that-is-longer-than-any-verb-can-be"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(defaults_lead_to_the_default_domain, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_domain_is_found_where_it_is, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_first_place_wins, set_up, tear_down),
      cmocka_unit_test_setup_teardown(later_sources_win, set_up, tear_down),
      cmocka_unit_test_setup_teardown(input_has_a_section_and_a_domain_its_own_words, set_up, tear_down),
      cmocka_unit_test_setup_teardown(heads_are_all_or_numbers, set_up, tear_down),
      cmocka_unit_test_setup_teardown(mistakes_are_refused, set_up, tear_down),
      cmocka_unit_test(verbs_are_found_and_guessed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
