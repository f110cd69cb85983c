#define LOG_MODULE "window"
#include "host/app/window.h"

#include "common/clock.h"
#include "common/log.h"
#include "host/app/window_errors_x11.h"

#include <SDL.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA_NAME "transom" /* SDL's window knows ours by it */
#define MINIMUM_EDGE_PIXELS 64
#define ANSWER_MS 1000u /* a move so soon after something that we asked for is the window manager's, not the user's */

struct window {
  SDL_Window *sdl;
  uint32_t id; /* SDL's */
  uint32_t wake_type;
  bool fullscreen;
  bool resized_by_user;
  bool place_changed;            /* by the user */
  struct window_place place;     /* as last outside full screen */
  uint32_t asked_ms;             /* SDL_GetTicks() when we last asked the window manager for something */
  int asked_width, asked_height; /* what we set last, in SDL's units */
  uint32_t picture_width, picture_height;
  atomic_bool wake_pending; /* any thread's: not among the flags above, which may be read in one go */
};

static void set_hints(const struct window_options *options) {
  SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");      /* the viewer has its own */
  SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1"); /* a guest at rest is no film */
  SDL_SetHint(SDL_HINT_GRAB_KEYBOARD, "0");           /* Alt+F4, Alt+Tab and the like stay the host's until we take them */
  SDL_SetHint(SDL_HINT_ALLOW_ALT_TAB_WHILE_GRABBED, "0");
  SDL_SetHint(SDL_HINT_MOUSE_RELATIVE_MODE_WARP, "0");    /* real counts, not differences of places */
  SDL_SetHint(SDL_HINT_MOUSE_RELATIVE_SYSTEM_SCALE, "0"); /* the guest has an acceleration of its own */
  SDL_SetHint(SDL_HINT_MOUSE_AUTO_CAPTURE, "0");
  SDL_SetHint(SDL_HINT_VIDEO_MINIMIZE_ON_FOCUS_LOSS, "0");
  SDL_SetHint(SDL_HINT_MOUSE_FOCUS_CLICKTHROUGH, "1"); /* the click that gives us the focus is meant for the guest */
  SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
  /* Without a compositor in between the driver flips; but a window must not switch the desktop's effects off. */
  SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, options->fullscreen ? "1" : "0");
}

/* Never off the screen, whatever was plugged and changed meanwhile. */
static void recall(struct window *window, const struct window_place *last, int display, SDL_Rect *place) {
  SDL_Rect usable;
  if (SDL_GetDisplayUsableBounds(display, &usable) != 0)
    return;
  window->place = *last;
  window_place_clamp(&window->place, &(struct window_place_bounds){usable.x, usable.y, usable.w, usable.h}, place->w, place->h);
  if (last->width) {
    place->w = (int)window->place.width;
    place->h = (int)window->place.height;
    window->resized_by_user = true;
  }
  if (last->placed) {
    place->x = (int)window->place.x;
    place->y = (int)window->place.y;
  }
}

/* In full screen the display's size is asked for at once: where there is no window manager nobody would grow the window later. */
static void open_window(struct window *window, const struct window_options *options) {
  int display = options->display < SDL_GetNumVideoDisplays() ? options->display : 0;
  int anywhere = (int)SDL_WINDOWPOS_UNDEFINED_DISPLAY(display);
  SDL_Rect place = {anywhere, anywhere, (int)options->width, (int)options->height};
  if (display != options->display)
    log_warning("there is no display %d: the first is taken", options->display);
  if (options->place && display == options->place->display)
    recall(window, options->place, display, &place);
  uint32_t flags = SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI | SDL_WINDOW_HIDDEN;
  if (options->fullscreen) {
    flags |= SDL_WINDOW_FULLSCREEN_DESKTOP;
    SDL_GetDisplayBounds(display, &place);
  }
  window->asked_width = place.w;
  window->asked_height = place.h;
  if (options->vulkan)
    window->sdl = SDL_CreateWindow(options->title, place.x, place.y, place.w, place.h, flags | SDL_WINDOW_VULKAN);
  if (!window->sdl)
    window->sdl = SDL_CreateWindow(options->title, place.x, place.y, place.w, place.h, flags);
}

