/* The window as an input source: what the window system tells us, where there is no right to read devices. On the input thread; its reports
 * come by the mailbox, and its grab is carried out by the main thread, which follows the capture state. */
#ifndef TRANSOM_HOST_APP_WINDOW_SOURCE_H
#define TRANSOM_HOST_APP_WINDOW_SOURCE_H

#include "host/input/input_source.h"
#include "host/input/pressed_keys.h"

struct window_source {
  struct input_source base;
  struct pressed_keys down;
};

void window_source_init(struct window_source *source);

/* Drops repeats and releases without a press, and tells the rest to base.events->report. */
void window_source_report(struct window_source *source, const struct input_event *events, size_t count);
void window_source_forget(struct window_source *source); /* the window was left: it will not hear of the releases */

#endif
