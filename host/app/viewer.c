#define LOG_MODULE "view"
#include "host/app/viewer.h"

#include "common/clock.h"
#include "common/exit_status.h"
#include "common/log.h"
#include "common/memory_copy.h"
#include "host/app/control_thread.h"
#include "host/app/domain_view.h"
#include "host/app/frame_thread.h"
#include "host/app/hud.h"
#include "host/app/latency_monitor.h"
#include "host/app/log_output.h"
#include "host/app/screens.h"
#include "host/app/screenshot.h"
#include "host/app/stats_socket.h"
#include "host/app/viewer_input.h"
#include "host/app/viewer_stats.h"
#include "host/app/window.h"
#include "host/app/window_post.h"
#include "host/present/presenter_select.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST_WIDTH 1280
#define FIRST_HEIGHT 800
#define EVENTS_A_TURN 64u                   /* a flood of motion must not starve the picture */
#define BUSY_PAUSE_NS UINT64_C(250000)      /* between looks while the device or the guest copies */
#define HIDDEN_AFTER_NS UINT64_C(200000000) /* a display that takes no picture for so long shows us nowhere */
#define HIDDEN_PAUSE_NS UINT64_C(50000000)

/* What other threads ask of the presenting thread. */
enum task { TASK_FEED = 1, TASK_STATE = 2, TASK_STATS = 4, TASK_QUIT = 8, TASK_HUD = 16, TASK_SCREENSHOT = 32, TASK_DOMAIN = 64 };

/* The presenting thread is the one that the presenter asks for: the main thread for SDL_Renderer, else the frame thread. It runs run_turn()
 * whenever it is woken; everything below `presenting thread` is its own. The window stays with the main thread: window_post.h lies
 * between the two. */
struct viewer {
  const struct view_settings *settings;
  struct window *window; /* NULL when headless */
  struct window_post post;
  atomic_bool presents_on_main, must_fall;
  struct frame_feed *feed;
  struct frame_thread *_Atomic frames;
  struct latency_monitor *latency;   /* NULL = nothing is measured */
  struct stats_socket *stats_socket; /* NULL = nobody asked for it */
  struct control_thread *control;
  struct control_options control_options;
  struct domain_view *_Atomic domain; /* NULL without libvirt */
  atomic_uint tasks;
  sem_t ended;          /* headless: the main thread waits for it */
  pthread_mutex_t lock; /* the link's state, from the control thread */
  enum guest_link_state link_state;
  char link_text[256];
  atomic_bool out_of_time, quitting, nudged; /* nudged: the input thread has something for the main thread */

  /* presenting thread */
  struct presenter *presenter;
  enum guest_link_state state;
  char state_text[256];
  bool has_picture, picture_refused, must_present, is_busy;
  bool region_shows;  /* a frame of the present session is on the screen */
  bool foreign_image; /* the emulated display was shown since a frame of the region was */
  bool forget_due;    /* and the feed does not know yet that its damage counts for nothing */
  bool fell;          /* another presenter has taken over: it has no picture yet */
  struct hud hud;
  char hint[256]; /* as last shown: another presenter gets it again */
  struct screenshot_job *screenshot;
  uint64_t pending_since_ns; /* CLOCK_MONOTONIC: the display has had no room since; 0 = it has */

  /* main thread */
  struct viewer_input input;
  enum guest_link_state input_state;
  uint64_t started_ns;
  char title[160];
};

static void wake_presenting(struct viewer *viewer) {
  struct frame_thread *frames = atomic_load(&viewer->frames);
  if (atomic_load(&viewer->presents_on_main))
    window_wake(viewer->window);
  else if (frames)
    frame_thread_kick(frames);
}

/* With the feed in hand, whichever thread presents. */
static void wake(struct viewer *viewer, unsigned task) {
  struct frame_thread *frames = atomic_load(&viewer->frames);
  atomic_fetch_or(&viewer->tasks, task);
  wake_presenting(viewer);
  if (frames && task & (TASK_HUD | TASK_SCREENSHOT))
    frame_thread_kick(frames);
}

static void wake_window(struct viewer *viewer, bool is_news) {
  if (viewer->window && is_news)
    window_wake(viewer->window);
}

/* ---- from the control thread ---- */

