/* The seam for delivering input to the guest: one implementation a way (QMP, null; later USB HID).
 *
 * Keys are HID usages (HID Usage Tables 1.5, section 10, page 0x07; consumer keys page 0x0c), whatever the source was. The sink keeps what
 * is down; reset() releases it all and is called on every way out of capture. Threads: one at a time, the owner's. Calls never block: a
 * sink that cannot send now merges motion and queues keys, buttons and wheel steps (bounded; see the implementation). */
#ifndef TRANSOM_HOST_INPUT_INPUT_SINK_H
#define TRANSOM_HOST_INPUT_INPUT_SINK_H

#include <stdbool.h>
#include <stdint.h>

/* In the order of HID's button page: usage minus 1. Those after EXTRA have numbers only. */
enum input_button { INPUT_BUTTON_LEFT, INPUT_BUTTON_RIGHT, INPUT_BUTTON_MIDDLE, INPUT_BUTTON_SIDE, INPUT_BUTTON_EXTRA, INPUT_BUTTONS = 16 };
#define INPUT_ABSOLUTE_MAX 32767 /* the far edge, both axes */
#define INPUT_WHEEL_STEP 120     /* one notch; high-resolution wheels send fractions */

enum input_led { INPUT_LED_NUM = 1, INPUT_LED_CAPS = 2, INPUT_LED_SCROLL = 4 };

struct input_sink;

struct input_sink_impl {
  const char *name; /* "qmp" */
  void (*key)(struct input_sink *sink, uint16_t page, uint16_t usage, bool down);
  void (*button)(struct input_sink *sink, enum input_button button, bool down);
  void (*relative)(struct input_sink *sink, int32_t dx, int32_t dy);
  void (*absolute)(struct input_sink *sink, int32_t x, int32_t y);              /* optional: 0 .. INPUT_ABSOLUTE_MAX */
  void (*wheel)(struct input_sink *sink, int32_t vertical, int32_t horizontal); /* 120ths of a notch; up and right positive */
  void (*flush)(struct input_sink *sink);   /* optional: the calls since the last flush were one report of one device */
  void (*reset)(struct input_sink *sink);   /* releases every key and button */
  void (*destroy)(struct input_sink *sink); /* resets first */
  /* optional: what game controller `number` (1 ..) says. Button: page 0x09, usage 1 .. 32, 1 or 0. Axis: page 0x01, X 0x30 .. Rz 0x35,
   * -32767 .. 32767; hat switch 0x39: 0 = up, clockwise to 7, another value = let go. */
  void (*controller)(struct input_sink *sink, uint8_t number, uint16_t page, uint16_t usage, int32_t value);
};

struct input_sink {
  const struct input_sink_impl *impl;
  void (*leds)(uint32_t led_mask, void *user_data); /* optional; set by the owner: the guest's LEDs changed */
  void *leds_user_data;
  void (*ready)(bool ready, void *user_data); /* optional; set by the owner: the guest can (or can no longer) hear this sink */
  void *ready_user_data;
};

struct input_sink *input_sink_null_create(void); /* swallows everything, counts it */

/* QMP input-send-event on QEMU's monitor socket. Its connection is driven by `loop`, to whose thread it belongs, and reconnects by itself,
 * once a second. NULL: out of memory, or a path that is too long (errno). */
struct event_loop;
struct input_sink *input_sink_qmp_create(struct event_loop *loop, const char *socket_path);

/* Who releases the keys when this process no longer can (host/link/input_broker.h): learns of each connection, and of each key and button
 * before its press is sent and after its release was taken. `guard` outlives the sink. */
struct input_sink_qmp_guard {
  void (*connected)(int socket, void *user_data); /* -1: no more */
  void (*mark)(uint16_t page, uint16_t usage, bool down, void *user_data);
};
void input_sink_qmp_set_guard(struct input_sink *sink, const struct input_sink_qmp_guard *guard, void *user_data);

#endif
