/* The viewer's end of input on the main thread: window events go to the input thread, what it decides is done to the window.
 *
 * Of several windows it serves the one that had the focus last. The guest puts its screens side by side in a way that nobody tells us, so a
 * place in one of several windows is none in the guest: there the mouse is captured by a click, and moves over all screens as it would. */
#ifndef TRANSOM_HOST_APP_VIEWER_INPUT_H
#define TRANSOM_HOST_APP_VIEWER_INPUT_H

#include "host/app/hud.h"
#include "host/app/input_hint.h"
#include "host/app/input_thread.h"
#include "host/app/settings.h"
#include "host/app/window_input.h"
#include "host/app/window_post.h"

struct viewer_input {
  const struct view_settings *settings;
  struct input_thread *thread; /* NULL = this viewer only watches */
  struct input_thread_options options;
  struct input_thread_events events;
  char control[SETTINGS_PATH_BYTES];
  struct window *window;
  struct window_post *post; /* where the picture lies; takes the line for the screen */
  struct window *grabbing;  /* that took keyboard and mouse from the window system; NULL = none does */
  struct window *clicked;   /* without the focus: captures once it has it */
  bool has_focus;           /* the window */
  bool several;             /* windows, or there were */
  bool anew;                /* another window: it is to be told everything */
  struct window_input translator;
  struct input_view view;
  enum hud_mode hud;
  bool taken;               /* window and pointer are as captured */
  bool guest_pointer;       /* the guest shows one */
  bool pointer_here;        /* in this window */
  int32_t guest_x, guest_y; /* where it is, in pixels of the picture */
};

enum viewer_input_wish {
  VIEWER_INPUT_PRESENT = 1,
  VIEWER_INPUT_POINTER = 2,
  VIEWER_INPUT_SCREENSHOT = 4,
  VIEWER_INPUT_QUIT = 8,
  VIEWER_INPUT_HUD = 16
};

/* `changed` is called on the input thread and must not wait for anybody. Window and post must outlive it. False: `error` says why. */
bool viewer_input_start(struct viewer_input *input, const struct view_settings *settings, struct window *window, struct window_post *post,
                        void (*changed)(void *user_data), void *user_data, char *error, size_t capacity);
void viewer_input_stop(struct viewer_input *input); /* every key comes up in the guest; may be called again */

/* Of `window`, whose `post` it is; with the focus, it becomes the one that is served. */
void viewer_input_event(struct viewer_input *input, const struct window_event *event, struct window *window, struct window_post *post);

/* The window is about to close. `next` is served from now on; NULL = it was the last, and stays. */
void viewer_input_leave(struct viewer_input *input, struct window *window, struct window *next, struct window_post *next_post);
void viewer_input_several(struct viewer_input *input); /* there is more than one window */

uint32_t viewer_input_turn(struct viewer_input *input); /* after `changed`: enum viewer_input_wish */

void viewer_input_guest_lost(struct viewer_input *input);  /* the picture stands still from now on */
void viewer_input_frame_shown(struct viewer_input *input); /* the presenting thread; not during or after stop */

/* `here`: in the window that is served; else on another of the guest's screens, and the place means nothing. */
void viewer_input_guest_pointer(struct viewer_input *input, bool visible, bool here, int32_t x, int32_t y);

bool viewer_input_hides_pointer(const struct viewer_input *input); /* captured: the host's pointer has no place */

#endif
