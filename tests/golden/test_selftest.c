/* transom selftest tries every way, and says which clock a rate has. */
#include "presented.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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

int main(void) {
  const struct CMUnitTest tests[] = {
      PRESENTED_TEST(selftest_tries_every_way),
  };
  return presented_run("3840x2160x24", tests);
}
