/* Host keys: all orders of press and release of a chord, and what must not become one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/input/host_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct host_key_list list;
static struct host_keys keys;
static char guest[512], host[512];

static void write_down(char told[512], const struct input_event *event) {
  snprintf(told + strlen(told), 512 - strlen(told), "%x%c ", event->usage, event->value ? '+' : '-');
}
static void to_guest(const struct input_event *event, void *user_data) {
  (void)user_data;
  write_down(guest, event);
}
static void to_host(const struct input_event *event, void *user_data) {
  (void)user_data;
  write_down(host, event);
}

static void use(const char *text) {
  static const struct host_keys_events events = {to_guest, to_host};
  char error[128];
  assert_true(host_key_list_parse(text, &list, error, sizeof error));
  host_keys_init(&keys, &list, &events, NULL);
  keys.can_reach_host = true;
  guest[0] = host[0] = 0;
}

static void feed(uint16_t usage, bool down) {
  uint16_t page = usage == 0xe9 ? INPUT_PAGE_CONSUMER : INPUT_PAGE_KEYBOARD;
  host_keys_event(&keys, &(struct input_event){.page = page, .usage = usage, .value = down});
}

static void run(const char *script) { /* "e3+ 1e+ ..." */
  char copy[256], *rest = copy, *word;
  snprintf(copy, sizeof copy, "%s", script);
  while ((word = strtok_r(rest, " ", &rest)))
    feed((uint16_t)strtoul(word, NULL, 16), strchr(word, '+') != NULL);
}

static void expect(const char *script, const char *expected_guest, const char *expected_host) {
  guest[0] = host[0] = 0;
  run(script);
  if (strcmp(guest, expected_guest) != 0 || strcmp(host, expected_host) != 0)
    fail_msg("'%s': guest '%s' instead of '%s', host '%s' instead of '%s'", script, guest, expected_guest, host, expected_host);
  assert_int_equal(keys.hosts.count + keys.guests.count + keys.kept_count, 0);
}

/* ---- all orders ---- */

/* The n-th order of `count` things: each choice takes one of those that are left. */
static void order_of(unsigned n, unsigned count, unsigned order[4]) {
  unsigned left[4] = {0, 1, 2, 3};
  for (unsigned i = 0; i < count; i++) {
    unsigned pick = n % (count - i);
    n /= count - i;
    order[i] = left[pick];
    memmove(&left[pick], &left[pick + 1], (count - i - pick - 1) * sizeof *left);
  }
}

static const unsigned factorial[] = {1, 1, 2, 6, 24};

/* The events of one kind ('+' or '-'), in their order. */
static void only(char sign, const char *told, char out[512]) {
  out[0] = 0;
  for (const char *at = told; *at; at = strchr(at, ' ') + 1)
    if (strchr(at, sign) && strchr(at, sign) < strchr(at, ' '))
      strncat(out, at, (size_t)(strchr(at, ' ') - at) + 1);
}

/* Presses and releases are each in order. A release may overtake a press that is held back: it says nothing about whose that is. */
static void expect_all_at_guest(const char *script) {
  char told[2][512], expected[2][512];
  guest[0] = host[0] = 0;
  run(script);
  for (int i = 0; i < 2; i++) {
    only("+-"[i], guest, told[i]);
    only("+-"[i], script, expected[i]);
    assert_string_equal(told[i], expected[i]);
  }
  assert_string_equal(host, "");
}

/* `chord`: modifiers, then the key. A chord is made when its key comes last: then all is the host's, in the order it came, however it is
 * let go of. Else the key was typed before there was a chord, and all is the guest's. */
static void check_orders(const uint16_t *chord, unsigned count) {
  for (unsigned n = 0; n < factorial[count] * factorial[count]; n++) {
    char script[128] = "";
    unsigned press[4], release[4];
    order_of(n % factorial[count], count, press);
    order_of(n / factorial[count], count, release);
    for (unsigned i = 0; i < count; i++)
      snprintf(script + strlen(script), sizeof script - strlen(script), "%x+ ", chord[press[i]]);
    for (unsigned i = 0; i < count; i++)
      snprintf(script + strlen(script), sizeof script - strlen(script), "%x- ", chord[release[i]]);
    if (press[count - 1] == count - 1)
      expect(script, "", script);
    else
      expect_all_at_guest(script);
  }
}

static void all_orders_of_a_chord_stay_whole(void **state) {
  (void)state;
  use("super+1..9,ctrl+alt+t,ctrl+alt+shift+k");
  check_orders((const uint16_t[]){0xe3, 0x1e}, 2);
  check_orders((const uint16_t[]){0xe7, 0x26}, 2); /* the right one will do */
  check_orders((const uint16_t[]){0xe0, 0xe2, 0x17}, 3);
  check_orders((const uint16_t[]){0xe4, 0xe2, 0x17}, 3);
  check_orders((const uint16_t[]){0xe0, 0xe2, 0xe1, 0x0e}, 4);
}

