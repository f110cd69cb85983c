#define LOG_MODULE "latency"
#include "host/cli/latency_loop_report.h"

#include "common/exit_status.h"
#include "common/log.h"
#include "host/app/latency_loop.h"
#include "host/app/report_file.h"
#include "host/cli/interrupt.h"
#include "host/event/event_loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const latency_loop_sink_names[] = {"both", "usb", "qmp", NULL};

typedef void (*loop_writer)(const struct loop_figures *figures, unsigned count, const char *presenter, FILE *out);

static const char *presenter_of(const struct loop_figures *figures, unsigned count) { return count ? figures[0].presenter : "none"; }

struct written {
  const struct loop_figures *figures;
  unsigned count;
  loop_writer writer;
};

static void write_one(FILE *out, void *user_data) {
  const struct written *written = user_data;
  written->writer(written->figures, written->count, presenter_of(written->figures, written->count), out);
}

static bool write_report(const struct loop_figures *figures, unsigned count, const char *path, loop_writer writer) {
  return report_file_write(path, write_one, &(struct written){figures, count, writer});
}

/* One line on a terminal, written over again and again. */
static void show_progress(const struct loop_figures *figures, void *user_data) {
  const uint64_t *trials = user_data;
  double us;
  fprintf(stderr, "\r%s: %llu of %llu, %llu lost, %llu disturbed", figures->sink, (unsigned long long)figures->trials,
          (unsigned long long)*trials, (unsigned long long)figures->lost, (unsigned long long)figures->disturbed);
  if (loop_figures_quantile(figures, LOOP_SPAN_WHOLE, LOOP_P50, &us))
    fprintf(stderr, "; p50 %.2f ms", us / 1000);
  fprintf(stderr, "\033[K%s", figures->trials == *trials ? "\n" : "");
}

/* How many sinks were measured to the end; `count` of how many there are figures. */
static unsigned measure(struct event_loop *loop, const struct view_settings *settings, enum latency_loop_sink sink, uint64_t trials,
                        struct loop_figures *figures, unsigned *count) {
  static const enum input_sinks_way ways[LOOP_SINKS_MAX] = {INPUT_SINKS_USB, INPUT_SINKS_QMP};
  unsigned complete = 0;
  for (unsigned i = 0; i < LOOP_SINKS_MAX; i++) {
    const bool wanted = sink == LATENCY_LOOP_BOTH || (sink == LATENCY_LOOP_USB) == (ways[i] == INPUT_SINKS_USB);
    const struct latency_loop_options options = {
        .way = ways[i], .trials = trials, .progress = isatty(STDERR_FILENO) ? show_progress : NULL, .user_data = &trials};
    if (!wanted || interrupt_came())
      continue;
    fprintf(stderr, "transom latency: %llu presses of Right Ctrl by %s; leave the guest's keyboard and mouse alone meanwhile\n",
            (unsigned long long)trials, latency_loop_sink_names[i + 1]);
    complete += latency_loop_run(loop, settings, &options, &figures[*count]) && loop_figures_measured(&figures[*count]);
    ++*count;
  }
  return complete;
}

static int report(const struct loop_figures *figures, unsigned count, unsigned complete, const struct latency_loop_paths *paths) {
  const bool is_taken = report_file_is_stdout(paths->json) || report_file_is_stdout(paths->csv) || report_file_is_stdout(paths->html);
  if (!is_taken)
    loop_figures_text(figures, count, presenter_of(figures, count), stdout);
  bool good = write_report(figures, count, paths->json, loop_figures_json);
  good = write_report(figures, count, paths->csv, loop_figures_csv) && good;
  good = write_report(figures, count, paths->html, loop_figures_html) && good;
  return good && complete && !interrupt_came() ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

static struct loop_figures *create_figures(uint64_t trials) {
  struct loop_figures *figures = calloc(LOOP_SINKS_MAX, sizeof *figures);
  struct loop_record *records = calloc(LOOP_SINKS_MAX * trials, sizeof *records);
  for (unsigned i = 0; figures && records && i < LOOP_SINKS_MAX; i++) {
    figures[i].records = records + i * trials;
    figures[i].capacity = trials;
  }
  if (figures && records)
    return figures;
  free(figures);
  free(records);
  return NULL;
}

static void destroy_figures(struct loop_figures *figures) {
  if (figures)
    free(figures[0].records);
  free(figures);
}

int latency_loop_report(const struct view_settings *settings, enum latency_loop_sink sink, uint64_t trials,
                        const struct latency_loop_paths *paths) {
  struct event_loop *loop = event_loop_create(EVENT_LOOP_EPOLL); /* as the viewer's input thread */
  struct loop_figures *figures = create_figures(trials);
  unsigned count = 0;
  int status = EXIT_STATUS_FAILED;
  if (loop && figures) {
    interrupt_stops(loop);
    const unsigned complete = measure(loop, settings, sink, trials, figures, &count);
    interrupt_stops(NULL);
    status = report(figures, count, complete, paths);
  } else {
    log_error("cannot start: %s", strerror(errno));
  }
  destroy_figures(figures);
  event_loop_destroy(loop);
  return status;
}
