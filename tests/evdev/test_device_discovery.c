/* Which devices there are: udev's news and inotify's, on mocked devices. */
#include "host/devices/device_discovery_internal.h"
#include "host/event/event_loop.h"

#include "support/mock_input.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/input.h>

#define KNOWN_MAX 16
#define TURNS_MAX 200
#define TURN_MS 50

static const int typing[][2] = {{KEY_ESC, KEY_COMPOSE}, {0, 0}};
static const int media[][2] = {{KEY_MUTE, KEY_POWER}, {KEY_NEXTSONG, KEY_NEXTSONG}, {0, 0}};
static const int power[][2] = {{KEY_POWER, KEY_POWER}, {KEY_SLEEP, KEY_SLEEP}, {0, 0}};
static const int buttons[][2] = {{BTN_LEFT, BTN_TASK}, {0, 0}};
static const int motion[] = {REL_X, REL_Y, REL_WHEEL, -1};

static const struct mock_input keyboard = {.number = 3,
                                           .name = "Some Keyboard",
                                           .phys = "usb-0000:00:14.0-1/input0",
                                           .by_id = "usb-Some_Keyboard-event-kbd",
                                           .bus = BUS_USB,
                                           .vendor = 0x046d,
                                           .product = 0xc31c,
                                           .key_ranges = typing};
static const struct mock_input keyboard_media = {.number = 4,
                                                 .name = "Some Keyboard Consumer Control",
                                                 .phys = "usb-0000:00:14.0-1/input1",
                                                 .bus = BUS_USB,
                                                 .vendor = 0x046d,
                                                 .product = 0xc31c,
                                                 .key_ranges = media};
static const struct mock_input keyboard_system = {.number = 5,
                                                  .name = "Some Keyboard System Control",
                                                  .phys = "usb-0000:00:14.0-1/input2",
                                                  .bus = BUS_USB,
                                                  .vendor = 0x046d,
                                                  .product = 0xc31c,
                                                  .key_ranges = power};
static const struct mock_input headset = {.number = 6,
                                          .name = "Headset",
                                          .phys = "usb-0000:00:14.0-2/input0",
                                          .bus = BUS_USB,
                                          .vendor = 0x1111,
                                          .product = 0x2222,
                                          .key_ranges = media};
static const struct mock_input mouse = {.number = 7,
                                        .name = "Mouse\x1b[31m",
                                        .phys = "usb-0000:00:14.0-3/input0",
                                        .bus = BUS_USB,
                                        .vendor = 0x1234,
                                        .product = 0x5678,
                                        .key_ranges = buttons,
                                        .relative = motion};
static const struct mock_input host_keyboard = {
    .number = 9, .name = "Transom host keys", .phys = "transom/host-keys", .bus = BUS_VIRTUAL, .key_ranges = typing};
static const struct mock_input namesake = {
    .number = 10, .name = "Transom host keys", .phys = "transom/host-keys", .bus = BUS_USB, .key_ranges = typing};
static const struct mock_input lid = {.number = 8, .name = "Lid Switch", .phys = "PNP0C0D/button/input0", .bus = BUS_HOST, .is_lid = true};

struct fixture {
  struct event_loop *loop;
  struct mock_bed *bed;
  struct device_discovery *discovery;
  struct input_device_info known[KNOWN_MAX];
  size_t count;
  int news;
};

static struct input_device_info *find(struct fixture *fixture, int number) {
  char tail[32];
  snprintf(tail, sizeof(tail), "/event%d", number);
  for (size_t i = 0; i < fixture->count; i++) {
    const char *node = fixture->known[i].node;
    if (strlen(node) > strlen(tail) && strcmp(node + strlen(node) - strlen(tail), tail) == 0)
      return &fixture->known[i];
  }
  return NULL;
}

static void on_added(const struct input_device_info *info, void *user_data) {
  struct fixture *fixture = user_data;
  for (size_t i = 0; i < fixture->count; i++)
    assert_string_not_equal(fixture->known[i].node, info->node);
  assert_true(fixture->count < KNOWN_MAX);
  fixture->known[fixture->count++] = *info;
  fixture->news++;
}

static void on_removed(const char *node, void *user_data) {
  struct fixture *fixture = user_data;
  size_t at = 0;
  while (at < fixture->count && strcmp(fixture->known[at].node, node) != 0)
    at++;
  assert_true(at < fixture->count); /* never of one that was not told of */
  fixture->known[at] = fixture->known[--fixture->count];
  fixture->news++;
}

static const struct device_discovery_events events = {.added = on_added, .removed = on_removed};

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  fixture->loop = event_loop_create(EVENT_LOOP_EPOLL); /* io_uring would go past the mock */
  fixture->bed = mock_bed_create();
  *state = fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  device_discovery_destroy(fixture->discovery);
  mock_bed_destroy(fixture->bed);
  event_loop_destroy(fixture->loop);
  free(fixture);
  return 0;
}