/* The same chord between other keys of the guest, which are held through it. */
static void a_chord_in_the_middle_of_a_game(void **state) {
  (void)state;
  use("super+1");
  expect("1a+ e3+ 1e+ 1e- e3- 1a-", "1a+ 1a- ", "e3+ 1e+ 1e- e3- ");
  expect("1a+ e3+ 1a- 1e+ e3- 1e-", "1a+ 1a- ", "e3+ 1e+ e3- 1e- ");
}

static void what_is_no_chord_reaches_the_guest_whole(void **state) {
  (void)state;
  use("super+1,ctrl+alt+t");
  expect("e3+ e3-", "e3+ e3- ", ""); /* the start menu */
  expect("e3+ 8+ 8- e3-", "e3+ 8+ 8- e3- ", "");
  expect("1e+ 1e-", "1e+ 1e- ", "");
  expect("e0+ 6+ 6- e0-", "e0+ 6+ 6- e0- ", "");
  expect("e0+ e2+ 6+ 6- e2- e0-", "e0+ e2+ 6+ 6- e2- e0- ", "");
  expect("e1+ e3+ 1e+ 1e- e3- e1-", "e1+ e3+ 1e+ 1e- e3- e1- ", ""); /* Shift is one too many */
  expect("e0+ 17+ 17- e0-", "e0+ 17+ 17- e0- ", "");                 /* and Alt is missing */
  expect("e1+ 4+ 4- e1-", "e1+ 4+ 4- e1- ", "");                     /* Shift is never held back */
}

static void one_modifier_serves_several_chords(void **state) {
  (void)state;
  use("super+1..9");
  expect("e3+ 1e+ 1e- 1f+ 1f- e3-", "", "e3+ 1e+ 1e- 1f+ 1f- e3- ");
  expect("e3+ 1e+ 1e- 8+ 8- e3-", "e3+ 8+ 8- e3- ", "e3+ 1e+ 1e- e3- "); /* from host to guest: up there, down here */
}

static void single_keys_are_the_hosts_whatever_is_held(void **state) {
  (void)state;
  use("volume,brightness,media");
  expect("e9+ e9-", "", "e9+ e9- ");
  expect("80+ 80-", "", "80+ 80- "); /* volume on the keyboard page */
  expect("e0+ e9+ e0- e9-", "e0+ e0- ", "e9+ e9- ");
  expect("e3+ e3-", "e3+ e3- ", ""); /* nothing is held back for them */
}

static void modifiers_are_told_at_once_when_no_chord_needs_them(void **state) {
  (void)state;
  use("super+1");
  run("e0+");
  assert_string_equal(guest, "e0+ ");
  run("e3+");
  assert_string_equal(guest, "e0+ e3+ "); /* no chord can come of Ctrl and Super */
}

static void nothing_is_filtered_where_the_host_cannot_be_reached(void **state) {
  (void)state;
  use("volume,super+1");
  keys.can_reach_host = false;
  expect("e9+ e9- e3+ 1e+ 1e- e3-", "e9+ e9- e3+ 1e+ 1e- e3- ", "");
}

static void reset_lets_go_at_the_host(void **state) {
  (void)state;
  use("super+1");
  run("e3+ 1e+");
  host_keys_reset(&keys, 0);
  assert_string_equal(host, "e3+ 1e+ 1e- e3- ");
  guest[0] = 0;
  run("e3+");
  host_keys_reset(&keys, 0);
  assert_string_equal(guest, "");
}

static void lists_that_cannot_be_are_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "volume,loudness", "super+",
      "hyper+1",         "super+1..",
      "super+9..1",      "+1",
      "super+volume",    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
  char error[128];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_false(host_key_list_parse(bad[i], &list, error, sizeof error));
  char many[1024] = "";
  for (int i = 0; i < 8; i++)
    strcat(many, "super+0..9,");
  assert_false(host_key_list_parse(many, &list, error, sizeof error));
  assert_non_null(strstr(error, "more than 64"));
  assert_true(host_key_list_parse("none", &list, error, sizeof error));
  assert_int_equal(list.count, 0);
  assert_true(host_key_list_parse(" volume, alt+tab", &list, error, sizeof error));
  assert_int_equal(list.count, 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_orders_of_a_chord_stay_whole),
      cmocka_unit_test(a_chord_in_the_middle_of_a_game),
      cmocka_unit_test(what_is_no_chord_reaches_the_guest_whole),
      cmocka_unit_test(one_modifier_serves_several_chords),
      cmocka_unit_test(single_keys_are_the_hosts_whatever_is_held),
      cmocka_unit_test(modifiers_are_told_at_once_when_no_chord_needs_them),
      cmocka_unit_test(nothing_is_filtered_where_the_host_cannot_be_reached),
      cmocka_unit_test(reset_lets_go_at_the_host),
      cmocka_unit_test(lists_that_cannot_be_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