static void on_state(enum guest_link_state state, const char *text, void *user_data) {
  struct viewer *viewer = user_data;
  pthread_mutex_lock(&viewer->lock);
  viewer->link_state = state;
  snprintf(viewer->link_text, sizeof viewer->link_text, "%s", text);
  pthread_mutex_unlock(&viewer->lock);
  log_info("%s%s%s", screens_state_name(state), text[0] ? ": " : "", text);
  wake(viewer, TASK_STATE);
  wake_window(viewer, true);
}

static void on_session(void *user_data) {
  struct viewer *viewer = user_data;
  struct frame_thread *frames = atomic_load(&viewer->frames);
  if (frames)
    frame_thread_session_changed(frames);
}

/* The figures are the feed's: they are printed when it is handed over next, which is now. */
static void on_stats(void *user_data) {
  struct viewer *viewer = user_data;
  struct frame_thread *frames = atomic_load(&viewer->frames);
  atomic_fetch_or(&viewer->tasks, TASK_STATS);
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
  struct viewer *viewer = user_data;
  atomic_store(&viewer->nudged, true);
  wake_window(viewer, true);
}

static void on_quit(bool by_time, void *user_data) {
  struct viewer *viewer = user_data;
  if (by_time)
    atomic_store(&viewer->out_of_time, true);
  wake(viewer, TASK_QUIT);
}

static void on_domain(void *user_data) { wake(user_data, TASK_DOMAIN); }
/* ---- from the input thread ---- */

static void on_input_changed(void *user_data) { control_thread_nudge(((struct viewer *)user_data)->control); }

/* ---- presenting thread ---- */

static void quit(struct viewer *viewer) {
  if (atomic_exchange(&viewer->quitting, true))
    return;
  sem_post(&viewer->ended);
  wake_window(viewer, true);
}

static void update_screen(struct viewer *viewer) {
  struct presenter_status status;
  screens_for(viewer->state, viewer->state_text, viewer->has_picture, viewer->picture_refused, &status);
  domain_view_screen(viewer->domain, viewer->state, viewer->has_picture, &status);
  viewer->presenter->impl->status(viewer->presenter, &status);
  viewer->must_present = true;
  if (!viewer->window)
    return;
  char title[256];
  snprintf(title, sizeof title, status.visible ? "%s - %s" : "%s", viewer->title, status.title);
  wake_window(viewer, window_post_title(&viewer->post, title));
}

static void take_state(struct viewer *viewer) {
  pthread_mutex_lock(&viewer->lock);
  viewer->state = viewer->link_state;
  memcpy(viewer->state_text, viewer->link_text, sizeof viewer->state_text);
  pthread_mutex_unlock(&viewer->lock);
  viewer->region_shows &= viewer->state == GUEST_LINK_RUNNING;
  if (viewer->state == GUEST_LINK_RUNNING && viewer->foreign_image) /* the newest frame again, though it is not new */
    frame_thread_session_changed(atomic_load(&viewer->frames));
  update_screen(viewer);
}

static void post_layout(struct viewer *viewer) {
  struct picture_layout layout;
  if (viewer->window && viewer->presenter->impl->layout(viewer->presenter, &layout))
    wake_window(viewer, window_post_layout(&viewer->post, &layout));
}

static void take_size(struct viewer *viewer) {
  uint32_t width, height;
  bool fullscreen;
  if (!window_post_take_size(&viewer->post, &width, &height, &fullscreen))
    return;
  viewer->presenter->impl->resize(viewer->presenter, width, height, fullscreen);
  viewer->must_present = true;
  post_layout(viewer);
}

static void post_pointer(struct viewer *viewer) {
  const struct transom_cursor_state *cursor = &viewer->feed->cursor.state;
  struct window_post_pointer pointer = {cursor->flags & TRANSOM_CURSOR_VISIBLE, cursor->x, cursor->y};
  wake_window(viewer, window_post_pointer(&viewer->post, pointer));
}

static void take_hint(struct viewer *viewer) {
  char text[256];
  if (!window_post_take_hint(&viewer->post, text, sizeof text))
    return;
  if (viewer->presenter->impl->hint)
    viewer->presenter->impl->hint(viewer->presenter, text);
  snprintf(viewer->hint, sizeof viewer->hint, "%s", text);
  viewer->must_present = true;
}