static void discover_by_udev(struct fixture *fixture) {
  fixture->discovery = device_discovery_create_over(DEVICE_WATCH_UDEV, NULL, NULL, fixture->loop, &events, fixture);
  assert_non_null(fixture->discovery);
  assert_string_equal(device_discovery_name(fixture->discovery), "udev");
}

static void await_news(struct fixture *fixture, int news) {
  for (int turn = 0; turn < TURNS_MAX && fixture->news < news; turn++)
    event_loop_run_once(fixture->loop, TURN_MS);
  assert_int_equal(fixture->news, news);
}

static uint32_t roles_of(struct fixture *fixture, const struct mock_input *input) {
  const struct input_device_info *info = find(fixture, input->number);
  assert_non_null(info);
  return info->roles;
}

static void what_is_there_is_told_with_its_role(void **state) {
  struct fixture *fixture = *state;
  mock_bed_put(fixture->bed, &keyboard_media); /* before its keyboard */
  mock_bed_put(fixture->bed, &keyboard);
  mock_bed_put(fixture->bed, &keyboard_system);
  mock_bed_put(fixture->bed, &headset);
  mock_bed_put(fixture->bed, &mouse);
  mock_bed_put(fixture->bed, &lid);
  discover_by_udev(fixture);
  assert_int_equal(fixture->news, 6);
  assert_int_equal(roles_of(fixture, &keyboard), INPUT_DEVICE_KEYBOARD);
  assert_int_equal(roles_of(fixture, &keyboard_media), INPUT_DEVICE_KEYBOARD); /* all its interfaces go together */
  assert_int_equal(roles_of(fixture, &keyboard_system), 0);                    /* power and sleep stay with the host */
  assert_int_equal(roles_of(fixture, &headset), 0);
  assert_int_equal(roles_of(fixture, &mouse), INPUT_DEVICE_POINTER);
  assert_int_equal(roles_of(fixture, &lid), 0);
}

/* Hardware cannot be on its bus, whatever it calls itself. */
static void the_keyboard_of_host_keys_is_never_taken(void **state) {
  struct fixture *fixture = *state;
  mock_bed_put(fixture->bed, &host_keyboard);
  mock_bed_put(fixture->bed, &namesake);
  discover_by_udev(fixture);
  assert_int_equal(roles_of(fixture, &host_keyboard), 0);
  assert_int_equal(roles_of(fixture, &namesake), INPUT_DEVICE_KEYBOARD);
}

static void a_device_is_described_without_opening_it(void **state) {
  struct fixture *fixture = *state;
  mock_bed_put(fixture->bed, &mouse);
  discover_by_udev(fixture);
  mock_bed_plug(fixture->bed, &keyboard); /* with its links, which umockdev has no database for */
  await_news(fixture, 2);
  const struct input_device_info *info = find(fixture, keyboard.number);
  assert_string_equal(info->node, "/dev/input/event3");
  assert_string_equal(info->name, "Some Keyboard");
  assert_string_equal(info->by_id, "usb-Some_Keyboard-event-kbd");
  assert_string_equal(info->physical, "usb-0000:00:14.0-1");
  assert_int_equal(info->bus, BUS_USB);
  assert_int_equal(info->vendor, 0x046d);
  assert_int_equal(info->product, 0xc31c);
  assert_string_equal(find(fixture, mouse.number)->name, "Mouse?[31m"); /* it will be printed */
}

static void devices_come_and_go(void **state) {
  struct fixture *fixture = *state;
  discover_by_udev(fixture);
  assert_int_equal(fixture->count, 0);
  mock_bed_plug(fixture->bed, &mouse);
  await_news(fixture, 1);
  assert_int_equal(roles_of(fixture, &mouse), INPUT_DEVICE_POINTER);
  mock_bed_unplug(fixture->bed, &mouse);
  await_news(fixture, 2);
  assert_int_equal(fixture->count, 0);
  struct mock_input again = mouse;
  again.number = 17;
  mock_bed_plug(fixture->bed, &again);
  await_news(fixture, 3);
  assert_int_equal(fixture->count, 1);
}

static void a_second_interface_that_came_first_is_told_of_anew(void **state) {
  struct fixture *fixture = *state;
  discover_by_udev(fixture);
  mock_bed_plug(fixture->bed, &keyboard_media);
  await_news(fixture, 1);
  assert_int_equal(roles_of(fixture, &keyboard_media), 0);
  mock_bed_plug(fixture->bed, &keyboard);
  await_news(fixture, 4); /* removed, added, added */
  assert_int_equal(roles_of(fixture, &keyboard_media), INPUT_DEVICE_KEYBOARD);
  assert_int_equal(roles_of(fixture, &keyboard), INPUT_DEVICE_KEYBOARD);
}

