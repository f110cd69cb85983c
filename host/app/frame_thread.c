#define LOG_MODULE "frames"
#include "host/app/frame_thread.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"
#include "host/app/poll_pacer.h"
#include "host/link/wake_throttle.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define TIMER_SLACK_NS 1000UL /* of this thread: by default a sleep of 50 us may take 100 */

struct frame_thread {
  struct frame_feed *feed;
  struct guest_link *link;
  frame_thread_news news;
  void *user_data;
  struct thread *thread;
  int kick_fd; /* written by kick, session_changed and stop */
  sem_t done;
  struct frame_thread_next next; /* of the last hand-over; `done` orders it */
  atomic_bool stopping, session_changed, kicked;
  struct wake_throttle throttle;
  struct poll_pacer pacer;
  uint64_t deadline_ns; /* CLOCK_MONOTONIC: `next.again_ns` from the hand-over on */
};

static void ring(struct frame_thread *thread) {
  uint64_t one = 1;
  while (write(thread->kick_fd, &one, sizeof one) < 0 && errno == EINTR)
    ;
}

static void drain(int fd) {
  uint64_t count;
  while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
    ;
}

/* Sleeps until the doorbell, a kick or the time. True: the doorbell. */
static bool sleep_on(struct frame_thread *thread, int doorbell, uint64_t limit_ns) {
  struct pollfd fds[2] = {{.fd = thread->kick_fd, .events = POLLIN}, {.fd = doorbell, .events = POLLIN}};
  struct timespec limit = {(time_t)(limit_ns / 1000000000), (long)(limit_ns % 1000000000)};
  int ready = ppoll(fds, 2, limit_ns == FRAME_THREAD_NEVER ? NULL : &limit, NULL);
  thread->feed->counts.wakeups++;
  if (ready <= 0)
    return false;
  if (fds[0].revents & POLLIN)
    drain(thread->kick_fd);
  if (fds[1].revents & POLLIN)
    drain(doorbell);
  return fds[1].revents != 0;
}

static bool interrupted(struct frame_thread *thread) {
  return atomic_load(&thread->stopping) || atomic_load(&thread->session_changed) || atomic_load(&thread->kicked);
}

/* A wake-up that came to nothing. */
static void note_empty(struct frame_thread *thread) {
  thread->feed->counts.empty_wakeups++;
  if (wake_throttle_note(&thread->throttle, false, clock_monotonic_ns()) && thread->throttle.count == 1)
    log_warning("the guest rings without a picture that can be shown: it is looked at more seldom now");
}

static bool is_throttled(struct frame_thread *thread) { return wake_throttle_is_on(&thread->throttle, clock_monotonic_ns()); }

/* Armed, then looked once more, then asleep: the guest either sees the token after it has published, or we see what it published. */
static void wait_for_doorbell(struct frame_thread *thread, uint64_t limit_ns) {
  struct guest_session *session = thread->feed->session;
  if (consumer_arm_frame(&session->consumer) != 0) {
    thread->feed->stale = true;
    return;
  }
  if (!frame_feed_has_news(thread->feed) && !interrupted(thread)) {
    bool rung = sleep_on(thread, session->frame_eventfd, limit_ns);
    if (rung && !frame_feed_has_news(thread->feed))
      note_empty(thread);
  }
  consumer_disarm_frame(&session->consumer);
}

static void wait_by_polling(struct frame_thread *thread, uint64_t limit_ns) {
  uint64_t now_ns = clock_monotonic_ns();
  uint64_t pause_ns = is_throttled(thread) ? WAKE_THROTTLE_POLL_NS : poll_pacer_sleep_ns(&thread->pacer, now_ns);
  sleep_on(thread, -1, pause_ns < limit_ns ? pause_ns : limit_ns);
}

static void take_session(struct frame_thread *thread) {
  if (!atomic_exchange(&thread->session_changed, false))
    return;
  frame_feed_take_session(thread->feed, guest_link_session(thread->link));
  poll_pacer_init(&thread->pacer);
  thread->throttle = (struct wake_throttle){0};
}

