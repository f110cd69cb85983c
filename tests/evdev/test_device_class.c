/* What a device is, from the words of its sysfs directory; those of real devices. */
#include "host/devices/device_class.h"
#include "host/devices/device_text.h"
#include "host/devices/input_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct device {
  const char *what;
  const char *key, *rel, *abs, *sw, *properties;
  uint32_t roles;
  bool serves_keyboard;
};

static const struct device devices[] = {
    {"PS/2 keyboard", "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe", "0", "0", "0", "0", INPUT_DEVICE_KEYBOARD, false},
    {"power button", "10000000000000 0", "0", "0", "0", "0", 0, false},
    {"power, sleep and wake keys of a keyboard", "c000 10000000000000 0", "0", "0", "0", "0", 0, false},
    {"lid", "0", "0", "0", "1", "0", 0, false},
    {"consumer keys of a keyboard",
     "3f000301ff 0 0 483ffff17aff32d bfd4444600000000 1 130ff38b17d000 677bfad9415fed 19ed68000004400 10000002", "1040", "100000000", "0",
     "0", 0, true},
    {"number pad", "5000fffa0 80000000004000", "0", "0", "0", "0", INPUT_DEVICE_KEYBOARD, false},
    {"mouse", "1f0000 0 0 0 0", "1943", "0", "0", "0", INPUT_DEVICE_POINTER, false},
    {"VM's tablet", "70000 0 0 0 0", "100", "3", "0", "0", INPUT_DEVICE_POINTER, false},
    {"touchpad", "e520 10000 0 0 0 0", "0", "2e0800000000003", "0", "5", 0, false},
    {"touch screen", "400 0 0 0 0 0", "0", "3273800000000003", "0", "2", 0, false},
    {"pen tablet", "1c03 70000 0 0 0 0", "0", "1000d000003", "0", "1", 0, false},
    {"gamepad", "7cdb000000000000 0 0 0 0", "0", "3003f", "0", "0", INPUT_DEVICE_CONTROLLER, false},
    {"accelerometer", "0", "0", "7", "0", "40", 0, false},
    {"nothing", "0", "0", "0", "0", "0", 0, false},
};

static void parse(const char *text, struct device_bits *bits) { assert_true(device_bits_parse(text, bits)); }

static void real_devices_have_their_roles(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
    const struct device *device = &devices[i];
    struct device_capabilities capabilities;
    parse(device->key, &capabilities.keys);
    parse(device->rel, &capabilities.relative);
    parse(device->abs, &capabilities.absolute);
    parse(device->sw, &capabilities.switches);
    parse(device->properties, &capabilities.properties);
    const struct device_class class = device_class_of(&capabilities);
    if (class.roles != device->roles || class.serves_keyboard != device->serves_keyboard)
      fail_msg("%s: roles %u, serves %d", device->what, class.roles, class.serves_keyboard);
  }
}

static void bits_are_words_from_the_top(void **state) {
  (void)state;
  struct device_bits bits;
  assert_true(device_bits_parse("8000000000000000 1\n", &bits));
  assert_true(device_bits_has(&bits, 0));
  assert_true(device_bits_has(&bits, 127));
  assert_false(device_bits_has(&bits, 64));
  assert_false(device_bits_has(&bits, 100000));
  static const char *const wrong[] = {"", "\n", "x", "1 -1", "1,2", "1 2 3 4 5 6 7 8 9 a b c d"};
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
    assert_false(device_bits_parse(wrong[i], &bits));
}

static void a_name_is_safe_to_print(void **state) {
  (void)state;
  char text[] = " \t\x1b]0;x\x07 caf\xc3\xa9 ";
  device_text_clean(text);
  assert_string_equal(text, "??]0;x? caf??");
  char empty[] = "   ";
  device_text_clean(empty);
  assert_string_equal(empty, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(real_devices_have_their_roles),
      cmocka_unit_test(bits_are_words_from_the_top),
      cmocka_unit_test(a_name_is_safe_to_print),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
