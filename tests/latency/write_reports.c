/* Plays a recorded run through the collector and writes its four reports: what `transom latency` would have written.
 *
 * usage: write_reports RECORDED_RUN DIRECTORY */
#include "host/stats/latency_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_exchange(const char *line, struct latency_collector *collector) {
  struct clock_exchange e;
  if (sscanf(line, "exchange %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &e.t1_ns, &e.t4_ns, &e.t2_ns, &e.t3_ns) != 4)
    return 0;
  latency_collector_exchange(collector, &e);
  return 1;
}

static int read_frame(const char *line, struct latency_trace *trace) {
  struct latency_frame f = {.epoch = 0xfeed};
  int first, banded, source;
  uint64_t *g = f.guest_ns, *h = f.host_ns;
  int count = sscanf(line,
                     "frame %" SCNu64 " %" SCNu64 " %d %d %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                     " %" SCNu64 " %" SCNu64 " %" SCNu64,
                     &f.sequence, &f.skipped, &first, &banded, &source, &g[0], &g[1], &g[2], &g[3], &h[0], &h[1], &h[2], &h[3], &h[4]);
  if (count != 14)
    return 0;
  f.first = first;
  f.banded = banded;
  latency_trace_stamp(trace, LATENCY_UPLOAD_STARTED, h[LATENCY_UPLOAD_STARTED]);
  latency_trace_stamp(trace, LATENCY_UPLOADED, h[LATENCY_UPLOADED]);
  latency_trace_shown(trace, &f);
  if (source)
    latency_trace_presented(trace, h[LATENCY_SUBMITTED], h[LATENCY_PRESENTED], (enum latency_source)source);
  return 1;
}

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
  FILE *in = argc == 3 ? fopen(argv[1], "r") : NULL;
  struct latency_collector *collector = latency_collector_create(&(struct latency_collector_options){.keep_records = true});
  struct latency_trace *trace = latency_trace_create();
  char line[512];
  if (!in || !collector || !trace)
    return 2;
  while (fgets(line, sizeof line, in)) {
    if (!read_exchange(line, collector) && !read_frame(line, trace)) {
      fprintf(stderr, "write_reports: not understood: %s", line);
      return 1;
    }
    latency_collector_step(collector, trace);
  }
  fclose(in);
  latency_collector_finish(collector);
  write_all(collector, argv[2]);
  latency_collector_destroy(collector);
  latency_trace_destroy(trace);
  return 0;
}
