#define LOG_MODULE "view"
#include "common/clock.h"
#include "common/log.h"
#include "host/app/hud_graph.h"
#include "host/app/screens.h"
#include "host/app/viewer_state.h"
#include "host/app/viewer_stats.h"
#include "host/present/late_latch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUSY_PAUSE_NS UINT64_C(250000)      /* between looks while the device or the guest copies */
#define HIDDEN_AFTER_NS UINT64_C(200000000) /* a display that takes no picture for so long shows us nowhere */
#define HIDDEN_PAUSE_NS UINT64_C(50000000)
#define FIRST_PICTURE_NS UINT64_C(250000000) /* so long the window may stay empty for it */
#define FEEDBACK_PAUSE_NS UINT64_C(20000000) /* until a display has told of a picture */

void viewer_present_status(struct viewer *viewer) {
  struct presenter_status status;
  screens_for(viewer->state, viewer->state_text, viewer->has_picture, viewer->picture_refused, &status);
  domain_view_screen(viewer->domain, viewer->state, viewer->has_picture, &status);
  viewer->presenter->impl->status(viewer->presenter, &status);
  viewer->must_present = true;
  if (!viewer->window)
    return;
  char title[256];
  snprintf(title, sizeof title, status.visible ? "%s - %s" : "%s", viewer->title, status.title);
  viewer_wake_window(viewer, window_post_title(&viewer->post, title));
}

static void take_state(struct viewer *viewer) {
  pthread_mutex_lock(&viewer->lock);
  viewer->state = viewer->link_state;
  memcpy(viewer->state_text, viewer->link_text, sizeof viewer->state_text);
  pthread_mutex_unlock(&viewer->lock);
  viewer->region_shows &= viewer->state == GUEST_LINK_RUNNING;
  if (viewer->state == GUEST_LINK_RUNNING && viewer->foreign_image) /* the newest frame again, though it is not new */
    frame_thread_session_changed(atomic_load(&viewer->frames));
  viewer_present_status(viewer);
}

static void post_layout(struct viewer *viewer) {
  struct picture_layout layout;
  if (viewer->window && viewer->presenter->impl->layout(viewer->presenter, &layout))
    viewer_wake_window(viewer, window_post_layout(&viewer->post, &layout));
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
  viewer_wake_window(viewer, window_post_pointer(&viewer->post, pointer));
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
    viewer_present_status(viewer);
}

static void take_feed(struct viewer *viewer) {
  if (viewer->forget_due && viewer->feed->session) /* without one, the next begins by forgetting */
    frame_import_lost(&viewer->feed->frames, &viewer->feed->reader);
  viewer->forget_due = false;
  if (viewer->feed->session)
    viewer_start_note(&viewer->start, VIEWER_START_SESSION, clock_monotonic_ns());
  uint32_t result = frame_feed_step(viewer->feed);
  bool refused = result & FRAME_FEED_REFUSED, first = (result & FRAME_FEED_PICTURE) && !viewer->has_picture;
  viewer->is_busy = result & FRAME_FEED_PENDING;
  if (result & FRAME_FEED_BROKEN)
    atomic_store(&viewer->must_fall, true);
  if (result & FRAME_FEED_PICTURE) {
    first |= !viewer->region_shows;
    viewer_start_note(&viewer->start, VIEWER_START_PICTURE, clock_monotonic_ns());
    viewer->has_picture = viewer->region_shows = true;
    viewer->foreign_image = false;
    viewer_input_frame_shown(&viewer->viewers->input);
    post_layout(viewer);
  }
  if (first || ((refused || (result & FRAME_FEED_PICTURE)) && refused != viewer->picture_refused)) {
    viewer->picture_refused = refused;
    viewer_present_status(viewer);
  }
  if (result & (FRAME_FEED_PICTURE | FRAME_FEED_CURSOR))
    viewer->must_present = true;
  if (result & FRAME_FEED_CURSOR)
    post_pointer(viewer);
}

