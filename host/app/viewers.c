#define LOG_MODULE "view"
#include "common/exit_status.h"
#include "common/log.h"
#include "common/memory_copy.h"
#include "host/app/log_output.h"
#include "host/app/viewer.h"
#include "host/app/viewer_state.h"

#include <stdio.h>
#include <string.h>

struct viewer *viewers_first(struct viewers *viewers) {
  return atomic_load(&viewers->list[0]);
}

void viewers_quit(struct viewers *viewers) {
  struct viewer *viewer;
  for (unsigned i = 0; i < TRANSOM_HEADS_MAX && (viewer = atomic_load(&viewers->list[i])); i++)
    viewer_wake(viewer, VIEWER_TASK_QUIT);
}

/* By whatever window: those that have closed do not mind. */
void viewers_wake(struct viewers *viewers) {
  struct viewer *viewer;
  if (!viewers_first(viewers)->window)
    sem_post(&viewers->ended);
  for (unsigned i = 0; i < TRANSOM_HEADS_MAX && (viewer = atomic_load(&viewers->list[i])); i++)
    viewer_wake_window(viewer, true);
}

/* ---- the main thread ---- */

static unsigned count_open(struct viewers *viewers) {
  unsigned open = 0;
  for (unsigned i = 0; i < viewers->count; i++)
    open += !atomic_load(&viewers->list[i]->quitting);
  return open;
}

bool viewers_are_open(struct viewers *viewers) { return count_open(viewers) > 0; }

static bool open_one(struct viewers *viewers, const struct view_settings *settings, char *error, size_t capacity) {
  struct viewer *viewer = viewer_create(viewers, settings);
  if (!viewer) {
    snprintf(error, capacity, "cannot start: out of memory");
    return false;
  }
  atomic_store(&viewers->list[viewers->count++], viewer);
  return viewer_start(viewer, error, capacity);
}

static bool open_window_of(struct viewers *viewers, unsigned window, char *error, size_t capacity) {
  struct view_settings its;
  settings_for_window(viewers->settings, window, &its);
  if (window > 0)
    viewer_input_several(&viewers->input);
  return open_one(viewers, &its, error, capacity);
}

/* One that cannot be opened is left out: the others go on. */
static void open_more(struct viewers *viewers) {
  char error[256];
  while (viewers->settings->all_heads && viewers->count < atomic_load(&viewers->heads_seen) && viewers->count < TRANSOM_HEADS_MAX) {
    unsigned window = viewers->count;
    if (open_window_of(viewers, window, error, sizeof error))
      continue;
    log_error("no window for the guest's screen %u: %s", window, error);
    viewers->failed = true;
    if (viewers->count > window)
      viewer_quit(viewers->list[window]);
    else
      return;
  }
}

static struct viewer *open_beside(struct viewers *viewers, const struct viewer *viewer) {
  for (unsigned i = 0; i < viewers->count; i++)
    if (viewers->list[i] != viewer && !atomic_load(&viewers->list[i]->quitting))
      return viewers->list[i];
  return NULL;
}

static void close_one(struct viewers *viewers, struct viewer *viewer) {
  struct viewer *next = open_beside(viewers, viewer);
  if (!next)
    return; /* the last one by now */
  viewer_stop(viewer);
  if (viewer->window)
    viewer_input_leave(&viewers->input, viewer->window, next->window, &next->post);
  if (viewers->focus == viewer) {
    viewers->focus = next;
    atomic_store(&viewers->nudged, true); /* it is to be told what this one knew */
    viewer_wake_window(next, true);
  }
  viewers->failed |= !viewer_finish(viewer);
}

void viewers_follow(struct viewers *viewers) {
  open_more(viewers);
  for (unsigned i = 0; i < viewers->count && viewers_are_open(viewers); i++) {
    struct viewer *viewer = viewers->list[i];
    if (atomic_load(&viewer->quitting) && !viewer->closed)
      close_one(viewers, viewer);
  }
}

static bool open_all(struct viewers *viewers, char *error, size_t capacity) {
  const struct view_settings *settings = viewers->settings;
  if (!settings->head_count)
    return open_one(viewers, settings, error, capacity);
  unsigned wanted = settings->all_heads ? 1 : settings->head_count;
  for (unsigned i = 0; i < wanted; i++)
    if (!open_window_of(viewers, i, error, capacity))
      return false;
  return true;
}

static void run_headless(struct viewers *viewers) {
  while (viewers_are_open(viewers)) {
    while (sem_wait(&viewers->ended) != 0)
      ;
    viewers_follow(viewers);
  }
}

/* With everything stopped but the control threads, which are left for last: they release the keys. */
static bool run(struct viewers *viewers) {
  bool good = true;
  if (viewers_first(viewers)->window)
    good = viewer_window_run(viewers);
  else
    run_headless(viewers);
  for (unsigned i = 0; i < viewers->count; i++)
    viewer_stop(viewers->list[i]); /* they tell input of frames; input watches us meanwhile */
  viewer_input_stop(&viewers->input);
  for (unsigned i = 0; i < viewers->count; i++)
    good = viewer_finish(viewers->list[i]) && good;
  return good;
}

static void destroy_all(struct viewers *viewers) {
  viewer_input_stop(&viewers->input);
  for (unsigned i = viewers->count; i-- > 0;)
    viewer_disconnect(viewers->list[i]);
  for (unsigned i = 0; i < viewers->count; i++)
    viewer_destroy(viewers->list[i]);
}

int viewer_run(const struct view_settings *settings) {
  struct viewers viewers = {.settings = settings};
  char error[256];
  log_set_sink(log_output_without_waiting, NULL);
  memory_copy_init();
  control_thread_block_signals();
  window_prepare_process();
  sem_init(&viewers.ended, 0, 0);
  viewers.ran = open_all(&viewers, error, sizeof error);
  if (viewers.ran)
    viewers.failed |= !run(&viewers);
  else
    log_error("%s", error);
  destroy_all(&viewers);
  sem_destroy(&viewers.ended);
  return !viewers.ran ? EXIT_STATUS_CANNOT_RUN_HERE : viewers.failed ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}
