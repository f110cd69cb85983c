#include "support/fake_input_sink.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void tell(struct input_sink *base, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct input_sink *base, const char *format, ...) {
  struct fake_input_sink *sink = (struct fake_input_sink *)base;
  size_t used = strlen(sink->told);
  if (used)
    used += (size_t)snprintf(sink->told + used, sizeof sink->told - used, " ");
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sink->told + used, sizeof sink->told - used, format, arguments);
  va_end(arguments);
}

static void key(struct input_sink *sink, uint16_t page, uint16_t usage, bool down) {
  tell(sink, "k%x:%x%c", page, usage, down ? '+' : '-');
}
static void button(struct input_sink *sink, enum input_button which, bool down) { tell(sink, "b%d%c", (int)which, down ? '+' : '-'); }
static void relative(struct input_sink *sink, int32_t dx, int32_t dy) { tell(sink, "m%d,%d", dx, dy); }
static void absolute(struct input_sink *sink, int32_t x, int32_t y) { tell(sink, "a%d,%d", x, y); }
static void wheel(struct input_sink *sink, int32_t vertical, int32_t horizontal) { tell(sink, "w%d,%d", vertical, horizontal); }
static void reset(struct input_sink *sink) { tell(sink, "r"); }
static void destroy(struct input_sink *sink) { (void)sink; }

static const struct input_sink_impl impl = {.name = "fake",
                                            .key = key,
                                            .button = button,
                                            .relative = relative,
                                            .absolute = absolute,
                                            .wheel = wheel,
                                            .reset = reset,
                                            .destroy = destroy};

void fake_input_sink_init(struct fake_input_sink *sink) {
  memset(sink, 0, sizeof *sink);
  sink->base.impl = &impl;
}
