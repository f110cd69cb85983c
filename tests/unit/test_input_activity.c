#include "guest/linux/input_activity.h"

#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* FIFOs stand in for evdev nodes: they are opened, become readable and end in the same way. */
static int make_node(const char *directory, const char *name) {
  char path[96];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  assert_int_equal(mkfifo(path, 0600), 0);
  return open(path, O_RDWR | O_NONBLOCK);
}

static bool is_readable(const struct input_activity *activity) {
  struct pollfd fd = {.fd = input_activity_fd(activity), .events = POLLIN};
  return poll(&fd, 1, 0) == 1;
}

static void reports_input_of_old_and_new_devices(void **state) {
  (void)state;
  char directory[] = "/tmp/transom-input-XXXXXX";
  assert_non_null(mkdtemp(directory));
  const int old = make_node(directory, "event3");
  struct input_activity *activity = input_activity_create(directory);
  assert_non_null(activity);
  assert_false(is_readable(activity));
  assert_int_equal(write(old, "keys", 4), 4);
  assert_true(is_readable(activity));
  assert_true(input_activity_take(activity));
  assert_false(is_readable(activity));
  const int new = make_node(directory, "event0");
  assert_true(is_readable(activity));
  assert_false(input_activity_take(activity)); /* a device that appears is no input */
  assert_int_equal(write(new, "keys", 4), 4);
  assert_true(input_activity_take(activity));
  assert_false(input_activity_take(activity));
  input_activity_destroy(activity);
  close(old);
  close(new);
  char command[64];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  assert_int_equal(system(command), 0);
}

static void knows_the_time_of_the_first_action(void **state) {
  (void)state;
  char directory[] = "/tmp/transom-input-XXXXXX";
  assert_non_null(mkdtemp(directory));
  const int node = make_node(directory, "event1");
  struct input_activity *activity = input_activity_create(directory);
  assert_non_null(activity);
  const struct input_event nothing[] = {
      {.type = EV_KEY, .code = KEY_A, .value = 2, .input_event_sec = 1}, {.type = EV_LED, .value = 1}, {.type = EV_SYN}};
  const struct input_event press[] = {{.type = EV_MSC, .input_event_sec = 6},
                                      {.type = EV_KEY, .code = KEY_A, .value = 1, .input_event_sec = 7, .input_event_usec = 5},
                                      {.type = EV_REL, .value = 1, .input_event_sec = 8}};
  uint64_t age_ns = 1;
  assert_int_equal(write(node, nothing, sizeof nothing), sizeof nothing);
  assert_true(input_activity_take(activity));                         /* an autorepeat will show on a screen ... */
  assert_false(input_activity_action(activity, 9000000000, &age_ns)); /* ... but nobody did anything */
  assert_int_equal(write(node, press, sizeof press), sizeof press);
  assert_true(input_activity_take(activity));
  assert_true(input_activity_action(activity, 9000000000, &age_ns));
  assert_int_equal(age_ns, 1999995000);
  assert_true(input_activity_action(activity, 7000000000, &age_ns));
  assert_int_equal(age_ns, 0);
  assert_false(input_activity_take(activity));
  assert_false(input_activity_action(activity, 9000000000, &age_ns));
  input_activity_destroy(activity);
  close(node);
  char command[64];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  assert_int_equal(system(command), 0);
}

static void does_without_a_directory(void **state) {
  (void)state;
  assert_null(input_activity_create("/nonexistent/input"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reports_input_of_old_and_new_devices),
      cmocka_unit_test(knows_the_time_of_the_first_action),
      cmocka_unit_test(does_without_a_directory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
