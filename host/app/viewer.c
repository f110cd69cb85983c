#define LOG_MODULE "view"
#include "common/clock.h"
#include "common/log.h"
#include "host/app/screens.h"
#include "host/app/viewer_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_WIDTH 1280
#define FIRST_HEIGHT 800

void viewer_wake_presenting(struct viewer *viewer) {
  struct frame_thread *frames = atomic_load(&viewer->frames);
  if (atomic_load(&viewer->presents_on_main))
    window_wake(viewer->window);
  else if (frames)
    frame_thread_kick(frames);
}

/* With the feed in hand, whichever thread presents. */
void viewer_wake(struct viewer *viewer, unsigned task) {
  struct frame_thread *frames = atomic_load(&viewer->frames);
  atomic_fetch_or(&viewer->tasks, task);
  viewer_wake_presenting(viewer);
  if (frames && task & (VIEWER_TASK_HUD | VIEWER_TASK_SCREENSHOT))
    frame_thread_kick(frames);
}

void viewer_wake_window(struct viewer *viewer, bool is_news) {
  if (viewer->window && is_news)
    window_wake(viewer->window);
}

void viewer_quit(struct viewer *viewer) {
  if (atomic_exchange(&viewer->quitting, true))
    return;
  sem_post(&viewer->viewers->ended);
  viewer_wake_window(viewer, true);
}

bool viewer_is_first(const struct viewer *viewer) { return viewers_first(viewer->viewers) == viewer; }

/* ---- from the control thread ---- */

static void on_state(enum guest_link_state state, const char *text, void *user_data) {
  struct viewer *viewer = user_data;
  pthread_mutex_lock(&viewer->lock);
  viewer->link_state = state;
  snprintf(viewer->link_text, sizeof viewer->link_text, "%s", text);
  pthread_mutex_unlock(&viewer->lock);
  log_info("%s%s%s%s", viewer->prefix, screens_state_name(state), text[0] ? ": " : "", text);
  viewer_wake(viewer, VIEWER_TASK_STATE);
  viewer_wake_window(viewer, true);
}

static void on_session(uint32_t head_count, void *user_data) {
  struct viewer *viewer = user_data;
  struct viewers *viewers = viewer->viewers;
  struct frame_thread *frames = atomic_load(&viewer->frames);
  if (viewer_is_first(viewer) && head_count > atomic_load(&viewers->heads_seen)) {
    atomic_store(&viewers->heads_seen, head_count);
    viewers_wake(viewers);
  }
  if (frames)
    frame_thread_session_changed(frames);
}

/* The figures are the feed's: they are printed when it is handed over next, which is now. */
static void on_stats(void *user_data) {
  struct viewer *viewer = user_data;
  struct frame_thread *frames = atomic_load(&viewer->frames);
  atomic_fetch_or(&viewer->tasks, VIEWER_TASK_STATS);
  if (frames)
    frame_thread_kick(frames);
}

static void on_latency(void *user_data) {
  struct viewer *viewer = user_data;
  char line[STATS_SOCKET_LINE_BYTES];
  latency_monitor_tick(viewer->latency);
  if (viewer->stats_socket)
    stats_socket_send(viewer->stats_socket, line, latency_monitor_line(viewer->latency, line, sizeof line));
}

static void on_clock(const struct transom_clock_sample *sample, void *user_data) {
  latency_monitor_exchange(((struct viewer *)user_data)->latency, sample);
}

static void on_nudged(void *user_data) {
  struct viewers *viewers = ((struct viewer *)user_data)->viewers;
  atomic_store(&viewers->nudged, true);
  viewers_wake(viewers);
}

static void on_quit(bool by_time, void *user_data) {
  struct viewers *viewers = ((struct viewer *)user_data)->viewers;
  if (by_time)
    atomic_store(&viewers->out_of_time, true);
  viewers_quit(viewers);
}

static void on_domain(void *user_data) { viewer_wake(user_data, VIEWER_TASK_DOMAIN); }

/* ---- from the input thread ---- */

static void on_input_changed(void *user_data) { control_thread_nudge(((struct viewer *)user_data)->control); }

/* ---- start and end ---- */

static bool open_window(struct viewer *viewer, enum presenter_kind kind, char *error, size_t capacity) {
  const struct view_settings *settings = viewer->settings;
  struct window_options options = {.title = viewer->title,
                                   .width = FIRST_WIDTH,
                                   .height = FIRST_HEIGHT,
                                   .fullscreen = settings->fullscreen,
                                   .display = (int)settings->display,
                                   .place = settings->place_file[0] ? &settings->place : NULL,
                                   .vulkan = presenter_kind_needs_vulkan(kind)};
  viewer->window = window_create(&options, error, capacity);
  viewer_start_note(&viewer->start, VIEWER_START_WINDOW, clock_monotonic_ns());
  return viewer->window != NULL;
}