/* The emulated display, where the region has nothing to show. Not in the middle of a frame of the region's: what has come stays where it is
 * until the next turn. */
static void take_domain(struct viewer *viewer) {
  if (viewer->is_busy)
    return;
  if (viewer->fell)
    domain_view_start_over(viewer->domain);
  viewer->fell = false;
  unsigned result = domain_view_turn(viewer->domain, viewer->presenter, viewer->state, viewer->region_shows);
  if (result & DOMAIN_VIEW_BROKEN)
    atomic_store(&viewer->must_fall, true);
  if (result & DOMAIN_VIEW_PICTURE) {
    viewer->has_picture = viewer->foreign_image = viewer->forget_due = viewer->must_present = true;
    post_layout(viewer);
  }
  if (result & (DOMAIN_VIEW_PICTURE | DOMAIN_VIEW_STATE))
    update_screen(viewer);
}

static void take_feed(struct viewer *viewer) {
  if (viewer->forget_due && viewer->feed->session) /* without one, the next begins by forgetting */
    frame_import_lost(&viewer->feed->frames, &viewer->feed->reader);
  viewer->forget_due = false;
  uint32_t result = frame_feed_step(viewer->feed);
  bool refused = result & FRAME_FEED_REFUSED, first = (result & FRAME_FEED_PICTURE) && !viewer->has_picture;
  viewer->is_busy = result & FRAME_FEED_PENDING;
  if (result & FRAME_FEED_BROKEN)
    atomic_store(&viewer->must_fall, true);
  if (result & FRAME_FEED_PICTURE) {
    first |= !viewer->region_shows;
    viewer->has_picture = viewer->region_shows = true;
    viewer->foreign_image = false;
    viewer_input_frame_shown(&viewer->input);
    post_layout(viewer);
  }
  if (first || ((refused || (result & FRAME_FEED_PICTURE)) && refused != viewer->picture_refused)) {
    viewer->picture_refused = refused;
    update_screen(viewer);
  }
  if (result & (FRAME_FEED_PICTURE | FRAME_FEED_CURSOR))
    viewer->must_present = true;
  if (result & FRAME_FEED_CURSOR)
    post_pointer(viewer);
}

static void presented(struct viewer *viewer, bool has_feed, uint64_t submitted_ns) {
  bool is_seen = strcmp(viewer->presenter->impl->name, "headless") != 0;
  viewer->must_present = false;
  viewer->pending_since_ns = 0;
  if (has_feed)
    frame_feed_presented(viewer->feed, submitted_ns, clock_raw_ns(), is_seen ? LATENCY_SOURCE_CALL : LATENCY_SOURCE_HEADLESS);
}

static void present(struct viewer *viewer, bool has_feed) {
  if (!viewer->must_present || atomic_load(&viewer->must_fall))
    return;
  uint64_t submitted_ns = clock_raw_ns();
  switch (viewer->presenter->impl->present(viewer->presenter)) {
  case PRESENTER_OK:
    presented(viewer, has_feed, submitted_ns);
    return;
  case PRESENTER_PENDING:
    viewer->pending_since_ns = viewer->pending_since_ns ? viewer->pending_since_ns : clock_monotonic_ns();
    return;
  case PRESENTER_LOST: /* only presenters that work with the feed in hand lose anything */
    frame_feed_lost(viewer->feed);
    return;
  case PRESENTER_FAILED:
    atomic_store(&viewer->must_fall, true);
    return;
  }
}

/* A reader that does not read must not stop the picture: a line that does not fit the pipe now is left out. */
static void print_line(const char *line, size_t length) {
  struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
  if (poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) && fwrite(line, 1, length, stdout) == length)
    fflush(stdout);
}

