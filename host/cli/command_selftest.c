#include "common/exit_status.h"
#include "common/log.h"
#include "common/memory_copy.h"
#include "common/options.h"
#include "host/app/selftest.h"
#include "host/cli/command.h"
#include "host/cli/selftest_json.h"

#include <stdio.h>

struct selftest_settings {
  int64_t width, height;
  bool json;
};

#define FIELD(name) offsetof(struct selftest_settings, name)

static const struct option_entry entries[] = {
    {.name = "width",
     .kind = OPTION_INT,
     .offset = FIELD(width),
     .minimum = 64,
     .maximum = TRANSOM_WIDTH_MAX,
     .argument = "N",
     .help = "of the frames (3840)"},
    {.name = "height",
     .kind = OPTION_INT,
     .offset = FIELD(height),
     .minimum = 64,
     .maximum = TRANSOM_HEIGHT_MAX,
     .argument = "N",
     .help = "of the frames (2160)"},
    {.name = "json", .kind = OPTION_FLAG, .offset = FIELD(json), .help = "JSON on stdout instead of the table"},
    {0},
};

static const struct option_table table = {
    .usage = "transom selftest [OPTION...]",
    .summary = "Tries each way of presenting on this machine: does it work, is it exact, how fast is it?",
    .entries = entries,
    .epilog = "No VM is needed; a window opens for some seconds. Report the table with your GPU and driver's version.",
};

static void print_row(const struct selftest_row *row) {
  const char *name = presenter_kind_names[row->kind];
  if (row->verdict != SELFTEST_EXACT) {
    printf("%-15s %s: %s\n", name, row->verdict == SELFTEST_WRONG ? "WRONG" : "no", row->note);
    return;
  }
  printf("%-15s exact  %8.1f %9.3f %8.2f %8.2f %8.2f %7.3f %8.3f ", name, row->ready_ms, row->copy_ms[0], row->copy_ms[1], row->copy_ms[2],
         row->copy_ms[SELFTEST_SIZES - 1], row->cpu_ms, row->damage_ms);
  for (uint32_t i = 0; i < SELFTEST_MODES; i++)
    if (row->present_ms[i] > 0)
      printf(" %8.2f", row->present_ms[i]);
    else
      printf("        -");
  printf("\n");
}

static void print_rates(const struct selftest_report *report, const struct selftest_row *row) {
  printf("%-15s                 ", presenter_kind_names[row->kind]);
  for (uint32_t i = 0; i < SELFTEST_SIZES; i++)
    printf(" %8.2f", selftest_rate(report, row, i));
  printf("   by the %s\n",
         row->device_ms[SELFTEST_SIZES - 1] > 0 ? "device's clock, submission left out" : "wall clock, submission included");
}

static void print_table(const struct selftest_report *report) {
  printf("Frames of %u x %u, 4 bytes a pixel; times in ms, medians; copies until the pixels are in the device.\n\n", report->width,
         report->height);
  printf("                         ready    64 KiB   frame/10  frame/2    frame     CPU    1 %% dmg   present: %s, %s, %s\n",
         selftest_modes[0], selftest_modes[1], selftest_modes[2]);
  for (uint32_t i = 0; i < report->row_count; i++)
    print_row(&report->rows[i]);
  printf("\nRates of these copies in GB/s.\n");
  for (uint32_t i = 0; i < report->row_count; i++)
    if (report->rows[i].verdict == SELFTEST_EXACT)
      print_rates(report, &report->rows[i]);
}

/* A way that is not there is no fault; one that shows other pixels is. */
static int status_of(const struct selftest_report *report) {
  for (uint32_t i = 0; i < report->row_count; i++)
    if (report->rows[i].verdict == SELFTEST_WRONG)
      return EXIT_STATUS_FAILED;
  return EXIT_STATUS_OK;
}

static int run(int argc, char **argv) {
  static struct selftest_report report;
  struct selftest_settings settings = {.width = 3840, .height = 2160};
  char error[256];
  int count = 0;
  enum options_result result = options_parse(&table, argc, argv, &settings, NULL, 0, &count);
  if (result != OPTIONS_OK)
    return result == OPTIONS_HELP ? EXIT_STATUS_OK : EXIT_STATUS_USAGE;
  memory_copy_init();
  if (!selftest_run((uint32_t)settings.width, (uint32_t)settings.height, &report, error, sizeof error)) {
    log_error("%s", error);
    return EXIT_STATUS_CANNOT_RUN_HERE;
  }
  if (!settings.json)
    print_table(&report);
  else if (!selftest_json_print(&report))
    return EXIT_STATUS_FAILED;
  return status_of(&report);
}

const struct command command_selftest = {.name = "selftest", .summary = "try and time each way of presenting on this machine", .run = run};