static void presented(struct viewer *viewer, bool has_feed, uint64_t submitted_ns, uint64_t picture) {
  bool is_seen = strcmp(viewer->presenter->impl->name, "headless") != 0;
  uint64_t now_ns = clock_raw_ns();
  picture = viewer_feedback_handed_over(viewer, picture, submitted_ns, now_ns);
  viewer->must_present = false;
  viewer->pending_since_ns = 0;
  if (viewer->region_shows)
    viewer_start_note(&viewer->start, VIEWER_START_PRESENTED, clock_monotonic_ns());
  if (has_feed)
    frame_feed_presented(viewer->feed, submitted_ns, now_ns, is_seen ? LATENCY_SOURCE_CALL : LATENCY_SOURCE_HEADLESS, picture);
}

/* A guest that is publishing already: its first picture is on the way, and a screen that says "waiting" would only stand in front of it. */
static bool first_picture_comes(const struct viewer *viewer) {
  return viewer->is_busy && !viewer->has_picture && clock_monotonic_ns() - viewer->start.at_ns[VIEWER_START_SESSION] < FIRST_PICTURE_NS;
}

/* The display has room now: what the guest has completed since this turn began comes along. */
static bool take_newest(void *user_data) {
  struct viewer *viewer = user_data;
  if (!frame_feed_has_news(viewer->feed))
    return true;
  if (!viewer->is_busy)
    viewer->feed->news_ns = clock_raw_ns();
  take_feed(viewer);
  return !atomic_load(&viewer->must_fall);
}

static void present(struct viewer *viewer, bool has_feed) {
  uint64_t submitted_ns = 0;
  if (!viewer->must_present || first_picture_comes(viewer) || atomic_load(&viewer->must_fall))
    return;
  uint64_t picture = viewer_feedback_ask(viewer);
  switch (late_latch_present(viewer->presenter, has_feed ? take_newest : NULL, viewer, &submitted_ns)) {
  case PRESENTER_OK:
    presented(viewer, has_feed, submitted_ns, picture);
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
                               .head = viewer->settings->head_count ? (int)viewer->settings->head : -1,
                               .state = screens_state_name(viewer->state),
                               .presenter = impl->name,
                               .rung = impl->rung ? impl->rung(viewer->presenter) : "",
                               .scaler = impl->scaler ? impl->scaler(viewer->presenter) : "",
                               .domain = viewer->settings->domain,
                               .domain_state = domain_view_state_name(viewer->domain),
                               .fallback_frames = domain_view_fallback_count(viewer->domain),
                               .epoch = session ? session->region.epoch : 0,
                               .elapsed_ms = (clock_monotonic_ns() - viewer->start.began_ns) / 1000000,
                               .start = viewer->start,
                               .width = layout.picture_width,
                               .height = layout.picture_height,
                               .doorbell = session && session->frame_eventfd >= 0,
                               .held = session && session->may_hold,
                               .counts = frame_feed_counts(viewer->feed)};
  window_post_get_input(&viewer->post, &stats.capture, &stats.sink, &stats.leds);
  if (viewer->settings->same_clock) {
    stats.publish_to_seen = &viewer->feed->publish_to_seen;
    stats.publish_to_presented = &viewer->feed->publish_to_presented;
  }
  return stats;
}

