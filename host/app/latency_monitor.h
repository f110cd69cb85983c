/* A viewer's latency figures: the trace that its frames are stamped in, and what is made of it while it runs and at the end.
 *
 * Threads: create, begin and finish while no other thread uses it; latency_monitor_trace() hands out what the frame feed stamps;
 * exchange and tick on the control thread; stages, graph and set_feedback on any. Nothing is written unless an option names a place. */
#ifndef TRANSOM_HOST_APP_LATENCY_MONITOR_H
#define TRANSOM_HOST_APP_LATENCY_MONITOR_H

#include "host/app/settings.h"
#include "host/stats/latency_recent.h"
#include "host/stats/latency_report.h"
#include "host/stats/latency_trace.h"
#include "protocol/clock_cell.h"

#include <stdbool.h>
#include <stddef.h>

#define LATENCY_MONITOR_STAGES_BYTES 3072u

struct latency_monitor;

/* How often to call latency_monitor_tick() while a HUD is shown or not, and how often to ask the guest's clock; 0 = never. Where figures
 * were not asked for, a window may still show its HUD: a slow tick, and the agent, which questions would wake, is left alone. */
uint64_t latency_monitor_tick_ms(const struct view_settings *settings, bool hud);
uint64_t latency_monitor_clock_ns(const struct view_settings *settings);

/* `settings` must live as long. NULL: out of memory. */
struct latency_monitor *latency_monitor_create(const struct view_settings *settings);

/* Writes the reports that were asked for. False: said why on the log. NULL is fine. */
bool latency_monitor_finish(struct latency_monitor *monitor);
void latency_monitor_destroy(struct latency_monitor *monitor); /* NULL is fine */

void latency_monitor_begin(struct latency_monitor *monitor, const char *presenter);     /* its name; lives as long */
void latency_monitor_presenter(struct latency_monitor *monitor, const char *presenter); /* from now on, after a fall; any thread */
struct latency_trace *latency_monitor_trace(struct latency_monitor *monitor);           /* NULL for NULL */

void latency_monitor_exchange(struct latency_monitor *monitor, const struct transom_clock_sample *sample);
void latency_monitor_tick(struct latency_monitor *monitor);

/* The figures of the last tick as `transom latency --json` has them: one line. Its length; 0 = it does not fit. The control thread. */
size_t latency_monitor_line(struct latency_monitor *monitor, char *line, size_t capacity);

/* Whether anybody looks at the graph: nothing is made for nobody. It is empty until the next tick. Any thread; NULL is fine. */
void latency_monitor_want_graph(struct latency_monitor *monitor, bool wanted);

/* The last seconds as of the last tick, for a HUD's graphs: one of latency_recent_graph() with CLOCK_MONOTONIC_RAW. A short lock, any
 * thread. */
void latency_monitor_graph(struct latency_monitor *monitor, struct latency_graph *graph);

/* Does anybody look at figures now: is it worth asking the window system when it shows a picture? Two loads; false for NULL. */
bool latency_monitor_is_watched(const struct latency_monitor *monitor);
/* What its word is worth. A short lock; NULL is fine. */
void latency_monitor_set_feedback(struct latency_monitor *monitor, const struct latency_feedback *feedback);

/* The stages of the last tick as a JSON object ("null" before the first). A short lock. */
void latency_monitor_stages(struct latency_monitor *monitor, char text[LATENCY_MONITOR_STAGES_BYTES]);

#endif