void window_prepare_process(void) {
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  char address[256] = "disabled:", path[256];
  if (runtime && snprintf(path, sizeof path, "%s/bus", runtime) < (int)sizeof path && access(path, F_OK) == 0)
    snprintf(address, sizeof address, "unix:path=%.200s", path);
  setenv("DBUS_SESSION_BUS_ADDRESS", address, 0);
}

struct window *window_create(const struct window_options *options, char *error, size_t capacity) {
  struct window *window = calloc(1, sizeof *window);
  if (!window) {
    snprintf(error, capacity, "cannot open a window: out of memory");
    return NULL;
  }
  set_hints(options);
  if (SDL_Init(SDL_INIT_VIDEO) != 0) { /* video alone: joysticks and sensors would be polled */
    snprintf(error, capacity, "cannot open a window: %s; set DISPLAY or WAYLAND_DISPLAY, or use --renderer headless", SDL_GetError());
    free(window);
    return NULL;
  }
  if (strcmp(SDL_GetCurrentVideoDriver(), "x11") == 0)
    window_errors_x11_survive();
  SDL_StopTextInput(); /* an input method must not swallow the guest's keys */
  window->wake_type = SDL_RegisterEvents(1);
  window->fullscreen = options->fullscreen;
  open_window(window, options);
  if (!window->sdl) {
    snprintf(error, capacity, "cannot open a window: %s; use --renderer headless to do without", SDL_GetError());
    window_destroy(window);
    return NULL;
  }
  window->id = SDL_GetWindowID(window->sdl);
  SDL_SetWindowData(window->sdl, DATA_NAME, window);
  SDL_SetWindowMinimumSize(window->sdl, MINIMUM_EDGE_PIXELS, MINIMUM_EDGE_PIXELS);
  return window;
}

void window_close(struct window *window) {
  if (window->sdl)
    SDL_DestroyWindow(window->sdl);
  window->sdl = NULL;
}

void window_destroy(struct window *window) {
  if (!window)
    return;
  window_close(window);
  SDL_QuitSubSystem(SDL_INIT_VIDEO);
  if (!SDL_WasInit(SDL_INIT_VIDEO))
    SDL_Quit();
  free(window);
}

void window_show(struct window *window) {
  SDL_ShowWindow(window->sdl);
  window->asked_ms = SDL_GetTicks();
}

void *window_native(struct window *window) { return window->sdl; }

bool window_size_is_chosen(const struct window *window) { return window->fullscreen || window->resized_by_user; }

bool window_is_fullscreen(const struct window *window) { return window->fullscreen; }

/* Outside full screen. On Wayland nobody is told where a window is: its position means nothing there and is not asked for again. */
static void note_place(struct window *window) {
  int x = 0, y = 0, width = 0, height = 0, top = 0, left = 0;
  SDL_GetWindowBordersSize(window->sdl, &top, &left, NULL, NULL);
  SDL_GetWindowPosition(window->sdl, &x, &y);
  SDL_GetWindowSize(window->sdl, &width, &height);
  window->place.placed = true;
  window->place.x = x - left;
  window->place.y = y - top;
  window->place.width = window->resized_by_user ? width : 0;
  window->place.height = window->resized_by_user ? height : 0;
}

bool window_changed_place(struct window *window, struct window_place *place) {
  if (!window->fullscreen)
    note_place(window);
  int display = SDL_GetWindowDisplayIndex(window->sdl);
  window->place.display = display > 0 ? display : 0;
  window->place.fullscreen = window->fullscreen;
  *place = window->place;
  return window->place_changed;
}

void window_pixel_size(struct window *window, uint32_t *width, uint32_t *height) {
  int w, h;
  SDL_GetWindowSizeInPixels(window->sdl, &w, &h);
  *width = (uint32_t)(w > 0 ? w : 1);
  *height = (uint32_t)(h > 0 ? h : 1);
}

