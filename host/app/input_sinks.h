/* The ways to the guest that this viewer has, and which of them is used: USB while its channel is there and the guest reads the device,
 * else QMP, else none. Input thread. */
#ifndef TRANSOM_HOST_APP_INPUT_SINKS_H
#define TRANSOM_HOST_APP_INPUT_SINKS_H

#include "host/input/input_sink.h"

struct event_loop;
struct input_broker;

enum input_sinks_way { INPUT_SINKS_AUTO, INPUT_SINKS_USB, INPUT_SINKS_QMP };

struct input_sinks_options {
  enum input_sinks_way way; /* anything but AUTO: this one or none */
  const char *qmp;          /* a monitor's socket; "" = none */
  const char *usb;          /* QEMU's chardev that listens; "" = none, or by the input broker */
};

struct input_sinks_events {
  void (*chosen)(struct input_sink *sink, bool ready, void *user_data); /* another sink, or the same one became ready or deaf */
  void (*leds)(uint32_t led_mask, void *user_data);                     /* of the sink that is used */
};

struct input_sinks {
  const struct input_sinks_events *events;
  void *user_data;
  enum input_sinks_way way;
  struct input_sink *null, *qmp, *usb; /* qmp: NULL = there is none */
  struct input_broker *broker;         /* set by the owner: who releases keys behind our back; or NULL */
  bool allowed;                        /* set by input_sinks_allow(): this viewer has the VM's input */
  bool qmp_ready, qmp_was_ready, usb_ready;
  unsigned controllers;
  struct input_sink *chosen;
};

/* Nothing is allowed at first. False: errno. */
bool input_sinks_init(struct input_sinks *sinks, struct event_loop *loop, const struct input_sinks_options *options,
                      const struct input_sinks_events *events, void *user_data);
void input_sinks_finish(struct input_sinks *sinks); /* every key comes up first */

void input_sinks_allow(struct input_sinks *sinks, bool allowed);
void input_sinks_show_controllers(struct input_sinks *sinks, unsigned count); /* plugs the USB device in anew when it changes */
void input_sinks_plug_usb(struct input_sinks *sinks, int socket);             /* a channel from the broker; it becomes ours */

#endif
