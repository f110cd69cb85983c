#define LOG_MODULE "latency"
#include "host/app/latency_monitor.h"

#include "common/clock.h"
#include "common/log.h"
#include "host/app/report_file.h"
#include "host/present/presenter_select.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS 250u
#define HIDDEN_TICK_MS 1000u         /* nobody looks: the trace holds four seconds of 240 frames */
#define CLOCK_NS UINT64_C(200000000) /* between bursts: five chances a second for a short exchange */
#define SHOWN_EVERY 4u               /* ticks: the table once a second */
#define HOME_AND_CLEAR "\033[H\033[J"

struct latency_monitor {
  const struct view_settings *settings;
  struct latency_trace *trace;
  struct latency_collector *collector;
  const char *_Atomic presenter;
  uint64_t started_ns, ticks;
  atomic_bool graph_wanted;
  bool live; /* standard output is a terminal that shows the table */
  pthread_mutex_t lock;
  char stages[LATENCY_MONITOR_STAGES_BYTES]; /* behind the lock, as is */
  struct latency_graph graph;
  struct latency_feedback feedback;
};

/* Somebody asked for figures. */
static bool is_wanted(const struct view_settings *settings) {
  return settings->latency.wanted || settings->stats == SETTINGS_STATS_JSON || settings->stats_socket[0];
}

uint64_t latency_monitor_tick_ms(const struct view_settings *settings, bool hud) {
  if (is_wanted(settings) || hud)
    return TICK_MS;
  return settings->renderer == PRESENTER_HEADLESS ? 0 : HIDDEN_TICK_MS;
}

uint64_t latency_monitor_clock_ns(const struct view_settings *settings) {
  return is_wanted(settings) && !settings->same_clock ? CLOCK_NS : 0;
}

static const char *path_of(const char *path) { return path ? path : ""; }

struct latency_monitor *latency_monitor_create(const struct view_settings *settings) {
  struct latency_monitor *monitor = calloc(1, sizeof *monitor);
  if (!monitor)
    return NULL;
  bool rows = path_of(settings->latency.csv)[0] || path_of(settings->latency.html)[0];
  struct latency_collector_options collect = {.same_clock = settings->same_clock, .keep_records = rows};
  monitor->settings = settings;
  monitor->presenter = "none";
  monitor->live = settings->latency.text && isatty(STDOUT_FILENO);
  snprintf(monitor->stages, sizeof monitor->stages, "null");
  pthread_mutex_init(&monitor->lock, NULL);
  monitor->trace = latency_trace_create();
  monitor->collector = latency_collector_create(&collect);
  if (monitor->trace && monitor->collector)
    return monitor;
  latency_monitor_destroy(monitor);
  return NULL;
}

void latency_monitor_destroy(struct latency_monitor *monitor) {
  if (!monitor)
    return;
  latency_collector_destroy(monitor->collector);
  latency_trace_destroy(monitor->trace);
  pthread_mutex_destroy(&monitor->lock);
  free(monitor);
}

void latency_monitor_begin(struct latency_monitor *monitor, const char *presenter) {
  if (!monitor)
    return;
  monitor->presenter = presenter;
  monitor->started_ns = clock_monotonic_ns();
}

void latency_monitor_presenter(struct latency_monitor *monitor, const char *presenter) {
  if (monitor)
    atomic_store_explicit(&monitor->presenter, presenter, memory_order_relaxed);
}

struct latency_trace *latency_monitor_trace(struct latency_monitor *monitor) {
  return monitor ? monitor->trace : NULL;
}

static struct latency_report report_of(struct latency_monitor *monitor) {
  struct latency_report report = {.domain = monitor->settings->domain,
                                  .presenter = monitor->presenter,
                                  .elapsed_ms = (clock_monotonic_ns() - monitor->started_ns) / 1000000,
                                  .figures = latency_collector_figures(monitor->collector),
                                  .mapping = latency_collector_mapping(monitor->collector),
                                  .same_clock = monitor->settings->same_clock};
  pthread_mutex_lock(&monitor->lock);
  report.feedback = monitor->feedback;
  pthread_mutex_unlock(&monitor->lock);
  report.records = latency_collector_records(monitor->collector, &report.count, &report.left_out);
  return report;
}

/* ---- while it runs ---- */

void latency_monitor_exchange(struct latency_monitor *monitor, const struct transom_clock_sample *sample) {
  latency_collector_exchange(monitor->collector, &(struct clock_exchange){sample->t1_ns, sample->t4_ns, sample->t2_ns, sample->t3_ns});
}

static void keep_stages(struct latency_monitor *monitor, const struct latency_report *report) {
  char text[LATENCY_MONITOR_STAGES_BYTES] = "";
  FILE *out = fmemopen(text, sizeof text, "w");
  if (!out)
    return;
  latency_report_stages_json(report, out);
  bool whole = fflush(out) == 0 && !ferror(out) && ftell(out) < (long)sizeof text;
  fclose(out);
  if (!whole)
    return;
  pthread_mutex_lock(&monitor->lock);
  memcpy(monitor->stages, text, sizeof text);
  pthread_mutex_unlock(&monitor->lock);
}