/* SDL counts the pointer in window units, which are not pixels on scaled Wayland displays. */
static void to_pixels(struct window *window, int32_t *x, int32_t *y) {
  int unit_width, unit_height;
  uint32_t width, height;
  if (!window)
    return;
  SDL_GetWindowSize(window->sdl, &unit_width, &unit_height);
  window_pixel_size(window, &width, &height);
  if (unit_width > 0 && unit_height > 0) {
    *x = (int32_t)((int64_t)*x * width / unit_width);
    *y = (int32_t)((int64_t)*y * height / unit_height);
  }
}

static void note_resize(struct window *window, const SDL_WindowEvent *event) {
  bool ours = event->data1 == window->asked_width && event->data2 == window->asked_height;
  if (!ours && !window->fullscreen)
    window->resized_by_user = window->place_changed = true;
}

static void note_move(struct window *window, const SDL_WindowEvent *event) {
  if (!window->fullscreen && event->timestamp - window->asked_ms > ANSWER_MS)
    window->place_changed = true;
}

static void translate_window(struct window *window, const SDL_WindowEvent *event, struct window_event *out) {
  switch (event->event) {
  case SDL_WINDOWEVENT_RESIZED: /* by the user or the window manager, not by us */
    note_resize(window, event);
    out->kind = WINDOW_RESIZED;
    return;
  case SDL_WINDOWEVENT_MOVED:
    note_move(window, event);
    return;
  case SDL_WINDOWEVENT_SIZE_CHANGED:
  case SDL_WINDOWEVENT_EXPOSED:
  case SDL_WINDOWEVENT_SHOWN:
  case SDL_WINDOWEVENT_RESTORED:
    out->kind = WINDOW_RESIZED;
    return;
  case SDL_WINDOWEVENT_FOCUS_GAINED:
    out->kind = WINDOW_FOCUS;
    return;
  case SDL_WINDOWEVENT_FOCUS_LOST:
  case SDL_WINDOWEVENT_HIDDEN:
  case SDL_WINDOWEVENT_MINIMIZED:
    out->kind = WINDOW_LEFT;
    return;
  case SDL_WINDOWEVENT_CLOSE:
    out->kind = WINDOW_CLOSE;
    return;
  default:
    return;
  }
}

static void translate_pointer(struct window *window, const SDL_Event *event, struct window_event *out) {
  if (event->type == SDL_MOUSEMOTION) {
    *out = (struct window_event){
        .kind = WINDOW_MOTION, .x = event->motion.x, .y = event->motion.y, .dx = event->motion.xrel, .dy = event->motion.yrel};
  } else {
    *out = (struct window_event){.kind = WINDOW_BUTTON,
                                 .button = event->button.button,
                                 .down = event->type == SDL_MOUSEBUTTONDOWN,
                                 .x = event->button.x,
                                 .y = event->button.y};
  }
  to_pixels(window, &out->x, &out->y);
}

static void translate_wheel(const SDL_MouseWheelEvent *wheel, struct window_event *out) {
  float sign = wheel->direction == SDL_MOUSEWHEEL_FLIPPED ? -1 : 1;
  *out = (struct window_event){.kind = WINDOW_WHEEL, .wheel_x = sign * wheel->preciseX, .wheel_y = sign * wheel->preciseY};
}

static uint32_t window_id(const SDL_Event *event) {
  switch (event->type) {
  case SDL_WINDOWEVENT:
    return event->window.windowID;
  case SDL_KEYDOWN:
  case SDL_KEYUP:
    return event->key.windowID;
  case SDL_MOUSEMOTION:
    return event->motion.windowID;
  case SDL_MOUSEBUTTONDOWN:
  case SDL_MOUSEBUTTONUP:
    return event->button.windowID;
  case SDL_MOUSEWHEEL:
    return event->wheel.windowID;
  default:
    return event->type >= SDL_USEREVENT ? event->user.windowID : 0;
  }
}