static bool start_presenting(struct viewer *viewer, char *error, size_t capacity) {
  enum presenter_kind kind = (enum presenter_kind)viewer->settings->renderer;
  struct presenter_options options = viewer_window_presenter_options(viewer);
  struct presenter_preparation *preparation = presenter_prepare(kind);
  struct presenter *presenter = NULL;
  if (!presenter_kind_needs_window(kind) || open_window(viewer, kind, error, capacity))
    presenter = presenter_create(kind, viewer->window ? window_native(viewer->window) : NULL, &options, error, capacity);
  presenter_preparation_finish(preparation);
  if (!presenter)
    return false;
  viewer_window_use_presenter(viewer, presenter);
  viewer_start_note(&viewer->start, VIEWER_START_PRESENTER, clock_monotonic_ns());
  latency_monitor_presenter(viewer->latency, presenter->impl->name);
  if (viewer->window) {
    window_show(viewer->window);
    viewer_window_post_size(viewer);
  }
  viewer_feedback_start(viewer);
  return true;
}

static bool start_control(struct viewer *viewer, char *error, size_t capacity) {
  static const struct control_events events = {.state = on_state,
                                               .session = on_session,
                                               .stats = on_stats,
                                               .latency = on_latency,
                                               .clock = on_clock,
                                               .nudged = on_nudged,
                                               .quit = on_quit};
  const struct view_settings *settings = viewer->settings;
  viewer->control_options =
      (struct control_options){.region = settings->region,
                               .stats_socket = viewer->stats_socket,
                               .head = (uint32_t)settings->head,
                               .only_watches = !viewer_is_first(viewer),
                               .seconds = viewer_is_first(viewer) ? (uint64_t)settings->seconds : 0,
                               .stats_interval_ms = settings->stats == SETTINGS_STATS_JSON ? (uint64_t)settings->stats_interval_ms : 0,
                               .latency_interval_ms = latency_monitor_tick_ms(settings, viewer->hud.mode != HUD_OFF),
                               .clock_interval_ns = latency_monitor_clock_ns(settings)};
  if (viewer_is_first(viewer))
    guest_mode_parse(settings->guest_mode, &viewer->control_options.mode); /* checked by settings_load() */
  viewer->control = control_thread_start(&viewer->control_options, &events, viewer, error, capacity);
  return viewer->control != NULL;
}

static bool start_frames(struct viewer *viewer, char *error, size_t capacity) {
  struct frame_thread *frames = frame_thread_start(viewer->feed, control_thread_link(viewer->control), viewer_present_news, viewer);
  atomic_store(&viewer->frames, frames);
  if (!frames) {
    snprintf(error, capacity, "cannot start the frame thread: %s", strerror(errno));
    return false;
  }
  frame_thread_session_changed(frames); /* what came before there was somebody to tell */
  frame_thread_kick(frames);
  viewer_wake_window(viewer, true);
  return true;
}

static void start_domain(struct viewer *viewer) {
  atomic_store(&viewer->domain, domain_view_start(viewer->settings, on_domain, viewer));
  viewer_wake(viewer, VIEWER_TASK_DOMAIN); /* what came before it was there to be asked */
}

/* Input is there once the first window is. */
static bool start_input(struct viewer *viewer, char *error, size_t capacity) {
  struct viewers *viewers = viewer->viewers;
  viewers->focus = viewer;
  return viewer_input_start(&viewers->input, viewer->settings, viewer->window, &viewer->post, on_input_changed, viewer, error, capacity);
}

/* The region is opened while the window and its driver come up. */
bool viewer_start(struct viewer *viewer, char *error, size_t capacity) {
  const struct view_settings *settings = viewer->settings;
  const bool is_first = viewer_is_first(viewer);
  if (is_first && settings->stats_socket[0] && !(viewer->stats_socket = stats_socket_create(settings->stats_socket, error, capacity)))
    return false;
  latency_monitor_begin(viewer->latency, "none");
  if (!start_control(viewer, error, capacity) || !start_presenting(viewer, error, capacity))
    return false;
  viewer->feed = frame_feed_create(viewer->presenter, settings->same_clock);
  if (!viewer->feed) {
    snprintf(error, capacity, "cannot start: out of memory");
    return false;
  }
  frame_feed_trace(viewer->feed, latency_monitor_trace(viewer->latency));
  latency_monitor_want_graph(viewer->latency, viewer->hud.mode != HUD_OFF);
  if ((is_first && !start_input(viewer, error, capacity)) || !start_frames(viewer, error, capacity))
    return false;
  if (is_first)
    start_domain(viewer);
  return true;
}

