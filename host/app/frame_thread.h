/* Waits for the guest's frames on a thread of its own: blocks on the session's doorbell, or polls where there is none.
 *
 * The feed changes hands strictly: this thread owns it while it waits; from the call of `news` until frame_thread_done() the presenting
 * thread does. A guest that rings without publishing, or publishes what cannot be shown, is throttled (host/link/wake_throttle.h): the
 * doorbell is left disarmed for a while and the region looked at every 10 ms. */
#ifndef TRANSOM_HOST_APP_FRAME_THREAD_H
#define TRANSOM_HOST_APP_FRAME_THREAD_H

#include "host/app/frame_feed.h"

struct frame_thread;

/* What the presenting thread says when it gives the feed back. */
struct frame_thread_next {
  bool progress;     /* the news were worth it */
  bool busy;         /* come again after `again_ns` even if there are no news, and no sooner for news: the device is at work */
  uint64_t again_ns; /* call `news` after so long at the latest; FRAME_THREAD_NEVER: news or a kick only */
};

#define FRAME_THREAD_NEVER UINT64_MAX

/* On the frame thread: there is news, or frame_thread_kick() was called. Headless presenters do the work here; others wake their thread.
 * Exactly one frame_thread_done() must follow, from any thread. */
typedef void (*frame_thread_news)(void *user_data);

/* Without a session, so that nothing is called before the caller has the result: call frame_thread_session_changed() then. */
struct frame_thread *frame_thread_start(struct frame_feed *feed, struct guest_link *link, frame_thread_news news, void *user_data);
void frame_thread_stop(struct frame_thread *thread); /* waits for its end: the feed is the caller's again. The others may still kick */

/* Stops and frees: once nobody is left who could kick. NULL is fine. */
void frame_thread_destroy(struct frame_thread *thread);

void frame_thread_done(struct frame_thread *thread, struct frame_thread_next next);

/* Any thread: take the link's current session. */
void frame_thread_session_changed(struct frame_thread *thread);
/* Any thread: call `news` soon. */
void frame_thread_kick(struct frame_thread *thread);

#endif
