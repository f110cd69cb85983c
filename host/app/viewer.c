#define LOG_MODULE "view"
#include "host/app/viewer.h"

#include "common/clock.h"
#include "common/exit_status.h"
#include "common/log.h"
#include "common/memory_copy.h"
#include "host/app/control_thread.h"
#include "host/app/domain_view.h"
#include "host/app/frame_thread.h"
#include "host/app/log_output.h"
#include "host/app/screens.h"
#include "host/app/screenshot.h"
#include "host/app/viewer_input.h"
#include "host/app/viewer_stats.h"
#include "host/app/window.h"
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
#define EVENTS_A_TURN 64u /* a flood of motion must not starve the picture */

/* What other threads ask of the presenting thread. */
enum task { TASK_FEED = 1, TASK_STATE = 2, TASK_STATS = 4, TASK_QUIT = 8, TASK_INPUT = 16, TASK_DOMAIN = 32 };

/* The presenting thread is the main thread where there is a window, else the frame thread. It runs viewer_turn() whenever it is woken;
 * everything below `presenting thread` is its own. */
struct viewer {
  const struct view_settings *settings;
  struct window *window; /* NULL when headless */
  struct presenter *presenter;
  struct frame_feed *feed;
  struct frame_thread *_Atomic frames;
  struct control_thread *control;
  struct control_options control_options;
  struct domain_view *_Atomic domain; /* NULL without libvirt */
  atomic_uint tasks;
  sem_t ended;          /* headless: the main thread waits for it */
  pthread_mutex_t lock; /* the link's state, from the control thread */
  enum guest_link_state link_state;
  char link_text[256];
  atomic_bool out_of_time;

  /* presenting thread */
  enum guest_link_state state;
  char state_text[256];
  bool has_picture, picture_failed, must_present, quitting;
  bool region_shows;  /* a frame of the present session is on the screen */
  bool foreign_image; /* the presenter's images hold the emulated display: no damage counts against them */
  struct viewer_input input;
  uint64_t started_ns;
  char title[160];
};

static void wake(struct viewer *viewer, unsigned task) {
  atomic_fetch_or(&viewer->tasks, task);
  struct frame_thread *frames = atomic_load(&viewer->frames);
  if (viewer->window)
    window_wake(viewer->window);
  else if (frames)
    frame_thread_kick(frames);
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

static void on_nudged(void *user_data) { wake(user_data, TASK_INPUT); }

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
  if (viewer->quitting)
    return;
  viewer->quitting = true;
  sem_post(&viewer->ended);
}

static void update_screen(struct viewer *viewer) {
  struct presenter_status status;
  screens_for(viewer->state, viewer->state_text, viewer->has_picture, viewer->picture_failed, &status);
  domain_view_screen(viewer->domain, viewer->state, viewer->has_picture, &status);
  viewer->presenter->impl->status(viewer->presenter, &status);
  viewer->must_present = true;
  if (!viewer->window)
    return;
  char title[256];
  snprintf(title, sizeof title, status.visible ? "%s - %s" : "%s", viewer->title, status.title);
  window_set_title(viewer->window, title);
}

/* Ours is hidden while the guest draws one that follows it, and while the guest has the mouse. */
static void choose_pointer(struct viewer *viewer) {
  bool followed = viewer->input.thread && viewer->input.guest_pointer && viewer->state == GUEST_LINK_RUNNING;
  if (viewer->window)
    window_show_pointer(viewer->window, !followed && !viewer_input_hides_pointer(&viewer->input));
}

static void take_state(struct viewer *viewer) {
  bool ran = viewer->state == GUEST_LINK_RUNNING;
  pthread_mutex_lock(&viewer->lock);
  viewer->state = viewer->link_state;
  memcpy(viewer->state_text, viewer->link_text, sizeof viewer->state_text);
  pthread_mutex_unlock(&viewer->lock);
  if (ran && viewer->state != GUEST_LINK_RUNNING)
    viewer_input_guest_lost(&viewer->input);
  viewer->region_shows &= viewer->state == GUEST_LINK_RUNNING;
  if (viewer->state == GUEST_LINK_RUNNING && viewer->foreign_image) /* the newest frame again, though it is not new */
    frame_thread_session_changed(atomic_load(&viewer->frames));
  update_screen(viewer);
  choose_pointer(viewer);
}

static void follow_picture(struct viewer *viewer) {
  struct picture_layout layout;
  if (viewer->window && viewer->presenter->impl->layout(viewer->presenter, &layout))
    window_follow_picture(viewer->window, layout.picture_width, layout.picture_height);
}

/* The emulated display, where the region has nothing to show. */
static void take_domain(struct viewer *viewer) {
  unsigned result = domain_view_turn(viewer->domain, viewer->presenter, viewer->state, viewer->region_shows);
  if (result & DOMAIN_VIEW_PICTURE) {
    viewer->has_picture = viewer->foreign_image = viewer->must_present = true;
    follow_picture(viewer);
  }
  if (result)
    update_screen(viewer);
}

