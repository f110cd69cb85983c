#define LOG_MODULE "latency"
#include "host/cli/latency_loop_report.h"

#include "common/exit_status.h"
#include "common/log.h"
#include "host/app/latency_loop.h"
#include "host/cli/interrupt.h"
#include "host/event/event_loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRESENTER "headless"

const char *const latency_loop_sink_names[] = {"both", "usb", "qmp", NULL};

static bool write_json(const struct loop_figures *figures, unsigned count, const char *path) {
  const bool is_stdout = strcmp(path, "-") == 0;
  FILE *out = is_stdout ? stdout : fopen(path, "we");
  bool good = out != NULL;
  if (out) {
    loop_figures_json(figures, count, PRESENTER, out);
    good = fflush(out) == 0 && !ferror(out);
    if (!is_stdout)
      good = fclose(out) == 0 && good;
  }
  if (!good)
    log_error("cannot write the report %s: %s", path, strerror(errno));
  return good;
}

/* How many sinks were measured to the end; `count` of how many there are figures. */
static unsigned measure(struct event_loop *loop, const struct view_settings *settings, enum latency_loop_sink sink, uint64_t trials,
                        struct loop_figures *figures, unsigned *count) {
  static const enum input_sinks_way ways[LOOP_SINKS_MAX] = {INPUT_SINKS_USB, INPUT_SINKS_QMP};
  unsigned complete = 0;
  for (unsigned i = 0; i < LOOP_SINKS_MAX; i++) {
    const bool wanted = sink == LATENCY_LOOP_BOTH || (sink == LATENCY_LOOP_USB) == (ways[i] == INPUT_SINKS_USB);
    const struct latency_loop_options options = {.way = ways[i], .trials = trials};
    if (!wanted || interrupt_came())
      continue;
    fprintf(stderr, "transom latency: %llu presses of Right Ctrl by %s; leave the guest's keyboard and mouse alone meanwhile\n",
            (unsigned long long)trials, latency_loop_sink_names[i + 1]);
    complete += latency_loop_run(loop, settings, &options, &figures[*count]) && loop_figures_measured(&figures[*count]);
    ++*count;
  }
  return complete;
}

static int report(const struct loop_figures *figures, unsigned count, unsigned complete, const char *json) {
  if (strcmp(json, "-") != 0)
    loop_figures_text(figures, count, PRESENTER, stdout);
  if (json[0] && !write_json(figures, count, json))
    return EXIT_STATUS_FAILED;
  return complete && !interrupt_came() ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

int latency_loop_report(const struct view_settings *settings, enum latency_loop_sink sink, uint64_t trials, const char *json) {
  struct event_loop *loop = event_loop_create(EVENT_LOOP_EPOLL); /* as the viewer's input thread */
  struct loop_figures *figures = calloc(LOOP_SINKS_MAX, sizeof *figures);
  unsigned count = 0;
  int status = EXIT_STATUS_FAILED;
  if (loop && figures) {
    interrupt_stops(loop);
    const unsigned complete = measure(loop, settings, sink, trials, figures, &count);
    interrupt_stops(NULL);
    status = report(figures, count, complete, json);
  } else {
    log_error("cannot start: %s", strerror(errno));
  }
  free(figures);
  event_loop_destroy(loop);
  return status;
}
