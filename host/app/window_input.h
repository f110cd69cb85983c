/* From window events to an input sink: what a desktop gives us where we have no right to evdev. Main thread.
 *
 * It remembers what it pressed, so that a key's repeats are not sent again, a release without its press is not sent at all, and
 * everything is let go when the window is left. */
#ifndef TRANSOM_HOST_APP_WINDOW_INPUT_H
#define TRANSOM_HOST_APP_WINDOW_INPUT_H

#include "host/app/window.h"
#include "host/input/input_sink.h"
#include "host/present/picture_layout.h"

#define WINDOW_INPUT_SCANCODES 512u /* SDL_NUM_SCANCODES */

struct window_input {
  struct input_sink *sink;
  uint64_t keys_down[WINDOW_INPUT_SCANCODES / 64];
  uint32_t buttons_down;  /* bit = SDL's button number */
  float wheel_x, wheel_y; /* fractions of 1/120 notch not sent yet */
};

void window_input_init(struct window_input *input, struct input_sink *sink);

/* `layout` says where the picture lies; NULL while there is none: then the pointer stays where it is. */
void window_input_event(struct window_input *input, const struct window_event *event, const struct picture_layout *layout);

/* Releases everything: focus lost, window closed, guest lost. */
void window_input_release(struct window_input *input);

#endif