static void take_feed(struct viewer *viewer) {
  if (viewer->foreign_image)
    frame_import_forget(&viewer->feed->frames);
  uint32_t result = frame_feed_step(viewer->feed);
  bool failed = result & FRAME_FEED_FAILED, first = (result & FRAME_FEED_PICTURE) && !viewer->has_picture;
  if (result & FRAME_FEED_PICTURE) {
    first |= !viewer->region_shows;
    viewer->has_picture = viewer->region_shows = true;
    viewer->foreign_image = false;
    viewer_input_frame_shown(&viewer->input);
    follow_picture(viewer);
  }
  if (first || ((failed || (result & FRAME_FEED_PICTURE)) && failed != viewer->picture_failed)) {
    viewer->picture_failed = failed;
    update_screen(viewer);
  }
  if (result & (FRAME_FEED_PICTURE | FRAME_FEED_CURSOR))
    viewer->must_present = true;
  if (result & FRAME_FEED_CURSOR) {
    const struct transom_cursor_state *cursor = &viewer->feed->cursor.state;
    viewer_input_guest_pointer(&viewer->input, cursor->flags & TRANSOM_CURSOR_VISIBLE, cursor->x, cursor->y);
    choose_pointer(viewer);
  }
}

static void present(struct viewer *viewer, bool has_feed) {
  if (!viewer->must_present)
    return;
  viewer->must_present = false;
  viewer->presenter->impl->present(viewer->presenter);
  if (has_feed)
    frame_feed_presented(viewer->feed, clock_raw_ns());
}

/* A reader that does not read must not stop the picture: a line that does not fit the pipe now is left out. */
static void print_line(const char *line, size_t length) {
  struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
  if (poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) && fwrite(line, 1, length, stdout) == length)
    fflush(stdout);
}