static void the_devices_of_another_seat_are_not_ours(void **state) {
  struct fixture *fixture = *state;
  struct mock_input other = mouse, ours = mouse;
  unsetenv("XDG_SEAT");
  discover_by_udev(fixture);
  other.seat = "seat1";
  ours.number = 18;
  ours.seat = "seat0";
  mock_bed_plug(fixture->bed, &other);
  mock_bed_plug(fixture->bed, &ours);
  await_news(fixture, 1);
  assert_null(find(fixture, other.number));
  assert_non_null(find(fixture, ours.number));
}

static void write_attribute(const char *directory, const char *name, const char *value) {
  char path[256];
  snprintf(path, sizeof(path), "%s/%s", directory, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fprintf(file, "%s\n", value);
  fclose(file);
}

/* A sysfs and a /dev/input of plain files. */
static void make_mouse(const char *root) {
  char directory[128], path[192];
  static const char *const levels[] = {"/sys", "/sys/event9", "/sys/event9/device", "/sys/event9/device/id",
                                       "/sys/event9/device/capabilities"};
  for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
    snprintf(directory, sizeof(directory), "%s%s", root, levels[i]);
    assert_int_equal(mkdir(directory, 0700), 0);
  }
  snprintf(directory, sizeof(directory), "%s/sys/event9/device", root);
  write_attribute(directory, "name", "Plain Mouse");
  write_attribute(directory, "id/vendor", "1234");
  write_attribute(directory, "id/product", "abcd");
  write_attribute(directory, "capabilities/key", "1f0000 0 0 0 0");
  write_attribute(directory, "capabilities/rel", "1943");
  snprintf(path, sizeof(path), "%s/dev/input", root);
  mkdir(path, 0700);
  write_attribute(path, "event9", "");
}

static void remove_tree(const char *root) {
  char command[160];
  snprintf(command, sizeof(command), "rm -rf '%s'", root);
  assert_int_equal(system(command), 0);
}

static void without_udev_inotify_tells(void **state) {
  struct fixture *fixture = *state;
  char root[] = "/tmp/discovery-XXXXXX", devices[64], sysfs[64], node[96];
  assert_non_null(mkdtemp(root));
  snprintf(devices, sizeof(devices), "%s/dev", root);
  assert_int_equal(mkdir(devices, 0700), 0);
  snprintf(devices, sizeof(devices), "%s/dev/input", root); /* which is not there yet */
  snprintf(sysfs, sizeof(sysfs), "%s/sys", root);
  snprintf(node, sizeof(node), "%s/event9", devices);
  fixture->discovery = device_discovery_create_over(DEVICE_WATCH_INOTIFY, devices, sysfs, fixture->loop, &events, fixture);
  assert_non_null(fixture->discovery);
  assert_string_equal(device_discovery_name(fixture->discovery), "inotify");
  assert_int_equal(fixture->count, 0);
  make_mouse(root);
  await_news(fixture, 1);
  assert_int_equal(fixture->known[0].roles, INPUT_DEVICE_POINTER);
  assert_string_equal(fixture->known[0].node, node);
  assert_true(input_device_matches(&fixture->known[0], "1234:abcd"));
  assert_int_equal(unlink(node), 0);
  await_news(fixture, 2);
  assert_int_equal(fixture->count, 0);
  write_attribute(devices, "event9", "");
  await_news(fixture, 3);
  assert_int_equal(fixture->count, 1);
  remove_tree(root);
  await_news(fixture, 4);
}

static void a_choice_is_a_path_a_link_or_ids(void **state) {
  (void)state;
  const struct input_device_info info = {.node = "/dev/input/event3", .by_id = "usb-Some-event-kbd", .vendor = 0x046d, .product = 0xc31c};
  static const char *const right[] = {"/dev/input/event3", "/dev/input/by-id/usb-Some-event-kbd", "usb-Some-event-kbd", "046d:c31c",
                                      "46D:C31C"};
  static const char *const wrong[] = {"/dev/input/event33",
                                      "/dev/input/event",
                                      "event3",
                                      "",
                                      ":",
                                      "046d:",
                                      ":c31c",
                                      "046d:c31",
                                      "046d:c31cc",
                                      "0x46d:c31c",
                                      "-46d:c31c",
                                      "046d:c31c ",
                                      "1046d:c31c",
                                      "/dev/input/by-id/",
                                      "046dc31c"};
  for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
    assert_true(input_device_matches(&info, right[i]));
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
    assert_false(input_device_matches(&info, wrong[i]));
  const struct input_device_info nameless = {.node = "/dev/input/event4"};
  assert_false(input_device_matches(&nameless, ""));
  assert_false(input_device_matches(&nameless, "/dev/input/by-id/"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(what_is_there_is_told_with_its_role),
      CASE(the_keyboard_of_host_keys_is_never_taken),
      CASE(a_device_is_described_without_opening_it),
      CASE(devices_come_and_go),
      CASE(a_second_interface_that_came_first_is_told_of_anew),
      CASE(the_devices_of_another_seat_are_not_ours),
      CASE(without_udev_inotify_tells),
      cmocka_unit_test(a_choice_is_a_path_a_link_or_ids),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