static struct viewer_stats stats_of(struct viewer *viewer, const char *event) {
  const struct guest_session *session = viewer->feed->session;
  const struct presenter_impl *impl = viewer->presenter->impl;
  struct picture_layout layout = {0};
  impl->layout(viewer->presenter, &layout);
  struct viewer_stats stats = {.event = event,
                               .state = screens_state_name(viewer->state),
                               .presenter = impl->name,
                               .rung = impl->rung ? impl->rung(viewer->presenter) : "",
                               .domain = viewer->settings->domain,
                               .domain_state = domain_view_state_name(viewer->domain),
                               .fallback_frames = domain_view_fallback_count(viewer->domain),
                               .epoch = session ? session->region.epoch : 0,
                               .elapsed_ms = (clock_monotonic_ns() - viewer->started_ns) / 1000000,
                               .width = layout.picture_width,
                               .height = layout.picture_height,
                               .doorbell = session && session->frame_eventfd >= 0,
                               .held = session && session->may_hold,
                               .counts = frame_feed_counts(viewer->feed)};
  window_post_get_input(&viewer->post, &stats.capture, &stats.sink);
  if (viewer->settings->same_clock) {
    stats.publish_to_seen = &viewer->feed->publish_to_seen;
    stats.publish_to_presented = &viewer->feed->publish_to_presented;
  }
  return stats;
}

static void print_stats(struct viewer *viewer, const char *event) {
  struct viewer_stats stats = stats_of(viewer, event);
  char stages[LATENCY_MONITOR_STAGES_BYTES];
  if (viewer->latency) {
    latency_monitor_stages(viewer->latency, stages);
    stats.stages = stages;
  }
  char line[VIEWER_STATS_BYTES + 1];
  size_t length = viewer_stats_format(&stats, line);
  line[length++] = '\n';
  print_line(line, length);
}

/* ---- what hotkeys ask for ---- */

/* A new text when it is time; nothing at all while the HUD is hidden. */
static void refresh_hud(struct viewer *viewer) {
  uint64_t now_ns = clock_monotonic_ns();
  char text[HUD_BYTES];
  if (!viewer->hud.visible || now_ns < viewer->hud.due_ns)
    return;
  struct viewer_stats stats = stats_of(viewer, "hud");
  hud_format(&viewer->hud, &stats, text);
  viewer->presenter->impl->hud(viewer->presenter, text);
  viewer->hud.due_ns = now_ns + HUD_PERIOD_NS;
  viewer->must_present = true;
}

static void toggle_hud(struct viewer *viewer) {
  viewer->hud.visible = !viewer->hud.visible;
  viewer->hud.due_ns = 0;
  viewer->must_present = true;
  if (!viewer->hud.visible)
    viewer->presenter->impl->hud(viewer->presenter, "");
}

static void take_screenshot(struct viewer *viewer) {
  struct presenter_image image;
  int error = viewer->presenter->impl->read_back(viewer->presenter, true, &image);
  char path[SETTINGS_PATH_BYTES];
  screenshot_finish(viewer->screenshot); /* the one before, if it is not done yet */
  viewer->screenshot = NULL;
  if (error)
    log_error("no screenshot: %s", error == -ENODATA ? "no picture was shown" : strerror(-error));
  else if (screenshot_name(viewer->settings->domain, time(NULL), path, sizeof path))
    viewer->screenshot = screenshot_start(&image, path);
  else
    free(image.pixels);
}

static void serve_requests(struct viewer *viewer, unsigned tasks) {
  if (tasks & TASK_HUD)
    toggle_hud(viewer);
  if (tasks & TASK_SCREENSHOT)
    take_screenshot(viewer);
  refresh_hud(viewer);
}

void viewer_request(struct viewer *viewer, enum viewer_request request) {
  wake(viewer, request == VIEWER_REQUEST_HUD ? TASK_HUD : TASK_SCREENSHOT);
}

static bool enough_frames(const struct viewer *viewer) {
  return viewer->settings->frames > 0 && viewer->feed->counts.frames >= (uint64_t)viewer->settings->frames;
}

/* When to come again: soon while something is copied or waits for the display, but not for a window that nobody can see. */
static struct frame_thread_next next_turn(const struct viewer *viewer, bool progress) {
  struct frame_thread_next next = {.progress = progress, .again_ns = FRAME_THREAD_NEVER};
  bool waits = viewer->must_present && viewer->pending_since_ns;
  if (viewer->is_busy || waits) {
    bool hidden = !viewer->is_busy && clock_monotonic_ns() - viewer->pending_since_ns > HIDDEN_AFTER_NS;
    next.busy = true;
    next.again_ns = hidden ? HIDDEN_PAUSE_NS : viewer->is_busy ? BUSY_PAUSE_NS : 0;
  } else if (viewer->hud.visible) {
    next.again_ns = HUD_PERIOD_NS;
  }
  return next;
}

