/* Windows: SDL's events become ours. Main thread, except window_wake(). */
#ifndef TRANSOM_HOST_APP_WINDOW_H
#define TRANSOM_HOST_APP_WINDOW_H

#include "host/app/window_place.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window;

enum window_event_kind {
  WINDOW_NOTHING, /* of no interest to us */
  WINDOW_WAKE,    /* window_wake() was called */
  WINDOW_CLOSE,
  WINDOW_RESIZED, /* or anything else that asks for a new drawing */
  WINDOW_LEFT,    /* focus lost, hidden or minimised: nothing may stay pressed */
  WINDOW_FOCUS,   /* gained */
  WINDOW_KEY,
  WINDOW_MOTION,
  WINDOW_BUTTON,
  WINDOW_WHEEL,
};

struct window_event {
  enum window_event_kind kind;
  struct window *window;  /* whose; NULL: SDL names none. A close of none is one of all */
  uint32_t scancode;      /* SDL's number: a HID usage of page 7 below 256, SDL's own above */
  bool down, repeat;      /* keys and buttons */
  uint32_t button;        /* 1 left, 2 middle, 3 right, 4 side, 5 extra */
  int32_t x, y;           /* motion and buttons: physical pixels of the window */
  int32_t dx, dy;         /* motion: the mouse's own counts while it is taken, else pixels */
  float wheel_x, wheel_y; /* notches; right and up positive */
  uint64_t time_ns;       /* CLOCK_MONOTONIC, when we took it */
};

struct window_options {
  const char *title;
  uint32_t width, height; /* until a picture says otherwise */
  bool fullscreen;
  int display;                      /* from 0; one that is not there: the first */
  const struct window_place *place; /* where it was last, or NULL */
  bool vulkan;                      /* pictures may come by Vulkan; where SDL has none, the window is one without */
};

/* Call before there is a second thread: SDL asks for the session's bus, and where none is, libdbus would fork to start one, in the midst of
 * whatever other threads hold. A bus that is there is used. */
void window_prepare_process(void);

/* The first starts SDL's video, the last to be destroyed ends it. Hidden at first: SDL makes some windows anew for their renderer. NULL:
 * `error` says why. */
struct window *window_create(const struct window_options *options, char *error, size_t capacity);
void window_destroy(struct window *window); /* after its presenter */

/* It goes from the screen, after its presenter; window_wake() and window_destroy() may still be called. */
void window_close(struct window *window);
void window_show(struct window *window);
void *window_native(struct window *window);              /* SDL_Window, for presenter_create() */
bool window_size_is_chosen(const struct window *window); /* by the user: full screen too. Else it follows the picture */
bool window_is_fullscreen(const struct window *window);

/* Where it is, if the user has moved it, resized it or changed to full screen or back. */
bool window_changed_place(struct window *window, struct window_place *place);

/* Blocks, without polling, until there is an event of any window's. False: SDL failed. */
bool window_wait(struct window_event *event);
bool window_poll(struct window_event *event); /* false: none waiting */

/* Makes window_wait() return WINDOW_WAKE of this window once. Any thread; wakes before it was taken are merged. */
void window_wake(struct window *window);

/* The window gets the picture's size 1:1, or smaller where the display is, until the user has resized it or it is in full screen. */
void window_follow_picture(struct window *window, uint32_t width, uint32_t height);
void window_set_title(struct window *window, const char *title);
void window_toggle_fullscreen(struct window *window);
void window_show_pointer(struct window *window, bool show);

/* Takes keyboard and mouse from the window system, or gives them back: relative motion, no pointer, as many shortcuts as it lets go of. */
void window_take_input(struct window *window, bool take);
void window_warp_pointer(struct window *window, int32_t x, int32_t y); /* physical pixels; nothing happens on Wayland */
void window_keep_awake(struct window *window, bool awake);             /* no screen saver, no blanking */

/* What the window system keeps for itself though we took the keyboard: a few words for the screen. Never NULL. */
const char *window_kept_shortcuts(const struct window *window);

void window_pixel_size(struct window *window, uint32_t *width, uint32_t *height);

#endif