static void translate(struct window *window, const SDL_Event *event, struct window_event *out) {
  if (window && event->type == window->wake_type) {
    atomic_store(&window->wake_pending, false); /* before the work is looked at: a wake from now on is a new one */
    out->kind = WINDOW_WAKE;
    return;
  }
  switch (event->type) {
  case SDL_QUIT:
    out->kind = WINDOW_CLOSE;
    return;
  case SDL_WINDOWEVENT:
    if (window)
      translate_window(window, &event->window, out);
    return;
  case SDL_KEYDOWN:
  case SDL_KEYUP:
    *out = (struct window_event){
        .kind = WINDOW_KEY, .scancode = event->key.keysym.scancode, .down = event->type == SDL_KEYDOWN, .repeat = event->key.repeat != 0};
    return;
  case SDL_MOUSEMOTION:
  case SDL_MOUSEBUTTONDOWN:
  case SDL_MOUSEBUTTONUP:
    translate_pointer(window, event, out);
    return;
  case SDL_MOUSEWHEEL:
    translate_wheel(&event->wheel, out);
    return;
  default:
    return;
  }
}

/* What is left in the queue of a window that is no more is nothing. */
static void take(const SDL_Event *event, struct window_event *out) {
  uint32_t id = window_id(event);
  SDL_Window *sdl = id ? SDL_GetWindowFromID(id) : NULL;
  struct window *window = sdl ? SDL_GetWindowData(sdl, DATA_NAME) : NULL;
  *out = (struct window_event){.kind = WINDOW_NOTHING};
  if (window || !id)
    translate(window, event, out);
  out->window = window;
  out->time_ns = clock_monotonic_ns();
}

bool window_wait(struct window_event *event) {
  SDL_Event sdl;
  if (!SDL_WaitEvent(&sdl)) {
    log_error("waiting for window events failed: %s", SDL_GetError());
    return false;
  }
  take(&sdl, event);
  return true;
}

bool window_poll(struct window_event *event) {
  SDL_Event sdl;
  if (!SDL_PollEvent(&sdl))
    return false;
  take(&sdl, event);
  return true;
}

void window_wake(struct window *window) {
  if (atomic_exchange(&window->wake_pending, true))
    return;
  SDL_Event event = {.user = {.type = window->wake_type, .windowID = window->id}};
  if (SDL_PushEvent(&event) < 1)
    atomic_store(&window->wake_pending, false); /* SDL's queue is full: it is awake anyway, and the next wake tries again */
}

/* The largest size of this aspect that fits the display, 1:1 if it can be. In SDL's units. */
static void fit_display(struct window *window, uint32_t width, uint32_t height, int *out_width, int *out_height) {
  SDL_Rect usable = {0, 0, (int)width, (int)height};
  int unit_width, pixel_width, pixel_height, top = 0, left = 0, bottom = 0, right = 0;
  SDL_GetWindowSize(window->sdl, &unit_width, NULL);
  SDL_GetWindowSizeInPixels(window->sdl, &pixel_width, &pixel_height);
  SDL_GetDisplayUsableBounds(SDL_GetWindowDisplayIndex(window->sdl), &usable);
  SDL_GetWindowBordersSize(window->sdl, &top, &left, &bottom, &right);
  double scale = pixel_width > 0 && unit_width > 0 ? (double)unit_width / pixel_width : 1;
  double want_width = width * scale, want_height = height * scale;
  double shrink = 1, room_width = usable.w - left - right, room_height = usable.h - top - bottom;
  if (room_width > 0 && want_width * shrink > room_width)
    shrink = room_width / want_width;
  if (room_height > 0 && want_height * shrink > room_height)
    shrink = room_height / want_height;
  *out_width = (int)(want_width * shrink + 0.5);
  *out_height = (int)(want_height * shrink + 0.5);
}

static int clamp(int value, int low, int high) { return value > high ? (high < low ? low : high) : value < low ? low : value; }