static void print_stats(struct viewer *viewer, const char *event) {
  const struct guest_session *session = viewer->feed->session;
  struct picture_layout layout = {0};
  viewer->presenter->impl->layout(viewer->presenter, &layout);
  struct viewer_stats stats = {.event = event,
                               .state = screens_state_name(viewer->state),
                               .presenter = viewer->presenter->impl->name,
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
  if (viewer->input.thread) {
    stats.capture = input_capture_state_name(viewer->input.view.state);
    stats.sink = viewer->input.view.sink ? viewer->input.view.sink : "null";
  }
  if (viewer->settings->same_clock) {
    stats.publish_to_seen = &viewer->feed->publish_to_seen;
    stats.publish_to_presented = &viewer->feed->publish_to_presented;
  }
  char line[VIEWER_STATS_BYTES + 1];
  size_t length = viewer_stats_format(&stats, line);
  line[length++] = '\n';
  print_line(line, length);
}

static bool enough_frames(const struct viewer *viewer) {
  return viewer->settings->frames > 0 && viewer->feed->counts.frames >= (uint64_t)viewer->settings->frames;
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

/* The user asked for one: a file of its own beside the others. */
static void save_picture(struct viewer *viewer) {
  char path[SETTINGS_PATH_BYTES];
  if (screenshot_name(viewer->settings->domain, time(NULL), path, sizeof path) && save_screenshot(viewer, path))
    log_info("screenshot in %s", path);
}

static void take_input(struct viewer *viewer) {
  uint32_t wishes = viewer_input_turn(&viewer->input);
  if (wishes & VIEWER_INPUT_PRESENT)
    viewer->must_present = true;
  if (wishes & VIEWER_INPUT_POINTER)
    choose_pointer(viewer);
  if (wishes & VIEWER_INPUT_SCREENSHOT)
    save_picture(viewer);
  if (wishes & VIEWER_INPUT_QUIT)
    quit(viewer);
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
  unsigned tasks = atomic_fetch_and(&viewer->tasks, TASK_STATS);
  bool has_feed = tasks & TASK_FEED, progress = false;
  if (viewer->quitting)
    return;
  if (tasks & TASK_STATE)
    take_state(viewer);
  if (tasks & TASK_INPUT)
    take_input(viewer);
  if (has_feed)
    progress = use_feed(viewer);
  if (viewer->domain && (tasks & (TASK_DOMAIN | TASK_STATE | TASK_FEED)))
    take_domain(viewer);
  present(viewer, has_feed);
  if (has_feed && (atomic_fetch_and(&viewer->tasks, ~(unsigned)TASK_STATS) & TASK_STATS))
    print_stats(viewer, "tick");
  if ((tasks & TASK_QUIT) || (has_feed && enough_frames(viewer)))
    quit(viewer);
  if (has_feed && !viewer->quitting)
    frame_thread_done(atomic_load(&viewer->frames), progress);
}

/* On the frame thread. */
static void on_news(void *user_data) {
  struct viewer *viewer = user_data;
  atomic_fetch_or(&viewer->tasks, TASK_FEED);
  if (viewer->window)
    window_wake(viewer->window);
  else
    run_turn(viewer);
}

static void handle_event(struct viewer *viewer, const struct window_event *event) {
  if (event->kind == WINDOW_RESIZED) {
    uint32_t width, height;
    window_pixel_size(viewer->window, &width, &height);
    viewer->presenter->impl->resize(viewer->presenter, width, height);
    viewer->must_present = true;
  }
  if (event->kind == WINDOW_KEY && event->down && domain_view_key(viewer->domain))
    return;
  viewer_input_event(&viewer->input, event);
  if (event->kind == WINDOW_CLOSE)
    quit(viewer);
}

static bool run_window(struct viewer *viewer) {
  struct window_event event;
  while (!viewer->quitting) {
    if (!window_wait(viewer->window, &event))
      return false;
    handle_event(viewer, &event);
    for (unsigned i = 0; i < EVENTS_A_TURN && window_poll(viewer->window, &event); i++)
      handle_event(viewer, &event);
    run_turn(viewer);
  }
  return true;
}

/* ---- start and end ---- */

static bool start_presenting(struct viewer *viewer, char *error, size_t capacity) {
  const struct view_settings *settings = viewer->settings;
  enum presenter_kind kind = (enum presenter_kind)settings->renderer;
  if (presenter_kind_needs_window(kind)) {
    struct window_options options = {viewer->title, FIRST_WIDTH, FIRST_HEIGHT, settings->fullscreen};
    viewer->window = window_create(&options, error, capacity);
    if (!viewer->window)
      return false;
  }
  viewer->presenter = presenter_create(kind, viewer->window ? window_native(viewer->window) : NULL, error, capacity);
  if (viewer->presenter && viewer->window)
    window_show(viewer->window);
  return viewer->presenter != NULL;
}

static bool start_threads(struct viewer *viewer, char *error, size_t capacity) {
  static const struct control_events events = {
      .state = on_state, .session = on_session, .stats = on_stats, .nudged = on_nudged, .quit = on_quit};
  const struct view_settings *settings = viewer->settings;
  viewer->control_options =
      (struct control_options){.region = settings->region,
                               .head = (uint32_t)settings->head,
                               .seconds = (uint64_t)settings->seconds,
                               .stats_interval_ms = settings->stats == SETTINGS_STATS_JSON ? (uint64_t)settings->stats_interval_ms : 0};
  viewer->control = control_thread_start(&viewer->control_options, &events, viewer, error, capacity);
  if (!viewer->control)
    return false;
  if (!viewer_input_start(&viewer->input, settings, viewer->window, viewer->presenter, on_input_changed, viewer, error, capacity))
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
  if (!start_presenting(viewer, error, capacity))
    return false;
  viewer->feed = frame_feed_create(viewer->presenter, viewer->settings->same_clock);
  if (!viewer->feed) {
    snprintf(error, capacity, "cannot start: out of memory");
    return false;
  }
  if (!start_threads(viewer, error, capacity))
    return false;
  atomic_store(&viewer->domain, domain_view_start(viewer->settings, on_domain, viewer));
  wake(viewer, TASK_DOMAIN); /* what came before it was there to be asked */
  return true;
}

/* With everything stopped but the control thread, which still kicks the frame thread. */
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
  viewer_input_stop(&viewer->input);
  frame_thread_stop(atomic_load(&viewer->frames));
  domain_view_stop(viewer->domain);
  control_thread_stop(viewer->control); /* kicks the frame thread until here */
  frame_thread_destroy(atomic_load(&viewer->frames));
  frame_feed_destroy(viewer->feed);
  if (viewer->presenter)
    viewer->presenter->impl->destroy(viewer->presenter);
  window_destroy(viewer->window);
  sem_destroy(&viewer->ended);
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
  viewer_input_stop(&viewer->input);
  frame_thread_stop(atomic_load(&viewer->frames));
  return finish_output(viewer) && good;
}

static struct viewer *create(const struct view_settings *settings) {
  struct viewer *viewer = calloc(1, sizeof *viewer);
  if (!viewer)
    return NULL;
  viewer->settings = settings;
  viewer->started_ns = clock_monotonic_ns();
  sem_init(&viewer->ended, 0, 0);
  pthread_mutex_init(&viewer->lock, NULL);
  if (settings->title[0])
    snprintf(viewer->title, sizeof viewer->title, "%s", settings->title);
  else
    snprintf(viewer->title, sizeof viewer->title, "%s - Transom", settings->domain);
  return viewer;
}

int viewer_run(const struct view_settings *settings) {
  char error[256];
  log_set_sink(log_output_without_waiting, NULL);
  memory_copy_init();
  struct viewer *viewer = create(settings);
  if (!viewer)
    return EXIT_STATUS_FAILED;
  int status = EXIT_STATUS_CANNOT_RUN_HERE;
  if (start(viewer, error, sizeof error))
    status = run(viewer) ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
  else
    log_error("%s", error);
  destroy(viewer);
  return status;
}
