/* The ways to the guest that this viewer has, and which of them is used: USB while its channel is there and the guest has configured the
 * device, else QMP, else none. Input thread. */
#ifndef TRANSOM_HOST_APP_INPUT_SINKS_H
#define TRANSOM_HOST_APP_INPUT_SINKS_H

#include "host/input/input_sink.h"

struct event_loop;

struct input_sinks_events {
  void (*chosen)(struct input_sink *sink, bool ready, void *user_data); /* another sink, or the same one became ready or deaf */
  void (*leds)(uint32_t led_mask, void *user_data);                     /* of the sink that is used */
};

struct input_sinks {
  const struct input_sinks_events *events;
  void *user_data;
  struct input_sink *null, *qmp; /* qmp: NULL = there is none */
  bool qmp_ready;
  struct input_sink *chosen;
};

/* `qmp`: a monitor's socket, or "". False: errno. */
bool input_sinks_init(struct input_sinks *sinks, struct event_loop *loop, const char *qmp, const struct input_sinks_events *events,
                      void *user_data);
void input_sinks_finish(struct input_sinks *sinks); /* every key comes up first */

#endif
