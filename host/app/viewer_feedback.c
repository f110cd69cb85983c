#define LOG_MODULE "view"
#include "common/clock.h"
#include "common/log.h"
#include "host/app/viewer_state.h"
#include "host/present/feedback/feedback_select.h"

#include <string.h>

#define PATIENCE_NS UINT64_C(200000000) /* a picture of which so long nothing is told stays as the call said */

static void tell_state(struct viewer *viewer, enum feedback_state state, const char *reason) {
  viewer->feedback_told = (struct latency_feedback){feedback_name(viewer->feedback), feedback_state_names[state], reason};
  latency_monitor_set_feedback(viewer->latency, &viewer->feedback_told);
}

void viewer_feedback_start(struct viewer *viewer) {
  const char *why = "nothing is measured";
  bool is_seen = viewer->window && strcmp(viewer->presenter->impl->name, "headless") != 0;
  if (viewer->latency)
    viewer->feedback = feedback_select(is_seen ? window_native(viewer->window) : NULL, &why);
  tell_state(viewer, feedback_state(viewer->feedback), viewer->feedback ? NULL : why);
}

void viewer_feedback_stop(struct viewer *viewer) {
  feedback_destroy(viewer->feedback);
  viewer->feedback = NULL;
}

uint64_t viewer_feedback_ask(struct viewer *viewer) {
  return latency_monitor_is_watched(viewer->latency) ? feedback_ask(viewer->feedback) : 0;
}

uint64_t viewer_feedback_handed_over(struct viewer *viewer, uint64_t picture, uint64_t submitted_ns, uint64_t returned_ns) {
  if (!picture)
    return 0;
  viewer->handed_over_ns = returned_ns;
  const struct presenter_impl *impl = viewer->presenter->impl;
  feedback_handed_over(viewer->feedback, impl->pictures ? impl->pictures(viewer->presenter) : 0, submitted_ns, returned_ns);
  return feedback_state(viewer->feedback) == FEEDBACK_BELIEVED ? picture : 0;
}

static void note_state(struct viewer *viewer) {
  enum feedback_state state = feedback_state(viewer->feedback);
  const char *name = feedback_state_names[state];
  if (!viewer->feedback || strcmp(viewer->feedback_told.state, name) == 0)
    return;
  tell_state(viewer, state, feedback_reason(viewer->feedback));
  if (state == FEEDBACK_REFUSED)
    log_warning("when a picture is shown is not known: %s is refused, because %s", feedback_name(viewer->feedback),
                feedback_reason(viewer->feedback));
  else
    log_info("when a picture is shown: %s is %s", feedback_name(viewer->feedback), name);
}

void viewer_feedback_take(struct viewer *viewer) {
  struct latency_trace *trace = latency_monitor_trace(viewer->latency);
  uint64_t now_ns = clock_raw_ns();
  struct feedback_news news;
  while (feedback_take(viewer->feedback, now_ns, &news))
    latency_trace_told(trace, news.picture, news.shown_ns);
  if (latency_trace_awaits(trace) &&
      (feedback_state(viewer->feedback) != FEEDBACK_BELIEVED || now_ns - viewer->handed_over_ns > PATIENCE_NS))
    latency_trace_told_all(trace);
  note_state(viewer);
}

bool viewer_feedback_awaits(const struct viewer *viewer) { return latency_trace_awaits(latency_monitor_trace(viewer->latency)); }
