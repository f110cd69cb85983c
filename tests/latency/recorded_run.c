#include "recorded_run.h"

#include <inttypes.h>
#include <stdio.h>

static int read_exchange(const char *line, struct latency_collector *collector) {
  struct clock_exchange e;
  if (sscanf(line, "exchange %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &e.t1_ns, &e.t4_ns, &e.t2_ns, &e.t3_ns) != 4)
    return 0;
  latency_collector_exchange(collector, &e);
  return 1;
}

static int read_frame(const char *line, struct latency_trace *trace, uint64_t *last_ns) {
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
  *last_ns = source ? h[LATENCY_PRESENTED] : h[LATENCY_UPLOADED];
  if (source)
    latency_trace_presented(trace, h[LATENCY_SUBMITTED], h[LATENCY_PRESENTED], (enum latency_source)source, 0);
  return 1;
}

static bool read_lines(FILE *in, struct latency_trace *trace, struct latency_collector *collector, uint64_t *last_ns) {
  char line[512];
  while (fgets(line, sizeof line, in)) {
    if (!read_exchange(line, collector) && !read_frame(line, trace, last_ns)) {
      fprintf(stderr, "recorded_run: not understood: %s", line);
      return false;
    }
    latency_collector_step(collector, trace);
  }
  return true;
}

bool recorded_run_play(const char *path, struct latency_collector *collector, uint64_t *last_ns) {
  FILE *in = fopen(path, "r");
  struct latency_trace *trace = latency_trace_create();
  bool good = in && trace && read_lines(in, trace, collector, last_ns);
  if (!in)
    perror(path);
  else
    fclose(in);
  latency_collector_step(collector, trace);
  latency_collector_finish(collector);
  latency_trace_destroy(trace);
  return good;
}