/* What was done with the feed: whether there was anything worth the wake-up. */
static bool use_feed(struct viewer *viewer) {
  uint64_t frames = viewer->feed->counts.frames, moves = viewer->feed->counts.cursor_moves;
  take_feed(viewer);
  return viewer->feed->counts.frames != frames || viewer->feed->counts.cursor_moves != moves;
}

/* One turn: what was asked for since the last, then one drawing of it all. Once quitting, the feed is not given back: the frame thread
 * waits for its end, and the last figures are of the last picture. */
static void run_turn(struct viewer *viewer) {
  unsigned tasks = atomic_fetch_and(&viewer->tasks, TASK_STATS | TASK_HUD | TASK_SCREENSHOT); /* these need the feed */
  bool has_feed = tasks & TASK_FEED, progress = false;
  if (atomic_load(&viewer->quitting))
    return;
  if (tasks & TASK_STATE)
    take_state(viewer);
  take_size(viewer);
  take_hint(viewer);
  if (has_feed)
    progress = use_feed(viewer);
  if (viewer->domain && !atomic_load(&viewer->must_fall) && (tasks & (TASK_DOMAIN | TASK_STATE | TASK_FEED)))
    take_domain(viewer);
  if (has_feed && !atomic_load(&viewer->must_fall))
    serve_requests(viewer, atomic_fetch_and(&viewer->tasks, ~(unsigned)(TASK_HUD | TASK_SCREENSHOT)));
  present(viewer, has_feed);
  if (has_feed && (atomic_fetch_and(&viewer->tasks, ~(unsigned)TASK_STATS) & TASK_STATS))
    print_stats(viewer, "tick");
  if ((tasks & TASK_QUIT) || (has_feed && enough_frames(viewer)))
    quit(viewer);
  if (has_feed && atomic_load(&viewer->must_fall)) {
    atomic_fetch_or(&viewer->tasks, TASK_FEED); /* still in our hands: the main thread gives it back once it has another presenter */
    wake_window(viewer, true);
  } else if (has_feed && !atomic_load(&viewer->quitting)) {
    frame_thread_done(atomic_load(&viewer->frames), next_turn(viewer, progress));
  }
}

/* On the frame thread. */
static void on_news(void *user_data) {
  struct viewer *viewer = user_data;
  atomic_fetch_or(&viewer->tasks, TASK_FEED);
  if (atomic_load(&viewer->presents_on_main))
    window_wake(viewer->window);
  else
    run_turn(viewer);
}

/* ---- main thread ---- */

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
    wake_presenting(viewer);
  if (wishes & VIEWER_INPUT_HUD)
    viewer_request(viewer, VIEWER_REQUEST_HUD);
  if (wishes & VIEWER_INPUT_SCREENSHOT)
    viewer_request(viewer, VIEWER_REQUEST_SCREENSHOT);
  if (wishes & VIEWER_INPUT_QUIT)
    quit(viewer);
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

static void post_size(struct viewer *viewer) {
  uint32_t width, height;
  window_pixel_size(viewer->window, &width, &height);
  window_post_size(&viewer->post, width, height, window_is_fullscreen(viewer->window));
  wake_presenting(viewer);
}

static void use_presenter(struct viewer *viewer, struct presenter *presenter) {
  viewer->presenter = presenter;
  atomic_store(&viewer->presents_on_main, viewer->window && presenter->impl->thread == PRESENTER_MAIN_THREAD);
}

static struct presenter_options presenter_options_of(const struct viewer *viewer) {
  return (struct presenter_options){.scaling = (enum picture_scaling)viewer->settings->scaling, .tearing = viewer->settings->tearing};
}