/* What is left of the time that the presenting thread gave us. */
static uint64_t time_left_ns(const struct frame_thread *thread) {
  uint64_t now_ns = clock_monotonic_ns();
  if (thread->deadline_ns == FRAME_THREAD_NEVER)
    return FRAME_THREAD_NEVER;
  return now_ns < thread->deadline_ns ? thread->deadline_ns - now_ns : 0;
}

/* Returns when there is news, when somebody wants us, or when it is time. */
static void wait_for_news(struct frame_thread *thread) {
  struct frame_feed *feed = thread->feed;
  if (thread->next.busy) {
    if (thread->next.again_ns && !interrupted(thread))
      sleep_on(thread, -1, thread->next.again_ns);
    return;
  }
  if (is_throttled(thread)) /* news that cannot be shown stays news: look at it again, but not at once */
    sleep_on(thread, -1, WAKE_THROTTLE_POLL_NS);
  while (!interrupted(thread) && !frame_feed_has_news(feed)) {
    uint64_t left_ns = time_left_ns(thread);
    if (left_ns == 0)
      return;
    if (!feed->session || feed->stale)
      sleep_on(thread, -1, left_ns);
    else if (feed->session->frame_eventfd >= 0 && !is_throttled(thread))
      wait_for_doorbell(thread, left_ns);
    else
      wait_by_polling(thread, left_ns);
  }
}

static void hand_over(struct frame_thread *thread, bool is_news) {
  uint64_t found_ns = clock_monotonic_ns();
  thread->news(thread->user_data);
  while (sem_wait(&thread->done) != 0 && errno == EINTR)
    ;
  thread->deadline_ns = thread->next.again_ns == FRAME_THREAD_NEVER ? FRAME_THREAD_NEVER : clock_monotonic_ns() + thread->next.again_ns;
  if (thread->next.progress)
    poll_pacer_news(&thread->pacer, found_ns);
  else if (is_news && !thread->next.busy)
    note_empty(thread);
}

static void run(void *user_data) {
  struct frame_thread *thread = user_data;
  prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
  while (!atomic_load(&thread->stopping)) {
    take_session(thread);
    wait_for_news(thread);
    bool kicked = atomic_exchange(&thread->kicked, false), is_news = frame_feed_has_news(thread->feed);
    bool is_time = thread->next.busy || time_left_ns(thread) == 0;
    if (is_news && !thread->next.busy)
      thread->feed->news_ns = clock_raw_ns();
    if ((is_news || kicked || is_time) && !atomic_load(&thread->stopping))
      hand_over(thread, is_news);
  }
}

struct frame_thread *frame_thread_start(struct frame_feed *feed, struct guest_link *link, frame_thread_news news, void *user_data) {
  struct frame_thread *thread = calloc(1, sizeof *thread);
  if (!thread)
    return NULL;
  *thread = (struct frame_thread){.feed = feed, .link = link, .news = news, .user_data = user_data};
  thread->next = (struct frame_thread_next){.again_ns = FRAME_THREAD_NEVER};
  thread->deadline_ns = FRAME_THREAD_NEVER;
  sem_init(&thread->done, 0, 0);
  thread->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  thread->thread = thread->kick_fd < 0 ? NULL : thread_create("frames", run, thread);
  if (thread->thread)
    return thread;
  if (thread->kick_fd >= 0)
    close(thread->kick_fd);
  sem_destroy(&thread->done);
  free(thread);
  return NULL;
}

void frame_thread_stop(struct frame_thread *thread) {
  if (!thread || !thread->thread)
    return;
  atomic_store(&thread->stopping, true);
  ring(thread);
  sem_post(&thread->done); /* in case the feed was handed over and nobody will give it back */
  thread_join(thread->thread);
  thread->thread = NULL;
}

void frame_thread_destroy(struct frame_thread *thread) {
  if (!thread)
    return;
  frame_thread_stop(thread);
  close(thread->kick_fd);
  sem_destroy(&thread->done);
  free(thread);
}

void frame_thread_done(struct frame_thread *thread, struct frame_thread_next next) {
  thread->next = next;
  sem_post(&thread->done);
}

void frame_thread_session_changed(struct frame_thread *thread) {
  atomic_store(&thread->session_changed, true);
  ring(thread);
}

void frame_thread_kick(struct frame_thread *thread) {
  atomic_store(&thread->kicked, true);
  ring(thread);
}
