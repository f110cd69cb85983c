/* A sink for tests and for viewers without a guest to type to. */
#include "host/input/input_sink.h"

#include <stdlib.h>

struct null_sink {
  struct input_sink base;
  uint64_t swallowed;
};

static void count(struct input_sink *sink) { ((struct null_sink *)sink)->swallowed++; }

static void null_key(struct input_sink *sink, uint16_t page, uint16_t usage, bool down) {
  (void)page, (void)usage, (void)down;
  count(sink);
}

static void null_button(struct input_sink *sink, enum input_button button, bool down) {
  (void)button, (void)down;
  count(sink);
}

static void null_motion(struct input_sink *sink, int32_t a, int32_t b) {
  (void)a, (void)b;
  count(sink);
}

static void null_reset(struct input_sink *sink) { (void)sink; }

static void null_destroy(struct input_sink *sink) { free(sink); }

static const struct input_sink_impl impl = {
    .name = "null",
    .key = null_key,
    .button = null_button,
    .relative = null_motion,
    .absolute = null_motion,
    .wheel = null_motion,
    .reset = null_reset,
    .destroy = null_destroy,
};

struct input_sink *input_sink_null_create(void) {
  struct null_sink *sink = calloc(1, sizeof(*sink));
  if (!sink)
    return NULL;
  sink->base.impl = &impl;
  return &sink->base;
}
