#include "common/bounded_text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void bounded_text_init(struct bounded_text *bounded, char *text, size_t capacity) {
  assert(capacity > 0);
  *bounded = (struct bounded_text){.text = text, .capacity = capacity};
  text[0] = 0;
}

void bounded_text_add(struct bounded_text *bounded, const char *format, ...) {
  const size_t room = bounded->capacity - bounded->used;
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(bounded->text + bounded->used, room, format, arguments);
  va_end(arguments);
  bounded->cut |= length < 0 || (size_t)length >= room;
  bounded->used += length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1;
}
