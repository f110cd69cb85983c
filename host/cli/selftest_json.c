#include "host/cli/selftest_json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const verdicts[] = {[SELFTEST_EXACT] = "exact", [SELFTEST_WRONG] = "wrong", [SELFTEST_CANNOT] = "cannot"};

static void add_copies(cJSON *object, const struct selftest_report *report, const struct selftest_row *row) {
  cJSON *copies = cJSON_AddArrayToObject(object, "copies");
  for (uint32_t i = 0; i < SELFTEST_SIZES; i++) {
    cJSON *copy = cJSON_CreateObject();
    cJSON_AddNumberToObject(copy, "bytes", (double)report->copy_bytes[i]);
    cJSON_AddNumberToObject(copy, "median_ms", row->copy_ms[i]);
    if (row->device_ms[i] > 0)
      cJSON_AddNumberToObject(copy, "device_ms", row->device_ms[i]);
    cJSON_AddNumberToObject(copy, "rate_gb_s", selftest_rate(report, row, i));
    cJSON_AddStringToObject(copy, "rate_clock", row->device_ms[i] > 0 ? "device" : "wall");
    cJSON_AddItemToArray(copies, copy);
  }
  cJSON_AddNumberToObject(object, "frame_cpu_ms", row->cpu_ms);
  cJSON_AddNumberToObject(object, "frame_driver_cpu_ms", row->driver_cpu_ms);
  cJSON_AddNumberToObject(object, "damage_1_percent_ms", row->damage_ms);
}

static cJSON *row_of(const struct selftest_report *report, const struct selftest_row *row) {
  static const char *const modes[SELFTEST_MODES] = {"present_fullscreen_ms", "present_windowed_ms", "present_tearing_ms"};
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "renderer", presenter_kind_names[row->kind]);
  cJSON_AddStringToObject(object, "verdict", verdicts[row->verdict]);
  if (row->note[0])
    cJSON_AddStringToObject(object, "note", row->note);
  if (row->verdict != SELFTEST_EXACT)
    return object;
  cJSON_AddNumberToObject(object, "ready_ms", row->ready_ms);
  add_copies(object, report, row);
  for (uint32_t i = 0; i < SELFTEST_MODES; i++)
    if (row->present_ms[i] > 0)
      cJSON_AddNumberToObject(object, modes[i], row->present_ms[i]);
  return object;
}

bool selftest_json_print(const struct selftest_report *report) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddNumberToObject(root, "schema", 1);
  cJSON_AddNumberToObject(root, "width", report->width);
  cJSON_AddNumberToObject(root, "height", report->height);
  cJSON *rows = cJSON_AddArrayToObject(root, "renderers");
  for (uint32_t i = 0; i < report->row_count; i++)
    cJSON_AddItemToArray(rows, row_of(report, &report->rows[i]));
  char *text = cJSON_Print(root);
  bool printed = text && puts(text) >= 0 && fflush(stdout) == 0;
  free(text);
  cJSON_Delete(root);
  return printed;
}
