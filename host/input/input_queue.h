/* What waits to be sent to the guest, in order: each entry is motion (merged) and then at most one key, button or wheel change, which
 * makes it one QMP command. Motion never crosses a key, button or wheel change; these are never dropped while there is room.
 *
 * Room: INPUT_QUEUE_ENTRIES = 256. A human makes at most about 30 key and 20 button changes a second, and wheel steps of one direction are
 * merged, so this is 5 s of the busiest input for a QEMU that does not answer. When a key finds it full, all is thrown away and every key
 * and button is released: a lost key-up would be worse than lost keys. Motion that finds it full is dropped.
 *
 * Also keeps what the owner holds down, so that repeats and releases of keys that were never pressed go no further. One thread at a time.
 * Data plane: no allocation, lock or log. */
#ifndef TRANSOM_HOST_INPUT_INPUT_QUEUE_H
#define TRANSOM_HOST_INPUT_INPUT_QUEUE_H

#include "host/input/input_sink.h"
#include "host/input/keymap_table.h"

#define INPUT_QUEUE_ENTRIES 256u
#define INPUT_QUEUE_WHEEL_STEPS_MAX 8 /* in one command */

/* A control is a key (its index in the keymap) or a button (INPUT_CONTROL_BUTTONS + number). */
#define INPUT_CONTROL_BUTTONS KEYMAP_ENTRIES_MAX
#define INPUT_CONTROLS (INPUT_CONTROL_BUTTONS + INPUT_BUTTONS)

struct input_control_set {
  uint64_t bits[(INPUT_CONTROLS + 63) / 64];
};

bool input_control_set_has(const struct input_control_set *set, int control);
void input_control_set_put(struct input_control_set *set, int control, bool member);
int input_control_set_first(const struct input_control_set *set); /* -1 = empty */

enum input_entry_kind { INPUT_ENTRY_MOTION, INPUT_ENTRY_CONTROL, INPUT_ENTRY_WHEEL };
enum input_axis { INPUT_AXIS_VERTICAL, INPUT_AXIS_HORIZONTAL };

struct input_entry {
  enum input_entry_kind kind; /* MOTION: nothing but it */
  bool has_absolute;
  int32_t dx, dy; /* motion, before what `kind` says */
  int32_t x, y;   /* where the motion ends, if has_absolute: it is sent after dx and dy */
  int control;    /* CONTROL */
  bool down;
  enum input_axis axis; /* WHEEL */
  int32_t steps;        /* WHEEL: up and right positive */
};

struct input_queue {
  struct input_entry entries[INPUT_QUEUE_ENTRIES];
  uint32_t first, count;
  struct input_control_set held;
  int32_t wheel_rest[2]; /* 120ths short of a step, by axis */
  bool overflowed;       /* set when everything was thrown away; the owner of the other end clears it and releases all */
};

void input_queue_clear(struct input_queue *queue); /* nothing waits, nothing is held */

void input_queue_control(struct input_queue *queue, int control, bool down);
void input_queue_relative(struct input_queue *queue, int32_t dx, int32_t dy);
void input_queue_absolute(struct input_queue *queue, int32_t x, int32_t y);
void input_queue_wheel(struct input_queue *queue, enum input_axis axis, int32_t amount); /* 120ths */
void input_queue_release_all(struct input_queue *queue);                                 /* key-ups behind what waits already */

/* The next command's contents. False: none, or only motion and `motion_allowed` is false. */
bool input_queue_take(struct input_queue *queue, bool motion_allowed, struct input_entry *entry);

#endif
