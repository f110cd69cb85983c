/* Plays a recorded run through the collector and writes its four reports: what `transom latency` would have written.
 *
 * usage: write_reports RECORDED_RUN DIRECTORY */
#include "host/stats/latency_report.h"

#include <stdio.h>
#include <stdlib.h>

#include "recorded_run.h"

static void write_one(const struct latency_report *report, const char *directory, const char *name,
                      void (*writer)(const struct latency_report *report, FILE *out)) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *out = fopen(path, "w");
  if (!out || (writer(report, out), fclose(out) != 0)) {
    perror(path);
    exit(1);
  }
}

static void write_all(const struct latency_collector *collector, const char *directory) {
  struct latency_report report = {.domain = "a<b>&\"c",
                                  .presenter = "sdl",
                                  .feedback = {"wp_presentation", "believed", NULL},
                                  .elapsed_ms = 23000,
                                  .figures = latency_collector_figures(collector),
                                  .mapping = latency_collector_mapping(collector)};
  report.records = latency_collector_records(collector, &report.count, &report.left_out);
  write_one(&report, directory, "run.txt", latency_report_text);
  write_one(&report, directory, "run.json", latency_report_json);
  write_one(&report, directory, "run.csv", latency_report_csv);
  write_one(&report, directory, "run.html", latency_report_html);
}

int main(int argc, char **argv) {
  struct latency_collector *collector = latency_collector_create(&(struct latency_collector_options){.keep_records = true});
  uint64_t last_ns;
  if (argc != 3 || !collector)
    return 2;
  if (!recorded_run_play(argv[1], collector, &last_ns))
    return 1;
  write_all(collector, argv[2]);
  latency_collector_destroy(collector);
  return 0;
}
