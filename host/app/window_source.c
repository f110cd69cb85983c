#include "host/app/window_source.h"

static struct window_source *self_of(struct input_source *source) { return (struct window_source *)source; }

static int grab(struct input_source *source, bool take) {
  (void)source, (void)take; /* the window system says yes to everything, even where it does not mean it */
  return 0;
}

static bool any_down(struct input_source *source) { return self_of(source)->down.count > 0; }

static bool has_key(struct input_source *source, uint16_t page, uint16_t usage) {
  (void)source, (void)page, (void)usage; /* nobody can tell */
  return true;
}

static void destroy(struct input_source *source) { (void)source; }

static const struct input_source_impl impl = {.name = "window", .grab = grab, .any_down = any_down, .has_key = has_key, .destroy = destroy};

void window_source_init(struct window_source *source) { *source = (struct window_source){.base.impl = &impl}; }

static bool is_pressable(const struct input_event *event) {
  return event->page == INPUT_PAGE_KEYBOARD || event->page == INPUT_PAGE_BUTTON ||
         (event->page == INPUT_PAGE_CONSUMER && event->usage != INPUT_USAGE_AC_PAN);
}

static bool is_news(struct window_source *source, const struct input_event *event) {
  if (!is_pressable(event))
    return true;
  return (event->value ? pressed_keys_add : pressed_keys_remove)(&source->down, event->page, event->usage);
}

void window_source_report(struct window_source *source, const struct input_event *events, size_t count) {
  struct input_event news[INPUT_REPORT_EVENTS_MAX];
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (is_news(source, &events[i]))
      news[kept++] = events[i];
  if (kept)
    source->base.events->report(news, kept, source->base.user_data);
}

void window_source_forget(struct window_source *source) { source->down.count = 0; }
