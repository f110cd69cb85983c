#define LOG_MODULE "input"
#include "host/app/input_sinks.h"

#include "common/log.h"

#include <stddef.h>

static void choose(struct input_sinks *sinks) {
  struct input_sink *sink = sinks->qmp ? sinks->qmp : sinks->null;
  bool ready = sink == sinks->qmp && sinks->qmp_ready;
  if (sink != sinks->chosen && sink != sinks->null)
    log_info("keyboard and mouse reach the guest by %s", sink->impl->name);
  sinks->chosen = sink;
  sinks->events->chosen(sink, ready, sinks->user_data);
}

static void on_qmp_ready(bool ready, void *user_data) {
  struct input_sinks *sinks = user_data;
  sinks->qmp_ready = ready;
  choose(sinks);
}

bool input_sinks_init(struct input_sinks *sinks, struct event_loop *loop, const char *qmp, const struct input_sinks_events *events,
                      void *user_data) {
  *sinks = (struct input_sinks){.events = events, .user_data = user_data, .null = input_sink_null_create()};
  if (sinks->null && qmp[0])
    sinks->qmp = input_sink_qmp_create(loop, qmp);
  if (!sinks->null || (qmp[0] && !sinks->qmp)) {
    input_sinks_finish(sinks);
    return false;
  }
  if (sinks->qmp) {
    sinks->qmp->ready = on_qmp_ready;
    sinks->qmp->ready_user_data = sinks;
  }
  choose(sinks);
  return true;
}

void input_sinks_finish(struct input_sinks *sinks) {
  if (sinks->qmp)
    sinks->qmp->impl->destroy(sinks->qmp);
  if (sinks->null)
    sinks->null->impl->destroy(sinks->null);
  sinks->null = sinks->qmp = sinks->chosen = NULL;
}
