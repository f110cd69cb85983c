#include "host/input/input_queue.h"

#include <assert.h>
#include <string.h>

bool input_control_set_has(const struct input_control_set *set, int control) {
  assert(control >= 0 && control < INPUT_CONTROLS);
  return set->bits[control / 64] >> (control % 64) & 1;
}

void input_control_set_put(struct input_control_set *set, int control, bool member) {
  assert(control >= 0 && control < INPUT_CONTROLS);
  const uint64_t bit = UINT64_C(1) << (control % 64);
  if (member)
    set->bits[control / 64] |= bit;
  else
    set->bits[control / 64] &= ~bit;
}

int input_control_set_first(const struct input_control_set *set) {
  for (size_t i = 0; i < sizeof(set->bits) / sizeof(set->bits[0]); i++)
    if (set->bits[i])
      return (int)(i * 64) + __builtin_ctzll(set->bits[i]);
  return -1;
}

void input_queue_clear(struct input_queue *queue) { memset(queue, 0, sizeof(*queue)); }

static struct input_entry *at(struct input_queue *queue, uint32_t index) {
  return &queue->entries[(queue->first + index) % INPUT_QUEUE_ENTRIES];
}

static struct input_entry *last(struct input_queue *queue) { return queue->count ? at(queue, queue->count - 1) : NULL; }

/* A new entry at the end, or NULL after throwing everything away. */
static struct input_entry *append(struct input_queue *queue) {
  if (queue->count == INPUT_QUEUE_ENTRIES) {
    input_queue_clear(queue);
    queue->overflowed = true;
    return NULL;
  }
  queue->count++;
  struct input_entry *entry = last(queue);
  *entry = (struct input_entry){.kind = INPUT_ENTRY_MOTION};
  return entry;
}

/* The entry that still takes motion, or that a key, button or wheel change completes. */
static struct input_entry *open_entry(struct input_queue *queue) {
  struct input_entry *entry = last(queue);
  return entry && entry->kind == INPUT_ENTRY_MOTION ? entry : append(queue);
}

static int32_t add_saturated(int32_t a, int32_t b) {
  const int64_t sum = (int64_t)a + b;
  return sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : (int32_t)sum;
}

void input_queue_control(struct input_queue *queue, int control, bool down) {
  if (input_control_set_has(&queue->held, control) == down)
    return;
  struct input_entry *entry = open_entry(queue);
  if (!entry)
    return;
  input_control_set_put(&queue->held, control, down);
  entry->kind = INPUT_ENTRY_CONTROL;
  entry->control = control;
  entry->down = down;
}

/* As open_entry(), but motion alone never costs a key: without room it is NULL. */
static struct input_entry *open_motion(struct input_queue *queue) {
  const struct input_entry *entry = last(queue);
  const bool merges = entry && entry->kind == INPUT_ENTRY_MOTION;
  return merges || queue->count < INPUT_QUEUE_ENTRIES ? open_entry(queue) : NULL;
}

void input_queue_relative(struct input_queue *queue, int32_t dx, int32_t dy) {
  struct input_entry *entry = open_motion(queue);
  if (!entry)
    return;
  entry->dx = add_saturated(entry->dx, dx);
  entry->dy = add_saturated(entry->dy, dy);
}

static int32_t clamp_absolute(int32_t value) { return value < 0 ? 0 : value > INPUT_ABSOLUTE_MAX ? INPUT_ABSOLUTE_MAX : value; }

void input_queue_absolute(struct input_queue *queue, int32_t x, int32_t y) {
  struct input_entry *entry = open_motion(queue);
  if (!entry)
    return;
  entry->has_absolute = true;
  entry->x = clamp_absolute(x);
  entry->y = clamp_absolute(y);
}

void input_queue_wheel(struct input_queue *queue, enum input_axis axis, int32_t amount) {
  const int64_t total = (int64_t)queue->wheel_rest[axis] + amount;
  const int32_t steps = (int32_t)(total / INPUT_WHEEL_STEP);
  queue->wheel_rest[axis] = (int32_t)(total % INPUT_WHEEL_STEP);
  if (steps == 0)
    return;
  struct input_entry *entry = last(queue);
  if (entry && entry->kind == INPUT_ENTRY_WHEEL && entry->axis == axis && (entry->steps > 0) == (steps > 0)) {
    entry->steps = add_saturated(entry->steps, steps);
    return;
  }
  entry = open_entry(queue);
  if (!entry)
    return;
  entry->kind = INPUT_ENTRY_WHEEL;
  entry->axis = axis;
  entry->steps = steps;
}

void input_queue_release_all(struct input_queue *queue) {
  int control;
  while ((control = input_control_set_first(&queue->held)) >= 0)
    input_queue_control(queue, control, false);
  queue->wheel_rest[0] = queue->wheel_rest[1] = 0;
}

/* A long wheel entry stays at the head with what is left of it. */
static void take_wheel_steps(struct input_queue *queue, struct input_entry *head, struct input_entry *entry) {
  const int32_t most = INPUT_QUEUE_WHEEL_STEPS_MAX;
  entry->steps = head->steps > most ? most : head->steps < -most ? -most : head->steps;
  head->steps -= entry->steps;
  head->dx = head->dy = 0;
  head->has_absolute = false;
  if (head->steps != 0)
    return;
  queue->first++;
  queue->count--;
}

bool input_queue_take(struct input_queue *queue, bool motion_allowed, struct input_entry *entry) {
  if (queue->count == 0)
    return false;
  struct input_entry *head = at(queue, 0);
  if (head->kind == INPUT_ENTRY_MOTION && !motion_allowed)
    return false;
  *entry = *head;
  if (head->kind == INPUT_ENTRY_WHEEL) {
    take_wheel_steps(queue, head, entry);
    return true;
  }
  queue->first++;
  queue->count--;
  return true;
}
