/* The input thread: sources, router, sinks and their timers, and nothing else. It waits for its descriptors alone: neither rendering nor
 * libvirt nor a log that nobody reads holds it up. */
#ifndef TRANSOM_HOST_APP_INPUT_THREAD_H
#define TRANSOM_HOST_APP_INPUT_THREAD_H

#include "host/app/input_sinks.h"
#include "host/input/input_router.h"

#include <stddef.h>

struct input_thread;

struct input_thread_options {
  struct input_router_options router;
  struct input_sinks_options sinks;
  const char *control;       /* transom-serve's control.sock; "" = there is no server */
  bool take_input;           /* from another viewer that has it */
  const char *input_devices; /* see input_devices.h */
};

struct input_thread_events { /* on the input thread: must not wait for anybody */
  /* input_thread_look() has news, or wants to be called as a sign of life. */
  void (*changed)(void *user_data);
};

/* What the main thread shows and does. */
struct input_view {
  enum capture_state state;
  enum input_note note;
  enum input_origin grabbed; /* while captured */
  uint32_t leds;             /* enum input_led */
  bool hears;                /* the guest can hear us */
  bool awake;                /* captured, or frames keep changing: no screen saver */
  bool hint;                 /* to be shown now */
  char toggle[24];
  char refusal[96]; /* why this viewer only watches */
  const char *sink; /* "qmp" */
};

/* `options` must outlive it. Returns when the sinks are there. NULL: `error` says why. */
struct input_thread *input_thread_start(const struct input_thread_options *options, const struct input_thread_events *events,
                                        void *user_data, char *error, size_t capacity);
void input_thread_stop(struct input_thread *input); /* releases every key in the guest, gives everything back; NULL is fine */

/* For one other thread, the main thread. None of them waits. */
void input_thread_report(struct input_thread *input, const struct input_event *events, size_t count); /* of the window */
void input_thread_step(struct input_thread *input, enum capture_event event, enum input_note note);
void input_thread_note(struct input_thread *input, enum input_note note);        /* something for the screen, while nothing is captured */
void input_thread_frame_shown(struct input_thread *input);                       /* any thread */
uint32_t input_thread_look(struct input_thread *input, struct input_view *view); /* commands since the last: bits 1 << enum hotkey */

uint64_t input_thread_reports(struct input_thread *input); /* handled so far; any thread */

#endif