/* What comes after a presenter that has failed: a lower rung if --renderer leaves the choice to us, and nothing to look at otherwise. */
static struct presenter *create_next_presenter(struct viewer *viewer, const char *failed, bool *goes_on) {
  struct presenter_options options = presenter_options_of(viewer);
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
  use_presenter(viewer, next);
  post_size(viewer);
  viewer->is_busy = false;
  viewer->pending_since_ns = 0;
  viewer->hud.due_ns = 0;
  if (next->impl->hint)
    next->impl->hint(next, viewer->hint);
  viewer->fell = true;
  update_screen(viewer);
  atomic_store(&viewer->must_fall, false);
  if (!atomic_load(&viewer->presents_on_main) && (atomic_fetch_and(&viewer->tasks, ~(unsigned)TASK_FEED) & TASK_FEED))
    frame_thread_done(atomic_load(&viewer->frames), (struct frame_thread_next){.busy = true});
  return goes_on;
}

static void handle_event(struct viewer *viewer, const struct window_event *event) {
  if (event->kind == WINDOW_RESIZED)
    post_size(viewer);
  if (event->kind == WINDOW_KEY && event->down && domain_view_key(viewer->domain))
    return;
  viewer_input_event(&viewer->input, event);
  if (event->kind == WINDOW_CLOSE)
    quit(viewer);
}

static bool run_window(struct viewer *viewer) {
  struct window_event event;
  while (!atomic_load(&viewer->quitting)) {
    if (!window_wait(viewer->window, &event))
      return false;
    handle_event(viewer, &event);
    for (unsigned i = 0; i < EVENTS_A_TURN && window_poll(viewer->window, &event); i++)
      handle_event(viewer, &event);
    if (atomic_load(&viewer->must_fall) && !fall(viewer))
      return false;
    serve_input(viewer);
    if (atomic_load(&viewer->presents_on_main))
      run_turn(viewer);
    watch_link(viewer);
    serve_window(viewer);
  }
  return true;
}

/* ---- start and end ---- */

static bool start_presenting(struct viewer *viewer, char *error, size_t capacity) {
  const struct view_settings *settings = viewer->settings;
  enum presenter_kind kind = (enum presenter_kind)settings->renderer;
  if (presenter_kind_needs_window(kind)) {
    struct window_options options = {.title = viewer->title,
                                     .width = FIRST_WIDTH,
                                     .height = FIRST_HEIGHT,
                                     .fullscreen = settings->fullscreen,
                                     .display = (int)settings->display,
                                     .vulkan = presenter_kind_needs_vulkan(kind)};
    viewer->window = window_create(&options, error, capacity);
    if (!viewer->window)
      return false;
  }
  struct presenter_options options = presenter_options_of(viewer);
  struct presenter *presenter = presenter_create(kind, viewer->window ? window_native(viewer->window) : NULL, &options, error, capacity);
  if (!presenter)
    return false;
  use_presenter(viewer, presenter);
  if (viewer->window) {
    window_show(viewer->window);
    post_size(viewer);
  }
  return true;
}

static bool start_threads(struct viewer *viewer, char *error, size_t capacity) {
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
                               .seconds = (uint64_t)settings->seconds,
                               .stats_interval_ms = settings->stats == SETTINGS_STATS_JSON ? (uint64_t)settings->stats_interval_ms : 0,
                               .latency_interval_ms = viewer->latency ? LATENCY_MONITOR_TICK_MS : 0,
                               .clock_interval_ns = viewer->latency && !settings->same_clock ? LATENCY_MONITOR_CLOCK_NS : 0};
  guest_mode_parse(settings->guest_mode, &viewer->control_options.mode); /* checked by settings_load() */
  viewer->control = control_thread_start(&viewer->control_options, &events, viewer, error, capacity);
  if (!viewer->control)
    return false;
  if (!viewer_input_start(&viewer->input, settings, viewer->window, &viewer->post, on_input_changed, viewer, error, capacity))
    return false;
  struct frame_thread *frames = frame_thread_start(viewer->feed, control_thread_link(viewer->control), on_news, viewer);
  atomic_store(&viewer->frames, frames);
  if (!frames) {
    snprintf(error, capacity, "cannot start the frame thread: %s", strerror(errno));
    return false;
  }
  frame_thread_session_changed(frames); /* what came before there was somebody to tell */
  frame_thread_kick(frames);
  return true;
}

