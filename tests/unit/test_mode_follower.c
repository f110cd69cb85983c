/* When the guest is asked to follow the window, and for what: on a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/app/mode_follower.h"

#define MS UINT64_C(1000000)

static uint64_t now_ns;
static struct mode_follower follower;

static int set_up(void **state) {
  (void)state;
  now_ns = 1000 * MS;
  mode_follower_init(&follower, 60000);
  mode_follower_hello(&follower, now_ns);
  return 0;
}

static void window(uint32_t width, uint32_t height, bool chosen) {
  const struct mode_follower_window now = {width, height, 1280, 800, chosen};
  mode_follower_window(&follower, &now, now_ns);
}

static void assert_asks(uint32_t width, uint32_t height) {
  struct transom_control_mode_wish wish;
  assert_true(mode_follower_take(&follower, now_ns, &wish));
  assert_int_equal(wish.width, width);
  assert_int_equal(wish.height, height);
  assert_int_equal(wish.refresh_mhz, 60000);
  assert_int_equal(wish.head, 0);
  assert_false(mode_follower_take(&follower, now_ns, &wish)); /* once */
}

static void assert_silent(void) {
  struct transom_control_mode_wish wish;
  assert_false(mode_follower_take(&follower, now_ns, &wish));
}

static void assert_silent_for_good(void) {
  assert_int_equal(mode_follower_due_ns(&follower), MODE_FOLLOWER_NEVER);
  now_ns += 3600 * 1000 * MS;
  assert_silent();
}

static void only_a_size_that_stands_still_is_asked_for(void **state) {
  (void)state;
  for (uint32_t i = 0; i < 100; i++) { /* an edge that is dragged */
    window(1280 + 2 * i, 800, true);
    assert_silent();
    now_ns += 50 * MS;
  }
  now_ns += 249 * MS;
  assert_silent();
  now_ns += MS;
  assert_int_equal(mode_follower_due_ns(&follower), now_ns);
  assert_asks(1478, 800);
  window(1479, 800, true); /* the same when made even */
  assert_silent_for_good();
}

static void a_size_told_twice_is_due_as_told_first(void **state) {
  (void)state;
  window(1600, 900, true);
  now_ns += 200 * MS;
  window(1600, 900, true);
  now_ns += 100 * MS;
  assert_asks(1600, 900);
}

static void sizes_stay_within_what_a_mode_can_be(void **state) {
  (void)state;
  window(64, 65, true);
  now_ns += MODE_FOLLOWER_STILL_NS;
  assert_asks(MODE_FOLLOWER_WIDTH_MIN, MODE_FOLLOWER_HEIGHT_MIN);
  window(30000, 20000, true);
  now_ns += MODE_FOLLOWER_STILL_NS;
  assert_asks(TRANSOM_WIDTH_MAX, TRANSOM_HEIGHT_MAX);
}

static void a_window_that_follows_the_picture_asks_for_nothing(void **state) {
  (void)state;
  window(1280, 800, false);
  assert_silent_for_good();
}

/* Full screen and back before anybody was asked; then for real: the guest gets back what it had, once. */
static void what_the_guest_had_is_asked_back(void **state) {
  (void)state;
  window(1920, 1080, true);
  now_ns += 100 * MS;
  window(1280, 800, false);
  assert_silent_for_good();
  window(1920, 1080, true);
  now_ns += MODE_FOLLOWER_STILL_NS;
  assert_asks(1920, 1080);
  window(1920, 1080, false);
  now_ns += MODE_FOLLOWER_STILL_NS;
  assert_asks(1280, 800);
  window(1280, 800, false);
  assert_silent_for_good();
  mode_follower_hello(&follower, now_ns);
  assert_silent_for_good();
}

static void a_new_agent_is_asked_again(void **state) {
  (void)state;
  window(1600, 900, true);
  now_ns += MODE_FOLLOWER_STILL_NS;
  assert_asks(1600, 900);
  mode_follower_hello(&follower, now_ns);
  assert_asks(1600, 900);
  assert_silent_for_good();
}

static void nobody_is_asked_before_he_listens(void **state) {
  (void)state;
  mode_follower_init(&follower, 60000);
  window(1600, 900, true);
  assert_silent_for_good();
  mode_follower_hello(&follower, now_ns);
  assert_asks(1600, 900);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
  const struct CMUnitTest tests[] = {
      TEST(only_a_size_that_stands_still_is_asked_for), TEST(a_size_told_twice_is_due_as_told_first),
      TEST(sizes_stay_within_what_a_mode_can_be),       TEST(a_window_that_follows_the_picture_asks_for_nothing),
      TEST(what_the_guest_had_is_asked_back),           TEST(a_new_agent_is_asked_again),
      TEST(nobody_is_asked_before_he_listens)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
