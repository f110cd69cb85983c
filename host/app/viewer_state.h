/* The viewer's parts and what they share: viewers.c (the life of all windows), viewer.c (of one, and what other threads call),
 * viewer_present.c and viewer_feedback.c (the presenting thread), viewer_window.c (the main thread). For these alone. */
#ifndef TRANSOM_HOST_APP_VIEWER_STATE_H
#define TRANSOM_HOST_APP_VIEWER_STATE_H

#include "host/app/control_thread.h"
#include "host/app/domain_view.h"
#include "host/app/frame_thread.h"
#include "host/app/hud.h"
#include "host/app/latency_monitor.h"
#include "host/app/screenshot.h"
#include "host/app/stats_socket.h"
#include "host/app/viewer_input.h"
#include "host/app/viewer_start.h"
#include "host/app/window.h"
#include "host/app/window_post.h"
#include "host/present/feedback/feedback.h"
#include "host/present/presenter_select.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

/* What other threads ask of the presenting thread. */
enum viewer_task {
  VIEWER_TASK_FEED = 1,
  VIEWER_TASK_STATE = 2,
  VIEWER_TASK_STATS = 4,
  VIEWER_TASK_QUIT = 8,
  VIEWER_TASK_HUD = 16,
  VIEWER_TASK_SCREENSHOT = 32,
  VIEWER_TASK_DOMAIN = 64
};

struct viewer;

/* The windows of one process and what they share: one for each of the guest's screens that is shown, in most cases a single one. */
struct viewers {
  const struct view_settings *settings;
  struct viewer *_Atomic list[TRANSOM_HEADS_MAX]; /* NULL ends them; none leaves it before the end */
  atomic_uint heads_seen;                         /* how many the agent has published */
  atomic_bool out_of_time, nudged;                /* nudged: the input thread has something for the main thread */
  sem_t ended;                                    /* headless: the main thread waits for it */

  /* main thread */
  unsigned count;
  struct viewer_input input;
  struct viewer *focus; /* whose window input serves */
  bool ran;             /* all could be opened */
  bool failed;          /* one of them did not do what it was to */
};

/* One window, of one head. The first of them has what belongs to the guest as a whole: signals and message rings, libvirt, the stats
 * socket.
 *
 * The presenting thread is the one that the presenter asks for: the main thread for SDL_Renderer, else the frame thread. It runs
 * viewer_present_turn() whenever it is woken; everything below `presenting thread` is its own. The window stays with the main thread:
 * window_post.h lies between the two. */
struct viewer {
  struct viewers *viewers;
  const struct view_settings *settings; /* this window's */
  struct view_settings *own;            /* the same, where they are not the process's */
  struct window *_Atomic window;        /* NULL when headless, and until it is made: others wake it */
  struct window_post post;
  atomic_bool presents_on_main, must_fall;
  struct frame_feed *feed;
  struct frame_thread *_Atomic frames;
  struct latency_monitor *latency;   /* of this head; NULL = nothing is measured */
  struct stats_socket *stats_socket; /* NULL = nobody asked for it */
  struct control_thread *control;
  struct control_options control_options;
  struct domain_view *_Atomic domain; /* NULL without libvirt */
  atomic_uint tasks;
  pthread_mutex_t lock; /* the link's state, from the control thread */
  enum guest_link_state link_state;
  char link_text[256];
  atomic_bool quitting;

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
  struct viewer_start start;
  struct feedback *feedback; /* NULL = nobody tells when a picture is shown */
  struct latency_feedback feedback_told;
  uint64_t handed_over_ns;   /* CLOCK_MONOTONIC_RAW: the newest picture that feedback was asked of */
  uint64_t pending_since_ns; /* CLOCK_MONOTONIC: the display has had no room since; 0 = it has */

  /* main thread */
  enum guest_link_state input_state;
  bool closed; /* window, presenter and feed are no more */
  char title[160];
  char prefix[24]; /* of lines in the log: "screen 1: "; "" = there is only one */
};

/* viewers.c: any thread */
struct viewer *viewers_first(struct viewers *viewers);
void viewers_quit(struct viewers *viewers);
void viewers_wake(struct viewers *viewers); /* the main thread */

/* viewers.c: the main thread */
bool viewers_are_open(struct viewers *viewers); /* any of them */
void viewers_follow(struct viewers *viewers);   /* windows for screens that have come; those that have ended close, but for the last */

/* viewer.c: the main thread. Settings other than the process's are copied; NULL: out of memory. False: `error` says why */
struct viewer *viewer_create(struct viewers *viewers, const struct view_settings *settings);
bool viewer_start(struct viewer *viewer, char *error, size_t capacity);
void viewer_stop(struct viewer *viewer);       /* no more pictures */
bool viewer_finish(struct viewer *viewer);     /* after stop: its last words, and the window closes. False: not what was asked for */
void viewer_disconnect(struct viewer *viewer); /* its other threads end */
void viewer_destroy(struct viewer *viewer);    /* after disconnect, all of them: the first one's threads know the others */
bool viewer_is_first(const struct viewer *viewer);

/* viewer.c: any thread */
void viewer_wake(struct viewer *viewer, unsigned task); /* with the feed in hand, whichever thread presents */
void viewer_wake_presenting(struct viewer *viewer);
void viewer_wake_window(struct viewer *viewer, bool is_news);
void viewer_quit(struct viewer *viewer);

/* viewer_present.c: the presenting thread */
void viewer_present_turn(struct viewer *viewer);   /* what was asked for since the last, then one drawing of it all */
void viewer_present_status(struct viewer *viewer); /* the screen that goes with the state, over the picture or in its place */
void viewer_present_stats(struct viewer *viewer, const char *event); /* a line on standard output */
bool viewer_present_has_enough(const struct viewer *viewer);         /* --frames */
void viewer_present_news(void *viewer);                              /* on the frame thread: it hands over the feed */

/* viewer_feedback.c: start and stop on the main thread while nobody presents, the rest on the presenting thread */
void viewer_feedback_start(struct viewer *viewer);   /* for the presenter that is there now */
void viewer_feedback_stop(struct viewer *viewer);    /* before presenter and window */
uint64_t viewer_feedback_ask(struct viewer *viewer); /* before a picture is handed over: its number; 0 = none */
/* The number under which more will be told; 0 = nobody will, or is not believed yet. */
uint64_t viewer_feedback_handed_over(struct viewer *viewer, uint64_t picture, uint64_t submitted_ns, uint64_t returned_ns);
void viewer_feedback_take(struct viewer *viewer);         /* what was told; with the feed in hand */
bool viewer_feedback_awaits(const struct viewer *viewer); /* with the feed in hand: come again soon */

/* viewer_window.c: the main thread */
bool viewer_window_run(struct viewers *viewers); /* until none is open; false: SDL failed */
struct presenter_options viewer_window_presenter_options(const struct viewer *viewer);
void viewer_window_use_presenter(struct viewer *viewer, struct presenter *presenter);
void viewer_window_post_size(struct viewer *viewer);

#endif
