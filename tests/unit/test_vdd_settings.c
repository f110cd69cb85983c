/* One mode more in the settings file of a virtual display's driver: in the right place, never twice, and nothing else touched. */
#include "guest/core/vdd_settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "<?xml version='1.0' encoding='utf-8'?>\r\n<vdd_settings>\r\n<resolutions>\r\n<resolution><width>800</width></resolution>\r\n"
#define TAIL "</resolutions>\r\n<options><HDRPlus>false</HDRPlus></options>\r\n</vdd_settings>\r\n"
#define OURS(w, h, r)                                                                                                                      \
  "<!-- Transom's mode --><resolution><width>" w "</width><height>" h "</height><refresh_rate>" r                                          \
  "</refresh_rate></resolution><!-- end of Transom's mode -->"

static char result[1024];

static int put(const char *text, uint32_t width, uint32_t height, uint32_t refresh_mhz) {
  strcpy(result, "untouched");
  return vdd_settings_put_mode(text, &(struct display_mode){width, height, refresh_mhz}, result, sizeof result);
}

static void adds_one_and_replaces_it(void **state) {
  (void)state;
  assert_int_equal(put(HEAD TAIL, 2560, 1440, 144000), 0);
  assert_string_equal(result, HEAD OURS("2560", "1440", "144") TAIL);
  char *before = strdup(result);
  assert_int_equal(put(before, 2560, 1440, 144000), 0);
  assert_string_equal(result, before);
  assert_int_equal(put(before, 1024, 768, 59940), 0);
  assert_string_equal(result, HEAD OURS("1024", "768", "59.940") TAIL);
  assert_int_equal(put(before, 1024, 768, 0), 0); /* any rate */
  assert_string_equal(result, HEAD OURS("1024", "768", "60") TAIL);
  free(before);
}

static void moves_what_stands_elsewhere(void **state) {
  (void)state;
  assert_int_equal(put(OURS("1", "2", "3") HEAD TAIL, 640, 480, 60000), 0);
  assert_string_equal(result, HEAD OURS("640", "480", "60") TAIL);
  assert_int_equal(put(HEAD TAIL OURS("1", "2", "3"), 640, 480, 60000), 0);
  assert_string_equal(result, HEAD OURS("640", "480", "60") TAIL);
}

static void a_comment_is_no_list(void **state) {
  (void)state;
  assert_int_equal(put("<!-- </resolutions> -->" HEAD TAIL, 640, 480, 60000), 0);
  assert_string_equal(result, "<!-- </resolutions> -->" HEAD OURS("640", "480", "60") TAIL);
}

static void refuses_what_it_does_not_understand(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "<vdd_settings/>",
                                    "<!-- </resolutions> -->",
                                    "<!-- </resolutions>",
                                    HEAD "<!-- Transom's mode -->" TAIL,
                                    HEAD "<!-- Transom's mode --></resolutions><!-- end of Transom's mode -->"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(put(bad[i], 640, 480, 60000), -EINVAL);
    assert_string_equal(result, "untouched");
  }
  char small[40] = "untouched";
  assert_int_equal(vdd_settings_put_mode(HEAD TAIL, &(struct display_mode){640, 480, 0}, small, sizeof small), -ENOSPC);
  assert_string_equal(small, "untouched");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(adds_one_and_replaces_it),
      cmocka_unit_test(moves_what_stands_elsewhere),
      cmocka_unit_test(a_comment_is_no_list),
      cmocka_unit_test(refuses_what_it_does_not_understand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
