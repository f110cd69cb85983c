/* From sources to the guest: who is heard (the window, or the devices while they are grabbed), through hotkeys and host keys, into the
 * sink.
 *
 * It owns the capture state machine and does what it says. Remembers what the guest has down, so that no release is sent without its press,
 * and none is missing. One thread, the input thread; time comes with the events or from the caller. Data plane: nothing here allocates,
 * locks or logs. */
#ifndef TRANSOM_HOST_INPUT_INPUT_ROUTER_H
#define TRANSOM_HOST_INPUT_INPUT_ROUTER_H

#include "host/input/host_keys.h"
#include "host/input/hotkeys.h"
#include "host/input/input_capture.h"
#include "host/input/input_sink.h"
#include "host/input/input_source.h"
#include "host/input/pointer_motion.h"

enum input_origin { INPUT_ORIGIN_WINDOW, INPUT_ORIGIN_DEVICES, INPUT_ORIGINS };

/* Why the capture state is what it is: for the screen. */
enum input_note {
  INPUT_NOTE_NONE,
  INPUT_NOTE_USER,      /* the toggle, or a click */
  INPUT_NOTE_PANIC,     /* the user insisted */
  INPUT_NOTE_FOCUS,     /* the window was left */
  INPUT_NOTE_KEY_STUCK, /* a key stayed down: not captured */
  INPUT_NOTE_BUSY,      /* another program holds the devices */
  INPUT_NOTE_DEAF,      /* the guest cannot hear */
  INPUT_NOTE_HUNG,      /* the window does not answer */
  INPUT_NOTE_REVOKED,   /* transom-serve took the input back */
  INPUT_NOTE_AGENT,     /* the picture stands still */
  INPUT_NOTE_GUEST_HID_POINTER,
  INPUT_NOTE_TOGGLE,  /* another key than Right Ctrl: no keyboard has that */
  INPUT_NOTE_WATCHES, /* another viewer has the VM's input */
};

struct input_router_events {
  void (*changed)(void *user_data);                                  /* state, note, toggle or LEDs */
  void (*command)(enum hotkey hotkey, void *user_data);              /* those that are not the router's own */
  void (*to_host)(const struct input_event *event, void *user_data); /* optional: a host key, for the host */
};

struct input_router_options {
  const struct toggle_key *toggle; /* NULL = the first that the keyboard has */
  const struct host_key_list *host_keys;
  bool capture_on_click;
};

struct input_router {
  struct input_router_options options;
  const struct input_router_events *events;
  void *user_data;
  struct input_capture capture;
  struct hotkeys hotkeys;
  struct host_keys host_keys;
  struct input_source *sources[INPUT_ORIGINS]; /* devices: NULL = none that we may read */
  enum input_origin grabbed;                   /* while captured: who is heard */
  struct input_sink *sink;                     /* never NULL */
  struct pressed_keys held;                    /* at the sink */
  struct pointer_motion motion;
  enum input_note note;
  bool host_plays_keys; /* to_host() has an effect */
  uint32_t leds;
  uint64_t now_ns;  /* of the newest event */
  uint64_t reports; /* heard so far */
};

/* `options` and what they point to must outlive it. */
void input_router_init(struct input_router *router, const struct input_router_options *options, struct input_source *window,
                       struct input_sink *sink, const struct input_router_events *events, void *user_data);

/* A device source came or went (NULL), or its devices did: looks for a toggle that the keyboard has. */
void input_router_set_devices(struct input_router *router, struct input_source *devices);

/* Releases what the old sink has down; `ready`: the guest can hear the new one. Neither sink becomes the router's. */
void input_router_set_sink(struct input_router *router, struct input_sink *sink, bool ready, uint64_t now_ns);
void input_router_set_host(struct input_router *router, bool plays_keys);      /* is to_host() of use? At first it is not */
void input_router_set_note(struct input_router *router, enum input_note note); /* something to show */
void input_router_set_leds(struct input_router *router, uint32_t leds);

void input_router_report(struct input_router *router, enum input_origin origin, const struct input_event *events, size_t count);
void input_router_step(struct input_router *router, enum capture_event event, enum input_note note, uint64_t now_ns);

uint64_t input_router_deadline_ns(const struct input_router *router); /* when input_router_time() is due; 0 = not at all */
void input_router_time(struct input_router *router, uint64_t now_ns);

bool input_router_is_captured(const struct input_router *router);

#endif