static void keep_graph(struct latency_monitor *monitor) {
  struct latency_graph graph;
  if (!atomic_load_explicit(&monitor->graph_wanted, memory_order_relaxed))
    return;
  latency_recent_graph(latency_collector_recent(monitor->collector), clock_raw_ns(), &graph);
  pthread_mutex_lock(&monitor->lock);
  monitor->graph = graph;
  pthread_mutex_unlock(&monitor->lock);
}

static void show_progress(const struct latency_monitor *monitor, const struct latency_report *report) {
  fputs(HOME_AND_CLEAR, stdout);
  latency_report_text(report, stdout);
  if (monitor->settings->seconds)
    printf("\n%llu of %llu s; Ctrl-C ends it earlier\n", (unsigned long long)(report->elapsed_ms / 1000),
           (unsigned long long)monitor->settings->seconds);
  else
    printf("\nCtrl-C ends it\n");
  fflush(stdout);
}

void latency_monitor_tick(struct latency_monitor *monitor) {
  latency_collector_step(monitor->collector, monitor->trace);
  keep_graph(monitor);
  if (!is_wanted(monitor->settings))
    return;
  struct latency_report report = report_of(monitor);
  keep_stages(monitor, &report);
  if (monitor->live && monitor->ticks++ % SHOWN_EVERY == 0)
    show_progress(monitor, &report);
}

void latency_monitor_want_graph(struct latency_monitor *monitor, bool wanted) {
  if (!monitor)
    return;
  pthread_mutex_lock(&monitor->lock);
  monitor->graph = (struct latency_graph){0}; /* what is shown next is new */
  pthread_mutex_unlock(&monitor->lock);
  atomic_store_explicit(&monitor->graph_wanted, wanted, memory_order_relaxed);
}

void latency_monitor_graph(struct latency_monitor *monitor, struct latency_graph *graph) {
  pthread_mutex_lock(&monitor->lock);
  *graph = monitor->graph;
  pthread_mutex_unlock(&monitor->lock);
}

size_t latency_monitor_line(struct latency_monitor *monitor, char *line, size_t capacity) {
  struct latency_report report = report_of(monitor);
  FILE *out = fmemopen(line, capacity, "w");
  if (!out)
    return 0;
  latency_report_json(&report, out);
  bool whole = fflush(out) == 0 && !ferror(out);
  long length = ftell(out);
  fclose(out);
  return whole && length > 0 && (size_t)length < capacity ? (size_t)length : 0;
}

bool latency_monitor_is_watched(const struct latency_monitor *monitor) {
  return monitor && (is_wanted(monitor->settings) || atomic_load_explicit(&monitor->graph_wanted, memory_order_relaxed));
}

void latency_monitor_set_feedback(struct latency_monitor *monitor, const struct latency_feedback *feedback) {
  if (!monitor)
    return;
  pthread_mutex_lock(&monitor->lock);
  monitor->feedback = *feedback;
  pthread_mutex_unlock(&monitor->lock);
}

void latency_monitor_stages(struct latency_monitor *monitor, char text[LATENCY_MONITOR_STAGES_BYTES]) {
  pthread_mutex_lock(&monitor->lock);
  memcpy(text, monitor->stages, LATENCY_MONITOR_STAGES_BYTES);
  pthread_mutex_unlock(&monitor->lock);
}

/* ---- at the end ---- */

typedef void (*report_writer)(const struct latency_report *report, FILE *out);

struct written {
  const struct latency_report *report;
  report_writer writer;
};

static void write_one(FILE *out, void *user_data) {
  const struct written *written = user_data;
  written->writer(written->report, out);
}

static bool write_report(const struct latency_report *report, const char *path, report_writer writer) {
  return report_file_write(path, write_one, &(struct written){report, writer});
}

bool latency_monitor_finish(struct latency_monitor *monitor) {
  if (!monitor)
    return true;
  latency_trace_told_all(monitor->trace);
  latency_collector_step(monitor->collector, monitor->trace);
  latency_collector_finish(monitor->collector);
  struct latency_report report = report_of(monitor);
  if (monitor->live)
    fputs(HOME_AND_CLEAR, stdout);
  bool good = write_report(&report, monitor->settings->latency.text ? "-" : "", latency_report_text);
  good = write_report(&report, path_of(monitor->settings->latency.json), latency_report_json) && good;
  good = write_report(&report, path_of(monitor->settings->latency.csv), latency_report_csv) && good;
  good = write_report(&report, path_of(monitor->settings->latency.html), latency_report_html) && good;
  if (report.left_out)
    log_warning("%llu frames are in the figures but not in rows and plots: more than %u are not kept", (unsigned long long)report.left_out,
                LATENCY_COLLECTOR_RECORDS_MAX);
  if (monitor->settings->latency.wanted && report.figures->frames == 0) {
    log_error("no frame of %s came in %.1f s; is its agent running?", monitor->settings->domain, (double)report.elapsed_ms / 1000);
    return false;
  }
  return good;
}
