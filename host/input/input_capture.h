/* Who owns keyboard and mouse: the capture state machine. Pure: it says what to do, the router does it; time comes from outside.
 *
 * One thread at a time; data plane. The table of all pairs of state and event is at the head of input_capture.c. */
#ifndef TRANSOM_HOST_INPUT_INPUT_CAPTURE_H
#define TRANSOM_HOST_INPUT_INPUT_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

/* A grab with a key down would steal its release from the host, so we wait for all to be up; but not for a key that is stuck. */
#define INPUT_CAPTURE_WAIT_NS UINT64_C(2500000000)

enum capture_state {
  CAPTURE_RELEASED,  /* the host has both; the window passes on what happens in it (seamless) */
  CAPTURE_WAITING,   /* capture is wanted; a key or button is still down at the host */
  CAPTURE_CAPTURED,  /* the guest has both */
  CAPTURE_SUSPENDED, /* was captured, and will be again when the guest can hear; the host has both meanwhile */
  CAPTURE_STATES
};

enum capture_event {
  CAPTURE_TOGGLE,  /* the user's key */
  CAPTURE_ASK,     /* something else wants it: a click, the guest hid its pointer */
  CAPTURE_KEYS_UP, /* nothing is down at the host */
  CAPTURE_LATE,    /* INPUT_CAPTURE_WAIT_NS have passed: see input_capture_deadline_ns() */
  CAPTURE_RACED,   /* a key went down between the look and the grab */
  CAPTURE_REFUSED, /* the grab failed, or was lost */
  CAPTURE_LEAVE,   /* the window lost the focus, was hidden or closed */
  CAPTURE_FOCUS,   /* the window has the focus */
  CAPTURE_RELEASE, /* panic, command, watchdog, session locked or switched away, suspend, input revoked, agent lost */
  CAPTURE_DEAF,    /* the guest cannot hear: sink lost, VM paused or gone */
  CAPTURE_HEARING, /* the guest can hear */
  CAPTURE_EVENTS
};

/* What the caller does at once, in this order. */
enum capture_action {
  CAPTURE_RELEASE_GUEST = 1, /* every key and button that the guest has down comes up */
  CAPTURE_UNGRAB = 2,
  CAPTURE_LOOK = 4, /* look whether anything is down at the host, and send CAPTURE_KEYS_UP if not; again at each release */
  CAPTURE_GRAB = 8, /* and send CAPTURE_REFUSED if that fails, CAPTURE_RACED if something is down now */
};

struct input_capture {
  enum capture_state state;
  bool focused, hearing;
  uint64_t deadline_ns; /* while waiting */
};

/* Starts released, without focus, deaf. */
void input_capture_init(struct input_capture *capture);

/* Actions. */
uint32_t input_capture_step(struct input_capture *capture, enum capture_event event, uint64_t now_ns);

uint64_t input_capture_deadline_ns(const struct input_capture *capture); /* when CAPTURE_LATE is due; 0 = never */
const char *input_capture_state_name(enum capture_state state);          /* "captured" */

#endif
