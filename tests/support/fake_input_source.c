#include "support/fake_input_source.h"

static struct fake_input_source *self_of(struct input_source *source) { return (struct fake_input_source *)source; }

static int grab(struct input_source *base, bool take) {
  struct fake_input_source *source = self_of(base);
  if (take && source->refuses)
    return source->refuses;
  if (take && source->down.count)
    source->grabbed_with_key_down = true;
  source->grabbed = take;
  if (take && source->while_grabbing)
    source->while_grabbing(source);
  return 0;
}

static bool any_down(struct input_source *source) { return self_of(source)->down.count > 0; }

static bool has_key(struct input_source *source, uint16_t page, uint16_t usage) {
  (void)page;
  return usage != self_of(source)->lacks;
}

static void set_leds(struct input_source *source, uint32_t leds) { self_of(source)->leds = leds; }

static void destroy(struct input_source *source) { (void)source; }

static const struct input_source_impl impl = {
    .name = "fake", .grab = grab, .any_down = any_down, .has_key = has_key, .set_leds = set_leds, .destroy = destroy};

void fake_input_source_init(struct fake_input_source *source) { *source = (struct fake_input_source){.base.impl = &impl}; }
