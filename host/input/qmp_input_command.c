#include "host/input/qmp_input_command.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

struct writer {
  char *text;
  size_t used;
  int events;
};

__attribute__((format(printf, 2, 3))) static void add(struct writer *writer, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int bytes = vsnprintf(writer->text + writer->used, QMP_INPUT_COMMAND_BYTES - writer->used, format, arguments);
  va_end(arguments);
  assert(bytes >= 0 && writer->used + (size_t)bytes < QMP_INPUT_COMMAND_BYTES);
  writer->used += (size_t)bytes;
}

static void add_event(struct writer *writer) { add(writer, writer->events++ ? "," : "{\"events\":["); }

static void add_axis(struct writer *writer, const char *type, const char *axis, int32_t value) {
  add_event(writer);
  add(writer, "{\"type\":\"%s\",\"data\":{\"axis\":\"%s\",\"value\":%d}}", type, axis, value);
}

static void add_button(struct writer *writer, const char *button, bool down) {
  add_event(writer);
  add(writer, "{\"type\":\"btn\",\"data\":{\"button\":\"%s\",\"down\":%s}}", button, down ? "true" : "false");
}

static void add_control(struct writer *writer, int control, bool down) {
  static const char *const buttons[QMP_INPUT_BUTTONS] = {"left", "right", "middle", "side", "extra"};
  if (control >= INPUT_CONTROL_BUTTONS) {
    add_button(writer, buttons[control - INPUT_CONTROL_BUTTONS], down);
    return;
  }
  add_event(writer);
  add(writer, "{\"type\":\"key\",\"data\":{\"down\":%s,\"key\":{\"type\":\"qcode\",\"data\":\"%s\"}}}", down ? "true" : "false",
      keymap_at((size_t)control)->qcode);
}

static void add_motion(struct writer *writer, const struct input_entry *entry, bool has_absolute) {
  if (entry->dx)
    add_axis(writer, "rel", "x", entry->dx);
  if (entry->dy)
    add_axis(writer, "rel", "y", entry->dy);
  if (!entry->has_absolute || !has_absolute)
    return;
  add_axis(writer, "abs", "x", entry->x);
  add_axis(writer, "abs", "y", entry->y);
}

static void add_wheel(struct writer *writer, enum input_axis axis, int32_t steps) {
  static const char *const names[2][2] = {{"wheel-down", "wheel-up"}, {"wheel-left", "wheel-right"}};
  const char *name = names[axis][steps > 0];
  for (int32_t left = steps > 0 ? steps : -steps; left > 0; left--) {
    add_button(writer, name, true);
    add_button(writer, name, false);
  }
}

int qmp_input_command_format(char text[QMP_INPUT_COMMAND_BYTES], const struct input_entry *entry, bool has_absolute) {
  struct writer writer = {.text = text};
  add_motion(&writer, entry, has_absolute);
  if (entry->kind == INPUT_ENTRY_CONTROL)
    add_control(&writer, entry->control, entry->down);
  else if (entry->kind == INPUT_ENTRY_WHEEL)
    add_wheel(&writer, entry->axis, entry->steps);
  if (writer.events)
    add(&writer, "]}");
  return writer.events;
}