void viewer_present_stats(struct viewer *viewer, const char *event) {
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

static void show_graph(struct viewer *viewer, const struct latency_graph *recent) {
  const struct presenter_impl *impl = viewer->presenter->impl;
  struct presenter_graph graph;
  if (!impl->graph)
    return;
  if (recent && viewer->hud.mode == HUD_GRAPH)
    hud_graph_fill(recent, &graph);
  impl->graph(viewer->presenter, recent && viewer->hud.mode == HUD_GRAPH ? &graph : NULL);
}

/* A new text and graph when it is time; nothing at all while the HUD is hidden. */
static void refresh_hud(struct viewer *viewer) {
  uint64_t now_ns = clock_monotonic_ns();
  char text[HUD_BYTES];
  if (viewer->hud.mode == HUD_OFF || now_ns < viewer->hud.due_ns)
    return;
  struct latency_graph recent;
  char feedback[LATENCY_FEEDBACK_BYTES];
  struct viewer_stats stats = stats_of(viewer, "hud");
  latency_feedback_text(&viewer->feedback_told, feedback);
  stats.feedback = feedback;
  if (viewer->latency) {
    latency_monitor_graph(viewer->latency, &recent);
    stats.recent = &recent;
  }
  hud_format(&viewer->hud, &stats, text);
  viewer->presenter->impl->hud(viewer->presenter, text);
  show_graph(viewer, stats.recent);
  viewer->hud.due_ns = now_ns + HUD_PERIOD_NS;
  viewer->must_present = true;
}

static void watch_graph(struct viewer *viewer, bool wanted) {
  latency_monitor_want_graph(viewer->latency, wanted);
  control_thread_set_latency_interval(viewer->control, latency_monitor_tick_ms(viewer->settings, wanted));
}

static void next_hud_mode(struct viewer *viewer) {
  viewer->hud.mode = hud_next_mode(viewer->hud.mode);
  viewer->hud.due_ns = 0;
  viewer->must_present = true;
  if (viewer->hud.mode == HUD_TEXT) /* out of nothing: else the last seconds are there already */
    watch_graph(viewer, true);
  if (viewer->hud.mode != HUD_OFF)
    return;
  watch_graph(viewer, false);
  viewer->presenter->impl->hud(viewer->presenter, "");
  show_graph(viewer, NULL);
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
  if (tasks & VIEWER_TASK_HUD)
    next_hud_mode(viewer);
  if (tasks & VIEWER_TASK_SCREENSHOT)
    take_screenshot(viewer);
  refresh_hud(viewer);
}

bool viewer_present_has_enough(const struct viewer *viewer) {
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
  } else if (viewer_feedback_awaits(viewer)) {
    next.again_ns = FEEDBACK_PAUSE_NS;
  } else if (viewer->hud.mode != HUD_OFF) {
    next.again_ns = HUD_PERIOD_NS;
  }
  return next;
}

/* What has come of the feed: worth a wake-up, if it has moved. */
static uint64_t progress_of(const struct viewer *viewer) { return viewer->feed->counts.frames + viewer->feed->counts.cursor_moves; }

/* One turn: what was asked for since the last, then one drawing of it all. Once quitting, the feed is not given back: the frame thread
 * waits for its end, and the last figures are of the last picture. */
void viewer_present_turn(struct viewer *viewer) {
  unsigned tasks = atomic_fetch_and(&viewer->tasks, VIEWER_TASK_STATS | VIEWER_TASK_HUD | VIEWER_TASK_SCREENSHOT); /* these need the feed */
  bool has_feed = tasks & VIEWER_TASK_FEED;
  uint64_t before = has_feed ? progress_of(viewer) : 0;
  if (atomic_load(&viewer->quitting))
    return;
  if (tasks & VIEWER_TASK_STATE)
    take_state(viewer);
  take_size(viewer);
  take_hint(viewer);
  if (has_feed) {
    viewer_feedback_take(viewer);
    take_feed(viewer);
  }
  if (viewer->domain && !atomic_load(&viewer->must_fall) && (tasks & (VIEWER_TASK_DOMAIN | VIEWER_TASK_STATE | VIEWER_TASK_FEED)))
    take_domain(viewer);
  if (has_feed && !atomic_load(&viewer->must_fall))
    serve_requests(viewer, atomic_fetch_and(&viewer->tasks, ~(unsigned)(VIEWER_TASK_HUD | VIEWER_TASK_SCREENSHOT)));
  present(viewer, has_feed);
  if (has_feed && (atomic_fetch_and(&viewer->tasks, ~(unsigned)VIEWER_TASK_STATS) & VIEWER_TASK_STATS))
    viewer_present_stats(viewer, "tick");
  if ((tasks & VIEWER_TASK_QUIT) || (has_feed && viewer_present_has_enough(viewer)))
    viewer_quit(viewer);
  if (has_feed && atomic_load(&viewer->must_fall)) {
    atomic_fetch_or(&viewer->tasks, VIEWER_TASK_FEED); /* still in our hands: the main thread gives it back once it has another presenter */
    viewer_wake_window(viewer, true);
  } else if (has_feed && !atomic_load(&viewer->quitting)) {
    frame_thread_done(atomic_load(&viewer->frames), next_turn(viewer, progress_of(viewer) != before));
  }
}

/* On the frame thread. */
void viewer_present_news(void *user_data) {
  struct viewer *viewer = user_data;
  atomic_fetch_or(&viewer->tasks, VIEWER_TASK_FEED);
  if (atomic_load(&viewer->presents_on_main))
    window_wake(viewer->window);
  else
    viewer_present_turn(viewer);
}