/* A window that grew stays on its display: it moves no farther than it must. */
static void stay_on_display(struct window *window) {
  SDL_Rect usable;
  int x, y, top = 0, left = 0, bottom = 0, right = 0;
  if (SDL_GetDisplayUsableBounds(SDL_GetWindowDisplayIndex(window->sdl), &usable) != 0)
    return;
  SDL_GetWindowBordersSize(window->sdl, &top, &left, &bottom, &right);
  SDL_GetWindowPosition(window->sdl, &x, &y);
  int new_x = clamp(x, usable.x + left, usable.x + usable.w - right - window->asked_width);
  int new_y = clamp(y, usable.y + top, usable.y + usable.h - bottom - window->asked_height);
  if (new_x != x || new_y != y)
    SDL_SetWindowPosition(window->sdl, new_x, new_y);
}

static void fit_window(struct window *window) {
  if (window->fullscreen || window->resized_by_user || !window->picture_width)
    return;
  fit_display(window, window->picture_width, window->picture_height, &window->asked_width, &window->asked_height);
  SDL_SetWindowSize(window->sdl, window->asked_width, window->asked_height);
  window->asked_ms = SDL_GetTicks();
  stay_on_display(window);
}

void window_follow_picture(struct window *window, uint32_t width, uint32_t height) {
  if (width == window->picture_width && height == window->picture_height)
    return;
  window->picture_width = width;
  window->picture_height = height;
  fit_window(window);
}

void window_set_title(struct window *window, const char *title) { SDL_SetWindowTitle(window->sdl, title); }

/* A window that was opened in full screen knows no other size yet. */
static void leave_fullscreen(struct window *window) {
  if (window->place.width) {
    window->asked_width = (int)window->place.width;
    window->asked_height = (int)window->place.height;
    SDL_SetWindowSize(window->sdl, window->asked_width, window->asked_height);
  }
  fit_window(window); /* the guest's mode may have changed meanwhile */
}

void window_toggle_fullscreen(struct window *window) {
  bool fullscreen = !window->fullscreen;
  if (fullscreen)
    note_place(window);
  if (SDL_SetWindowFullscreen(window->sdl, fullscreen ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0) != 0) {
    log_warning("full screen: %s", SDL_GetError());
    return;
  }
  window->fullscreen = fullscreen;
  window->place_changed = true;
  window->asked_ms = SDL_GetTicks();
  if (!fullscreen)
    leave_fullscreen(window);
}

void window_show_pointer(struct window *window, bool show) {
  (void)window;
  SDL_ShowCursor(show ? SDL_ENABLE : SDL_DISABLE);
}

void window_take_input(struct window *window, bool take_it) {
  SDL_bool take_input = take_it ? SDL_TRUE : SDL_FALSE;
  SDL_SetWindowKeyboardGrab(window->sdl, take_input);
  SDL_SetWindowMouseGrab(window->sdl, take_input);
  if (SDL_SetRelativeMouseMode(take_input) != 0)
    log_warning("relative mouse: %s", SDL_GetError());
}

void window_warp_pointer(struct window *window, int32_t x, int32_t y) {
  int unit_width, unit_height;
  uint32_t width, height;
  SDL_GetWindowSize(window->sdl, &unit_width, &unit_height);
  window_pixel_size(window, &width, &height);
  SDL_WarpMouseInWindow(window->sdl, (int)((int64_t)x * unit_width / width), (int)((int64_t)y * unit_height / height));
}

void window_keep_awake(struct window *window, bool awake) {
  (void)window;
  if (awake)
    SDL_DisableScreenSaver();
  else
    SDL_EnableScreenSaver();
}

/* SDL reports a grab on Wayland as done even where the compositor ignores it, so nothing is promised there. */
const char *window_kept_shortcuts(const struct window *window) {
  (void)window;
  const char *driver = SDL_GetCurrentVideoDriver();
  if (driver && strcmp(driver, "wayland") == 0)
    return "the compositor may keep shortcuts such as Alt+Tab and Super";
  return "the host keeps Ctrl+Alt+F1 to F12";
}
