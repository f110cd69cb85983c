#define LOG_MODULE "loop"
#include "host/app/loop_picture.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/test_card_strip.h"
#include "host/app/frame_feed.h"
#include "host/event/event_loop.h"
#include "host/present/presenter_select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_NS UINT64_C(1000000) /* where there is no doorbell, or a frame is not whole yet */
#define LOOKS_MAX 4u              /* frames without a rest between */

struct loop_picture {
  loop_picture_handler frame;
  void *user_data;
  struct event_loop *loop;
  struct event_source *doorbell, *poll; /* doorbell: NULL = the session has none */
  struct presenter *presenter;
  struct latency_trace *trace;
  struct frame_feed *feed;
  struct guest_link *link;
};

/* ---- one frame ---- */

/* Fills the card's part; a picture that is no loop card has the counter 0. */
static void read_card(struct presenter *presenter, struct loop_frame *frame) {
  struct presenter_image image;
  struct test_card_strip strip;
  if (presenter->impl->read_back(presenter, false, &image) != 0)
    return;
  const struct test_card_picture picture = {.pixels = image.pixels,
                                            .pitch_bytes = (size_t)image.width * 4,
                                            .width = image.width,
                                            .height = image.height,
                                            .format = TEST_CARD_BGRA8};
  if (test_card_verify(&picture, &strip) == TEST_CARD_INTACT && test_card_read_event(&picture, &frame->event_ns))
    frame->counter = strip.frame;
  free(image.pixels);
}

static void tell(struct loop_picture *picture) {
  struct latency_frame traced;
  struct loop_frame card = {0};
  read_card(picture->presenter, &card);
  while (latency_trace_take(picture->trace, &traced)) {
    const struct loop_frame frame = {.counter = card.counter,
                                     .seen_ns = traced.host_ns[LATENCY_SEEN],
                                     .presented_ns = traced.host_ns[LATENCY_PRESENTED],
                                     .event_ns = card.event_ns,
                                     .acquired_ns = traced.guest_ns[LATENCY_ACQUIRED],
                                     .published_ns = traced.guest_ns[LATENCY_COMPLETE]};
    if (traced.source != LATENCY_SOURCE_NONE)
      picture->frame(&frame, picture->user_data);
  }
}

static void take_news(struct loop_picture *picture) {
  picture->feed->news_ns = clock_raw_ns();
  if (!(frame_feed_step(picture->feed) & FRAME_FEED_PICTURE))
    return;
  const uint64_t submitted_ns = clock_raw_ns();
  if (picture->presenter->impl->present(picture->presenter) != PRESENTER_OK)
    return;
  frame_feed_presented(picture->feed, submitted_ns, clock_raw_ns(), LATENCY_SOURCE_HEADLESS, 0);
  tell(picture);
}

/* ---- waiting ---- */

/* Armed, then looked once more: the guest either sees the token after it has published, or we see what it published. */
static bool is_armed(struct loop_picture *picture) {
  if (!picture->doorbell || consumer_arm_frame(&picture->feed->session->consumer) != 0)
    return false;
  if (!frame_feed_has_news(picture->feed))
    return true;
  consumer_disarm_frame(&picture->feed->session->consumer);
  return false;
}

/* A guest that never stops publishing does not keep us from everything else. */
static void look(struct loop_picture *picture) {
  bool armed = false;
  for (unsigned looks = 0; picture->feed->session && !picture->feed->stale && looks < LOOKS_MAX && !armed; looks++) {
    if (frame_feed_has_news(picture->feed))
      take_news(picture);
    armed = is_armed(picture);
  }
  event_timer_set(picture->poll, armed || !picture->feed->session || picture->feed->stale ? 0 : POLL_NS, 0);
}

static void on_poll(void *user_data) { look(user_data); }

static void on_doorbell(int fd, uint32_t events, void *user_data) {
  struct loop_picture *picture = user_data;
  uint64_t count;
  (void)events;
  while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
    ;
  look(picture);
}

/* The old doorbell closes with its session. */
static void on_session(void *user_data) {
  struct loop_picture *picture = user_data;
  event_source_remove(picture->doorbell);
  picture->doorbell = NULL;
  frame_feed_take_session(picture->feed, guest_link_session(picture->link));
  const struct guest_session *session = picture->feed->session;
  if (session && session->frame_eventfd >= 0)
    picture->doorbell = event_loop_add_fd(picture->loop, session->frame_eventfd, EVENT_READABLE, on_doorbell, picture);
  look(picture);
}

/* ---- life ---- */

static bool set_up(struct loop_picture *picture, const struct view_settings *settings) {
  static const struct guest_link_events events = {.session = on_session};
  const struct guest_link_options options = {.region = settings->region, .head = (uint32_t)settings->head};
  const struct presenter_options present = {.scaling = (enum picture_scaling)settings->scaling};
  char error[256] = "out of memory";
  picture->poll = event_loop_add_timer(picture->loop, on_poll, picture);
  picture->trace = latency_trace_create();
  picture->presenter = presenter_create(PRESENTER_HEADLESS, NULL, &present, error, sizeof error);
  if (picture->poll && picture->trace && picture->presenter)
    picture->feed = frame_feed_create(picture->presenter, settings->same_clock);
  if (!picture->feed) {
    log_error("cannot show the guest's picture: %s", error);
    return false;
  }
  frame_feed_trace(picture->feed, picture->trace);
  picture->link = guest_link_create(picture->loop, &options, &events, picture);
  if (!picture->link)
    log_error("cannot use the region %s: %s", settings->region, strerror(errno));
  return picture->link != NULL;
}

struct loop_picture *loop_picture_create(struct event_loop *loop, const struct view_settings *settings, loop_picture_handler frame,
                                         void *user_data) {
  struct loop_picture *picture = calloc(1, sizeof *picture);
  if (!picture) {
    log_error("cannot show the guest's picture: out of memory");
    return NULL;
  }
  *picture = (struct loop_picture){.frame = frame, .user_data = user_data, .loop = loop};
  if (set_up(picture, settings))
    return picture;
  loop_picture_destroy(picture);
  return NULL;
}

void loop_picture_destroy(struct loop_picture *picture) {
  if (!picture)
    return;
  event_source_remove(picture->doorbell);
  event_source_remove(picture->poll);
  frame_feed_destroy(picture->feed);
  guest_link_destroy(picture->link);
  if (picture->presenter)
    picture->presenter->impl->destroy(picture->presenter);
  latency_trace_destroy(picture->trace);
  free(picture);
}

const char *loop_picture_presenter(const struct loop_picture *picture) { return picture->presenter->impl->name; }
const char *loop_picture_text(const struct loop_picture *picture) { return guest_link_text(picture->link); }
