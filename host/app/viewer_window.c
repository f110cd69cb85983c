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
  if (state != GUEST_LINK_RUNNING && viewer->input_state == GUEST_LINK_RUNNING && viewer == viewer->viewers->focus)
    viewer_input_guest_lost(&viewer->viewers->input);
  viewer->input_state = state;
}

static struct viewer *open_viewer(struct viewers *viewers, unsigned i) {
  struct viewer *viewer = viewers->list[i];
  return atomic_load(&viewer->quitting) ? NULL : viewer;
}

/* The guest's pointer is on one of its screens at most. */
static void take_pointer(struct viewers *viewers) {
  struct window_post_pointer pointer = window_post_get_pointer(&viewers->focus->post);
  bool here = pointer.visible;
  for (unsigned i = 0; i < viewers->count && !pointer.visible; i++)
    if (open_viewer(viewers, i))
      pointer = window_post_get_pointer(&viewers->list[i]->post);
  viewer_input_guest_pointer(&viewers->input, pointer.visible, here, pointer.x, pointer.y);
}

static void wake_all(struct viewers *viewers, unsigned task) {
  for (unsigned i = 0; i < viewers->count; i++)
    if (open_viewer(viewers, i))
      viewer_wake(viewers->list[i], task);
}

/* What the input thread decided, and where the guest's pointer is now. */
static void serve_input(struct viewers *viewers) {
  take_pointer(viewers);
  uint32_t wishes = atomic_exchange(&viewers->nudged, false) ? viewer_input_turn(&viewers->input) : 0;
  if (wishes & VIEWER_INPUT_PRESENT)
    viewer_wake_presenting(viewers->focus);
  if (wishes & VIEWER_INPUT_HUD)
    wake_all(viewers, VIEWER_TASK_HUD);
  if (wishes & VIEWER_INPUT_SCREENSHOT)
    viewer_wake(viewers->focus, VIEWER_TASK_SCREENSHOT);
  if (wishes & VIEWER_INPUT_QUIT)
    for (unsigned i = 0; i < viewers->count; i++)
      viewer_quit(viewers->list[i]);
}

/* Ours is hidden while the guest draws one that follows it, and while the guest has the mouse. */
static void choose_pointer(struct viewer *viewer) {
  const struct viewer_input *input = &viewer->viewers->input;
  bool followed = input->thread && input->guest_pointer && !input->several && viewer->input_state == GUEST_LINK_RUNNING;
  window_show_pointer(viewer->window, !followed && !viewer_input_hides_pointer(input));
}

/* What the presenting thread wants of the window. */
static void serve_window(struct viewer *viewer) {
  struct picture_layout layout;
  char title[256];
  if (window_post_take_title(&viewer->post, title, sizeof title))
    window_set_title(viewer->window, title);
  if (window_post_get_layout(&viewer->post, &layout))
    window_follow_picture(viewer->window, layout.picture_width, layout.picture_height);
  if (viewer == viewer->viewers->focus)
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
  return (struct presenter_options){.scaling = (enum picture_scaling)viewer->settings->scaling,
                                    .quality = (enum picture_quality)viewer->settings->quality,
                                    .tearing = viewer->settings->tearing};
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
  viewer_feedback_stop(viewer);
  viewer->presenter->impl->destroy(viewer->presenter);
  struct presenter *next = create_next_presenter(viewer, failed, &goes_on);
  if (!next)
    abort(); /* a few hundred bytes could not be had */
  frame_feed_set_presenter(viewer->feed, next);
  latency_monitor_presenter(viewer->latency, next->impl->name);
  viewer_window_use_presenter(viewer, next);
  viewer_feedback_start(viewer);
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

/* The line over the picture goes with the focus. */
static void take_focus(struct viewer *viewer) {
  struct viewer *before = viewer->viewers->focus;
  if (before == viewer)
    return;
  viewer->viewers->focus = viewer;
  atomic_store(&viewer->viewers->nudged, true); /* it is to be told what the other one knew */
  viewer_wake_presenting(before);
}

/* What SDL ascribes to no window is the business of the one that is in use. */
static struct viewer *viewer_of(struct viewers *viewers, const struct window_event *event) {
  for (unsigned i = 0; i < viewers->count; i++)
    if (event->window && viewers->list[i]->window == event->window)
      return viewers->list[i];
  return viewers->focus;
}

static void close_windows(struct viewers *viewers, const struct window_event *event) {
  for (unsigned i = 0; i < viewers->count; i++)
    if (!event->window || viewers->list[i]->window == event->window)
      viewer_quit(viewers->list[i]);
}

static void handle_event(struct viewers *viewers, const struct window_event *event) {
  struct viewer *viewer = viewer_of(viewers, event);
  if (event->kind == WINDOW_RESIZED)
    viewer_window_post_size(viewer);
  if (event->kind == WINDOW_KEY && event->down && domain_view_key(viewers_first(viewers)->domain))
    return;
  viewer_input_event(&viewers->input, event, viewer->window, &viewer->post);
  if (event->kind == WINDOW_FOCUS)
    take_focus(viewer);
  if (event->kind == WINDOW_CLOSE)
    close_windows(viewers, event);
}

static void serve_viewer(struct viewer *viewer) {
  if (atomic_load(&viewer->presents_on_main))
    viewer_present_turn(viewer);
  watch_link(viewer);
  serve_window(viewer);
}

/* One that has nothing to present with any more ends; the others go on. */
static void serve_all(struct viewers *viewers) {
  for (unsigned i = 0; i < viewers->count; i++) {
    struct viewer *viewer = open_viewer(viewers, i);
    if (!viewer || !atomic_load(&viewer->must_fall) || fall(viewer))
      continue;
    viewers->failed = true;
    viewer_quit(viewer);
  }
  serve_input(viewers);
  for (unsigned i = 0; i < viewers->count; i++)
    if (open_viewer(viewers, i))
      serve_viewer(viewers->list[i]);
}

bool viewer_window_run(struct viewers *viewers) {
  struct window_event event;
  while (viewers_are_open(viewers)) {
    if (!window_wait(&event))
      return false;
    handle_event(viewers, &event);
    for (unsigned i = 0; i < EVENTS_A_TURN && window_poll(&event); i++)
      handle_event(viewers, &event);
    serve_all(viewers);
    viewers_follow(viewers);
  }
  return true;
}
