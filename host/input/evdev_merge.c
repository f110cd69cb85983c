#include "host/input/evdev_merge.h"

#include <assert.h>

/* True: the merged state changed. */
static bool change(struct evdev_merge *merge, unsigned code, bool down) {
  assert(code < EVDEV_KEY_CODES && (down || merge->holders[code] > 0));
  if (down)
    return merge->holders[code]++ == 0;
  return --merge->holders[code] == 0;
}

static bool change_event(struct evdev_merge *merge, unsigned code, bool down, uint64_t time_ns, struct input_event *event) {
  const struct evdev_usage as = evdev_keymap_usage(code);
  if (!change(merge, code, down) || !as.page)
    return false;
  *event = (struct input_event){.page = as.page, .usage = as.usage, .value = down, .time_ns = time_ns};
  return true;
}

size_t evdev_merge_frame(struct evdev_merge *merge, const struct evdev_frame *frame, const struct evdev_range *ranges, uint64_t time_ns,
                         struct input_event events[INPUT_REPORT_EVENTS_MAX]) {
  size_t count = evdev_frame_motion(frame, ranges, time_ns, events);
  for (size_t i = 0; i < frame->key_count; i++)
    count += change_event(merge, frame->keys[i].code, frame->keys[i].down, time_ns, &events[count]);
  return count;
}

void evdev_merge_adopt(struct evdev_merge *merge, unsigned code) { change(merge, code, true); }
