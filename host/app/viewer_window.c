#define LOG_MODULE "view"
#include "common/log.h"
#include "host/app/viewer_state.h"

#include <stdlib.h>

#define EVENTS_A_TURN 64u /* a flood of motion must not starve the picture */

static enum guest_link_state link_state(struct viewer *viewer) {
  pthread_mutex_lock(&viewer->lock);
  enum guest_link_state state = viewer->link_state;
  pthread_mutex_unlock(&viewer->lock);
  return state;
}

/* A guest that is lost keeps nothing pressed. */
static void watch_link(struct viewer *viewer) {
  enum guest_link_state state = link_state(viewer);
  if (state != GUEST_LINK_RUNNING && viewer->input_state == GUEST_LINK_RUNNING)
    viewer_input_guest_lost(&viewer->input);
  viewer->input_state = state;
}

/* What the input thread decided, and where the guest's pointer is now. */
static void serve_input(struct viewer *viewer) {
  struct window_post_pointer pointer = window_post_get_pointer(&viewer->post);
  viewer_input_guest_pointer(&viewer->input, pointer.visible, pointer.x, pointer.y);
  uint32_t wishes = atomic_exchange(&viewer->nudged, false) ? viewer_input_turn(&viewer->input) : 0;
  if (wishes & VIEWER_INPUT_PRESENT)
    viewer_wake_presenting(viewer);
  if (wishes & VIEWER_INPUT_HUD)
    viewer_wake(viewer, VIEWER_TASK_HUD);
  if (wishes & VIEWER_INPUT_SCREENSHOT)
    viewer_wake(viewer, VIEWER_TASK_SCREENSHOT);
  if (wishes & VIEWER_INPUT_QUIT)
    viewer_quit(viewer);
}

/* Ours is hidden while the guest draws one that follows it, and while the guest has the mouse. */
static void choose_pointer(struct viewer *viewer) {
  bool followed = viewer->input.thread && viewer->input.guest_pointer && viewer->input_state == GUEST_LINK_RUNNING;
  window_show_pointer(viewer->window, !followed && !viewer_input_hides_pointer(&viewer->input));
}

/* What the presenting thread wants of the window. */
static void serve_window(struct viewer *viewer) {
  struct picture_layout layout;
  char title[256];
  if (window_post_take_title(&viewer->post, title, sizeof title))
    window_set_title(viewer->window, title);
  if (window_post_get_layout(&viewer->post, &layout))
    window_follow_picture(viewer->window, layout.picture_width, layout.picture_height);
  choose_pointer(viewer);
}

/* A guest that follows the window, if it is to. */
static void tell_guest(struct viewer *viewer, uint32_t width, uint32_t height) {
  struct mode_follower_window window = {.width = width, .height = height, .chosen = window_size_is_chosen(viewer->window)};
  struct picture_layout layout;
  if (!viewer->control_options.mode.follows_window)
    return;
  if (window_post_get_layout(&viewer->post, &layout)) {
    window.picture_width = layout.picture_width;
    window.picture_height = layout.picture_height;
  }
  control_thread_window(viewer->control, &window);
}

void viewer_window_post_size(struct viewer *viewer) {
  uint32_t width, height;
  window_pixel_size(viewer->window, &width, &height);
  window_post_size(&viewer->post, width, height, window_is_fullscreen(viewer->window));
  tell_guest(viewer, width, height);
  viewer_wake_presenting(viewer);
}

void viewer_window_use_presenter(struct viewer *viewer, struct presenter *presenter) {
  viewer->presenter = presenter;
  atomic_store(&viewer->presents_on_main, viewer->window && presenter->impl->thread == PRESENTER_MAIN_THREAD);
}

struct presenter_options viewer_window_presenter_options(const struct viewer *viewer) {
  return (struct presenter_options){.scaling = (enum picture_scaling)viewer->settings->scaling, .tearing = viewer->settings->tearing};
}

/* What comes after a presenter that has failed: a lower rung if --renderer leaves the choice to us, and nothing to look at otherwise. */
static struct presenter *create_next_presenter(struct viewer *viewer, const char *failed, bool *goes_on) {
  struct presenter_options options = viewer_window_presenter_options(viewer);
  enum presenter_kind kind = (enum presenter_kind)viewer->settings->renderer;
  char error[256];
  if (kind == PRESENTER_AUTO || kind == PRESENTER_VULKAN) {
    struct presenter *next = presenter_create_below(failed, window_native(viewer->window), &options);
    if (next)
      return next;
  }
  *goes_on = false;
  log_error("presenting by %s has failed; --renderer auto goes on in another way where there is one", failed);
  return presenter_create(PRESENTER_HEADLESS, NULL, &options, error, sizeof error);
}

/* The presenter has failed, and whoever presented waits: the next one takes its place in the same window. */
static bool fall(struct viewer *viewer) {
  const char *failed = viewer->presenter->impl->name;
  bool goes_on = true;
  viewer->presenter->impl->destroy(viewer->presenter);
  struct presenter *next = create_next_presenter(viewer, failed, &goes_on);
  if (!next)
    abort(); /* a few hundred bytes could not be had */
  frame_feed_set_presenter(viewer->feed, next);
  latency_monitor_presenter(viewer->latency, next->impl->name);
  viewer_window_use_presenter(viewer, next);
  viewer_window_post_size(viewer);
  viewer->is_busy = false;
  viewer->pending_since_ns = 0;
  viewer->hud.due_ns = 0;
  if (next->impl->hint)
    next->impl->hint(next, viewer->hint);
  viewer->fell = true;
  viewer_present_status(viewer);
  atomic_store(&viewer->must_fall, false);
  if (!atomic_load(&viewer->presents_on_main) && (atomic_fetch_and(&viewer->tasks, ~(unsigned)VIEWER_TASK_FEED) & VIEWER_TASK_FEED))
    frame_thread_done(atomic_load(&viewer->frames), (struct frame_thread_next){.busy = true});
  return goes_on;
}

static void handle_event(struct viewer *viewer, const struct window_event *event) {
  if (event->kind == WINDOW_RESIZED)
    viewer_window_post_size(viewer);
  if (event->kind == WINDOW_KEY && event->down && domain_view_key(viewer->domain))
    return;
  viewer_input_event(&viewer->input, event);
  if (event->kind == WINDOW_CLOSE)
    viewer_quit(viewer);
}

bool viewer_window_run(struct viewer *viewer) {
  struct window_event event;
  while (!atomic_load(&viewer->quitting)) {
    if (!window_wait(&event))
      return false;
    handle_event(viewer, &event);
    for (unsigned i = 0; i < EVENTS_A_TURN && window_poll(&event); i++)
      handle_event(viewer, &event);
    if (atomic_load(&viewer->must_fall) && !fall(viewer))
      return false;
    serve_input(viewer);
    if (atomic_load(&viewer->presents_on_main))
      viewer_present_turn(viewer);
    watch_link(viewer);
    serve_window(viewer);
  }
  return true;
}