static bool save_screenshot(struct viewer *viewer, const char *path) {
  struct presenter_image image;
  int error = viewer->presenter->impl->read_back(viewer->presenter, true, &image);
  if (error == 0) {
    error = screenshot_write(path, &image);
    free(image.pixels);
  }
  if (error)
    log_error("no screenshot in %s: %s", path, error == -ENODATA ? "no picture was shown" : strerror(-error));
  return error == 0;
}

static bool last_words(struct viewer *viewer) {
  bool good = true;
  if (viewer->settings->screenshot[0])
    good = save_screenshot(viewer, viewer->settings->screenshot);
  if (viewer->settings->stats == SETTINGS_STATS_JSON)
    viewer_present_stats(viewer, "exit");
  if (viewer->settings->frames > 0 && !viewer_present_has_enough(viewer) && atomic_load(&viewer->viewers->out_of_time)) {
    log_error("%s%llu of %lld frames were shown in %lld s", viewer->prefix, (unsigned long long)viewer->feed->counts.frames,
              (long long)viewer->settings->frames, (long long)viewer->settings->seconds);
    good = false;
  }
  return good;
}

static void save_place(struct viewer *viewer) {
  const char *path = viewer->settings->place_file;
  struct window_place place;
  if (!viewer->window || !path[0] || !window_changed_place(viewer->window, &place))
    return;
  int error = window_place_save(path, &place);
  if (error)
    log_warning("the window's place is not remembered in %s: %s", path, strerror(-error));
}

void viewer_stop(struct viewer *viewer) { frame_thread_stop(atomic_load(&viewer->frames)); }

/* Feed, then presenter, then window: the first detaches the region from the second. */
static void close_window(struct viewer *viewer) {
  if (viewer->closed)
    return;
  viewer->closed = true;
  screenshot_finish(viewer->screenshot);
  frame_feed_destroy(viewer->feed);
  viewer_feedback_stop(viewer);
  if (viewer->presenter)
    viewer->presenter->impl->destroy(viewer->presenter);
  if (viewer->window)
    window_close(viewer->window);
}

bool viewer_finish(struct viewer *viewer) {
  if (viewer->closed)
    return true;
  save_place(viewer);
  bool good = !viewer->feed || last_words(viewer); /* without one, it never came up */
  close_window(viewer);
  return good;
}

void viewer_disconnect(struct viewer *viewer) {
  viewer_stop(viewer);
  domain_view_stop(viewer->domain);
  control_thread_stop(viewer->control); /* kicks the frame thread until here */
  viewer->domain = NULL;
  viewer->control = NULL;
}

void viewer_destroy(struct viewer *viewer) {
  stats_socket_destroy(viewer->stats_socket);
  frame_thread_destroy(atomic_load(&viewer->frames));
  close_window(viewer);
  window_destroy(viewer->window);
  window_post_finish(&viewer->post);
  pthread_mutex_destroy(&viewer->lock);
  if (viewer->viewers->ran && !latency_monitor_finish(viewer->latency))
    viewer->viewers->failed = true;
  latency_monitor_destroy(viewer->latency);
  free(viewer->own);
  free(viewer);
}

static void name(struct viewer *viewer) {
  const struct view_settings *settings = viewer->settings;
  char screen[24] = "";
  if (settings->head_count) {
    snprintf(screen, sizeof screen, ", screen %lld", (long long)settings->head);
    snprintf(viewer->prefix, sizeof viewer->prefix, "screen %lld: ", (long long)settings->head);
  }
  if (settings->title[0])
    snprintf(viewer->title, sizeof viewer->title, "%s%s", settings->title, screen);
  else
    snprintf(viewer->title, sizeof viewer->title, "%s%s - Transom", settings->domain, screen);
}

/* Its own settings, and what it is measured with. */
static bool equip(struct viewer *viewer, const struct view_settings *settings) {
  viewer->settings = settings;
  if (settings != viewer->viewers->settings) {
    viewer->own = malloc(sizeof *viewer->own);
    if (!viewer->own)
      return false;
    *viewer->own = *settings;
    viewer->settings = viewer->own;
  }
  if (!latency_monitor_tick_ms(settings, hud_first_mode(settings) != HUD_OFF))
    return true;
  viewer->latency = latency_monitor_create(viewer->settings);
  return viewer->latency != NULL;
}

struct viewer *viewer_create(struct viewers *viewers, const struct view_settings *settings) {
  struct viewer *viewer = calloc(1, sizeof *viewer);
  if (!viewer)
    return NULL;
  viewer->viewers = viewers;
  viewer->hud.mode = hud_first_mode(settings);
  viewer->start.began_ns = clock_monotonic_ns();
  window_post_init(&viewer->post);
  pthread_mutex_init(&viewer->lock, NULL);
  if (!equip(viewer, settings)) {
    viewer_destroy(viewer);
    return NULL;
  }
  name(viewer);
  return viewer;
}
