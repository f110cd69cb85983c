/* States and events. `?` = only with the focus and a guest that hears, else it stays as it is. `.` = nothing happens: that event can come
 * in that state (a grab that fails after we have left, a timer that was about to fire) and means nothing there.
 *
 *              released   waiting     captured    suspended
 *  toggle      waiting?   released    released    released
 *  ask         waiting?   .           .           .
 *  keys up     .          captured    .           .
 *  late        .          released    .           .
 *  raced       .          .           waiting     .
 *  refused     .          released    released    .
 *  leave       released   released    released    released
 *  focus       .          .           .           .
 *  release     released   released    released    released
 *  deaf        .          suspended   suspended   .
 *  hearing     .          .           .           waiting
 *
 * Late: the wait ends without a grab, because the host would never see the release of the key that is still down.
 * Leaving `captured` releases the guest's keys first and then ends the grab; `leave` and `release` release them in every state, since the
 * seamless mode presses keys too. */
#include "host/input/input_capture.h"

#define STAY CAPTURE_STATES

static const uint8_t next_state[CAPTURE_EVENTS][CAPTURE_STATES] = {
    [CAPTURE_TOGGLE] = {CAPTURE_WAITING, CAPTURE_RELEASED, CAPTURE_RELEASED, CAPTURE_RELEASED},
    [CAPTURE_ASK] = {CAPTURE_WAITING, STAY, STAY, STAY},
    [CAPTURE_KEYS_UP] = {STAY, CAPTURE_CAPTURED, STAY, STAY},
    [CAPTURE_LATE] = {STAY, CAPTURE_RELEASED, STAY, STAY},
    [CAPTURE_RACED] = {STAY, STAY, CAPTURE_WAITING, STAY},
    [CAPTURE_REFUSED] = {STAY, CAPTURE_RELEASED, CAPTURE_RELEASED, STAY},
    [CAPTURE_LEAVE] = {CAPTURE_RELEASED, CAPTURE_RELEASED, CAPTURE_RELEASED, CAPTURE_RELEASED},
    [CAPTURE_FOCUS] = {STAY, STAY, STAY, STAY},
    [CAPTURE_RELEASE] = {CAPTURE_RELEASED, CAPTURE_RELEASED, CAPTURE_RELEASED, CAPTURE_RELEASED},
    [CAPTURE_DEAF] = {STAY, CAPTURE_SUSPENDED, CAPTURE_SUSPENDED, STAY},
    [CAPTURE_HEARING] = {STAY, STAY, STAY, CAPTURE_WAITING},
};

void input_capture_init(struct input_capture *capture) { *capture = (struct input_capture){.state = CAPTURE_RELEASED}; }

static void note(struct input_capture *capture, enum capture_event event) {
  if (event == CAPTURE_LEAVE || event == CAPTURE_FOCUS)
    capture->focused = event == CAPTURE_FOCUS;
  if (event == CAPTURE_DEAF || event == CAPTURE_HEARING)
    capture->hearing = event == CAPTURE_HEARING;
}

uint32_t input_capture_step(struct input_capture *capture, enum capture_event event, uint64_t now_ns) {
  enum capture_state before = capture->state, after = next_state[event][before];
  note(capture, event);
  if (after == STAY || (after == CAPTURE_WAITING && !(capture->focused && capture->hearing)))
    after = before; /* what is captured or suspended has both, so only `released` asks in vain */
  capture->state = after;
  uint32_t actions = event == CAPTURE_LEAVE || event == CAPTURE_RELEASE ? CAPTURE_RELEASE_GUEST : 0;
  if (before == CAPTURE_CAPTURED && after != CAPTURE_CAPTURED)
    actions |= CAPTURE_RELEASE_GUEST | CAPTURE_UNGRAB;
  if (after != CAPTURE_WAITING) {
    capture->deadline_ns = 0;
  } else if (before != CAPTURE_WAITING) {
    capture->deadline_ns = now_ns + INPUT_CAPTURE_WAIT_NS;
    actions |= CAPTURE_LOOK;
  }
  if (before == CAPTURE_WAITING && after == CAPTURE_CAPTURED)
    actions |= CAPTURE_RELEASE_GUEST | CAPTURE_GRAB;
  return actions;
}

uint64_t input_capture_deadline_ns(const struct input_capture *capture) { return capture->deadline_ns; }

const char *input_capture_state_name(enum capture_state state) {
  static const char *const names[CAPTURE_STATES] = {"released", "waiting", "captured", "suspended"};
  return names[state];
}
