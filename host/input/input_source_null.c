#include "host/input/input_source.h"

#include <stdlib.h>

static int null_grab(struct input_source *source, bool grab) {
  (void)source;
  (void)grab;
  return 0;
}

static bool null_any_down(struct input_source *source) {
  (void)source;
  return false;
}

static bool null_has_key(struct input_source *source, uint16_t page, uint16_t usage) {
  (void)source;
  (void)page;
  (void)usage;
  return false;
}

static void null_destroy(struct input_source *source) { free(source); }

static const struct input_source_impl impl = {
    .name = "null", .grab = null_grab, .any_down = null_any_down, .has_key = null_has_key, .destroy = null_destroy};

struct input_source *input_source_null_create(void) {
  struct input_source *source = calloc(1, sizeof(*source));
  if (source)
    source->impl = &impl;
  return source;
}