static bool start(struct viewer *viewer, char *error, size_t capacity) {
  if (viewer->settings->stats_socket[0] && !(viewer->stats_socket = stats_socket_create(viewer->settings->stats_socket, error, capacity)))
    return false;
  if (!start_presenting(viewer, error, capacity))
    return false;
  viewer->feed = frame_feed_create(viewer->presenter, viewer->settings->same_clock);
  if (!viewer->feed) {
    snprintf(error, capacity, "cannot start: out of memory");
    return false;
  }
  frame_feed_trace(viewer->feed, latency_monitor_trace(viewer->latency));
  latency_monitor_begin(viewer->latency, viewer->presenter->impl->name);
  if (!start_threads(viewer, error, capacity))
    return false;
  atomic_store(&viewer->domain, domain_view_start(viewer->settings, on_domain, viewer));
  wake(viewer, TASK_DOMAIN); /* what came before it was there to be asked */
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

/* With everything stopped but the control thread, which is left for last: it releases the keys. */
static bool finish_output(struct viewer *viewer) {
  bool good = true;
  if (viewer->settings->screenshot[0])
    good = save_screenshot(viewer, viewer->settings->screenshot);
  if (viewer->settings->stats == SETTINGS_STATS_JSON)
    print_stats(viewer, "exit");
  if (viewer->settings->frames > 0 && !enough_frames(viewer) && atomic_load(&viewer->out_of_time)) {
    log_error("%llu of %lld frames were shown in %lld s", (unsigned long long)viewer->feed->counts.frames,
              (long long)viewer->settings->frames, (long long)viewer->settings->seconds);
    good = false;
  }
  return good;
}

static void destroy(struct viewer *viewer) {
  frame_thread_stop(atomic_load(&viewer->frames));
  domain_view_stop(viewer->domain);
  viewer_input_stop(&viewer->input);
  control_thread_stop(viewer->control); /* kicks the frame thread until here */
  stats_socket_destroy(viewer->stats_socket);
  frame_thread_destroy(atomic_load(&viewer->frames));
  screenshot_finish(viewer->screenshot);
  frame_feed_destroy(viewer->feed); /* detaches the region from the presenter */
  if (viewer->presenter)
    viewer->presenter->impl->destroy(viewer->presenter);
  window_destroy(viewer->window);
  sem_destroy(&viewer->ended);
  window_post_finish(&viewer->post);
  pthread_mutex_destroy(&viewer->lock);
  free(viewer);
}

static bool run(struct viewer *viewer) {
  bool good = true;
  if (viewer->window)
    good = run_window(viewer);
  else
    while (sem_wait(&viewer->ended) != 0)
      ;
  frame_thread_stop(atomic_load(&viewer->frames)); /* it tells input of frames; input watches us meanwhile */
  viewer_input_stop(&viewer->input);
  return finish_output(viewer) && good;
}

static struct viewer *create(const struct view_settings *settings) {
  struct viewer *viewer = calloc(1, sizeof *viewer);
  if (!viewer)
    return NULL;
  viewer->settings = settings;
  viewer->hud.visible = settings->hud;
  viewer->started_ns = clock_monotonic_ns();
  sem_init(&viewer->ended, 0, 0);
  window_post_init(&viewer->post);
  pthread_mutex_init(&viewer->lock, NULL);
  if (settings->title[0])
    snprintf(viewer->title, sizeof viewer->title, "%s", settings->title);
  else
    snprintf(viewer->title, sizeof viewer->title, "%s - Transom", settings->domain);
  return viewer;
}

static int start_and_run(struct viewer *viewer) {
  char error[256];
  if (start(viewer, error, sizeof error))
    return run(viewer) ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
  log_error("%s", error);
  return EXIT_STATUS_CANNOT_RUN_HERE;
}

int viewer_run(const struct view_settings *settings) {
  struct latency_monitor *latency = NULL;
  log_set_sink(log_output_without_waiting, NULL);
  memory_copy_init();
  control_thread_block_signals();
  if (latency_monitor_is_wanted(settings) && !(latency = latency_monitor_create(settings)))
    return EXIT_STATUS_FAILED;
  struct viewer *viewer = create(settings);
  int status = EXIT_STATUS_FAILED;
  if (viewer) {
    viewer->latency = latency;
    status = start_and_run(viewer);
    destroy(viewer);
  }
  if (status != EXIT_STATUS_CANNOT_RUN_HERE && !latency_monitor_finish(latency))
    status = EXIT_STATUS_FAILED;
  latency_monitor_destroy(latency);
  return status;
}
