#define LOG_MODULE "input"
#include "host/app/input_sinks.h"

#include "common/log.h"
#include "host/input/input_sink_usb_hid.h"
#include "host/link/input_broker.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

/* Only the monitor tells that the VM is paused: the USB channel stays as it is. A monitor that is gone says nothing of the kind. */
static bool is_paused(const struct input_sinks *sinks) { return sinks->qmp_was_ready && !sinks->qmp_ready; }

static void choose(struct input_sinks *sinks) {
  struct input_sink *sink = sinks->null;
  bool ready = false;
  if (sinks->allowed && sinks->usb_ready && sinks->way != INPUT_SINKS_QMP) {
    sink = sinks->usb;
    ready = !is_paused(sinks);
  } else if (sinks->allowed && sinks->qmp && sinks->way != INPUT_SINKS_USB) {
    sink = sinks->qmp;
    ready = sinks->qmp_ready;
  }
  if (sink != sinks->chosen && sink == sinks->qmp)
    log_info("keyboard and mouse reach the guest by QMP: the VM has no USB channel of ours, or does not use it yet");
  else if (sink != sinks->chosen && sink == sinks->usb)
    log_info("keyboard and mouse reach the guest by USB");
  sinks->chosen = sink;
  sinks->events->chosen(sink, ready, sinks->user_data);
}

static void on_qmp_ready(bool ready, void *user_data) {
  struct input_sinks *sinks = user_data;
  sinks->qmp_ready = ready;
  sinks->qmp_was_ready |= ready;
  choose(sinks);
}

static void on_usb_ready(bool ready, void *user_data) {
  struct input_sinks *sinks = user_data;
  sinks->usb_ready = ready;
  choose(sinks);
}

static void on_usb_leds(uint32_t leds, void *user_data) {
  struct input_sinks *sinks = user_data;
  if (sinks->chosen == sinks->usb)
    sinks->events->leds(leds, sinks->user_data);
}

static void on_qmp_connected(int socket, void *user_data) {
  struct input_sinks *sinks = user_data;
  sinks->qmp_was_ready = false;
  if (sinks->broker)
    input_broker_share_qmp(sinks->broker, socket);
  choose(sinks);
}

static void on_qmp_mark(uint16_t page, uint16_t usage, bool down, void *user_data) {
  struct input_sinks *sinks = user_data;
  if (sinks->broker)
    input_broker_mark(sinks->broker, page, usage, down);
}

static void watch(struct input_sinks *sinks) {
  static const struct input_sink_qmp_guard guard = {.connected = on_qmp_connected, .mark = on_qmp_mark};
  sinks->usb->ready = on_usb_ready;
  sinks->usb->leds = on_usb_leds;
  sinks->usb->ready_user_data = sinks->usb->leds_user_data = sinks;
  if (!sinks->qmp)
    return;
  sinks->qmp->ready = on_qmp_ready;
  sinks->qmp->ready_user_data = sinks;
  input_sink_qmp_set_guard(sinks->qmp, &guard, sinks);
}

bool input_sinks_init(struct input_sinks *sinks, struct event_loop *loop, const struct input_sinks_options *options,
                      const struct input_sinks_events *events, void *user_data) {
  *sinks = (struct input_sinks){.events = events, .user_data = user_data, .way = options->way, .null = input_sink_null_create()};
  errno = ENOMEM;
  sinks->usb = sinks->null ? input_sink_usb_hid_create(loop) : NULL;
  if (sinks->usb && options->qmp[0])
    sinks->qmp = input_sink_qmp_create(loop, options->qmp);
  if (!sinks->usb || (options->qmp[0] && !sinks->qmp)) {
    input_sinks_finish(sinks);
    return false;
  }
  sinks->chosen = sinks->null;
  watch(sinks);
  if (!options->usb[0] || options->way == INPUT_SINKS_QMP || input_sink_usb_hid_connect(sinks->usb, options->usb))
    return true;
  input_sinks_finish(sinks);
  errno = ENAMETOOLONG;
  return false;
}

void input_sinks_allow(struct input_sinks *sinks, bool allowed) {
  if (allowed == sinks->allowed)
    return;
  sinks->allowed = allowed;
  choose(sinks);
}

static void destroy(struct input_sink **sink) {
  if (*sink)
    (*sink)->impl->destroy(*sink);
  *sink = NULL;
}

void input_sinks_finish(struct input_sinks *sinks) {
  if (sinks->chosen)
    input_sinks_allow(sinks, false); /* the owner lets go of the sink before it goes */
  destroy(&sinks->usb);
  if (sinks->qmp)
    sinks->qmp->ready = NULL; /* what it says while it ends is of no use to anybody */
  destroy(&sinks->qmp);
  destroy(&sinks->null);
  sinks->chosen = NULL;
}

void input_sinks_show_controllers(struct input_sinks *sinks, unsigned count) {
  if (count == sinks->controllers)
    return;
  sinks->controllers = count;
  if (!input_sink_usb_hid_set_controllers(sinks->usb, count))
    log_warning("the guest sees %d of %u game controllers", INPUT_SINK_USB_HID_CONTROLLERS, count);
}

void input_sinks_plug_usb(struct input_sinks *sinks, int socket) {
  if (sinks->way == INPUT_SINKS_QMP) {
    shutdown(socket, SHUT_RDWR); /* the server has it too, and QEMU may wait for an answer */
    close(socket);
  } else if (!input_sink_usb_hid_attach(sinks->usb, socket)) {
    log_warning("cannot plug the USB keyboard and mouse into the guest: out of memory");
  }
}
