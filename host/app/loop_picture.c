#define LOG_MODULE "loop"
#include "host/app/loop_picture.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/test_card_strip.h"
#include "host/app/frame_feed.h"
#include "host/app/window.h"
#include "host/event/event_loop.h"
#include "host/present/feedback/feedback_select.h"
#include "host/present/presenter_select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_NS UINT64_C(1000000) /* where there is no doorbell, or a frame is not whole yet */
#define LOOKS_MAX 4u              /* frames without a rest between */
#define CARDS 32u                 /* presented, and perhaps not told of yet */
#define WINDOW_NS UINT64_C(10000000)
#define PATIENCE_NS UINT64_C(200000000) /* as the viewer's: of which nothing is told for so long stays as the call said */
#define FIRST_WIDTH 1280
#define FIRST_HEIGHT 800

struct loop_card {   /* what was read back of a frame */
  uint64_t sequence; /* 0 = of none */
  uint32_t counter;
  uint64_t event_ns;
};

struct loop_picture {
  loop_picture_handler frame;
  void *user_data;
  struct event_loop *loop;
  struct event_source *doorbell, *poll; /* doorbell: NULL = the session has none */
  struct window *window;                /* NULL = headless */
  struct event_source *window_tick;
  struct feedback *feedback; /* NULL = nobody tells when a picture is shown */
  bool must_present, was_settled;
  uint64_t handed_over_ns;
  struct loop_card cards[CARDS]; /* by sequence */
  struct loop_frame newest;      /* handed over last */
  struct presenter *presenter;
  struct latency_trace *trace;
  struct frame_feed *feed;
  struct guest_link *link;
};

/* ---- one frame ---- */

/* A picture that is no loop card has the counter 0. */
static void read_card(struct presenter *presenter, struct loop_card *card, uint64_t sequence) {
  struct presenter_image image;
  struct test_card_strip strip;
  if (card->sequence == sequence)
    return; /* drawn again */
  *card = (struct loop_card){.sequence = sequence};
  if (presenter->impl->read_back(presenter, false, &image) != 0)
    return;
  const struct test_card_picture picture = {.pixels = image.pixels,
                                            .pitch_bytes = (size_t)image.width * 4,
                                            .width = image.width,
                                            .height = image.height,
                                            .format = TEST_CARD_BGRA8};
  if (test_card_verify(&picture, &strip) == TEST_CARD_INTACT && test_card_read_event(&picture, &card->event_ns))
    card->counter = strip.frame;
  free(image.pixels);
}

static struct loop_card *card_of(struct loop_picture *picture, uint64_t sequence) { return &picture->cards[sequence % CARDS]; }

/* What the window system has told meanwhile; what it does not tell in time stays as the call said. */
static void take_feedback(struct loop_picture *picture) {
  const uint64_t now_ns = clock_raw_ns();
  struct feedback_news news;
  while (feedback_take(picture->feedback, now_ns, &news))
    latency_trace_told(picture->trace, news.picture, news.shown_ns);
  if (feedback_state(picture->feedback) != FEEDBACK_BELIEVED || now_ns - picture->handed_over_ns > PATIENCE_NS)
    latency_trace_told_all(picture->trace);
}

static void tell(struct loop_picture *picture) {
  struct latency_frame traced;
  take_feedback(picture);
  while (latency_trace_take(picture->trace, &traced)) {
    const struct loop_card *card = card_of(picture, traced.sequence);
    const bool known = card->sequence == traced.sequence;
    const struct loop_frame frame = {.counter = known ? card->counter : 0,
                                     .seen_ns = traced.host_ns[LATENCY_SEEN],
                                     .presented_ns = traced.host_ns[LATENCY_PRESENTED],
                                     .source = (enum latency_source)traced.source,
                                     .event_ns = known ? card->event_ns : 0,
                                     .acquired_ns = traced.guest_ns[LATENCY_ACQUIRED],
                                     .published_ns = traced.guest_ns[LATENCY_COMPLETE]};
    if (traced.source == LATENCY_SOURCE_NONE)
      continue;
    picture->newest = frame;
    picture->frame(&frame, picture->user_data);
  }
}

static void fail(struct loop_picture *picture, const char *why) {
  log_error("%s", why);
  event_loop_stop(picture->loop);
}

static void presented(struct loop_picture *picture, uint64_t number, uint64_t submitted_ns) {
  picture->must_present = false;
  picture->handed_over_ns = clock_raw_ns();
  const struct presenter_impl *impl = picture->presenter->impl;
  if (number)
    feedback_handed_over(picture->feedback, impl->pictures ? impl->pictures(picture->presenter) : 0, submitted_ns, picture->handed_over_ns);
  const bool is_told = feedback_state(picture->feedback) == FEEDBACK_BELIEVED;
  frame_feed_presented(picture->feed, submitted_ns, picture->handed_over_ns,
                       picture->window ? LATENCY_SOURCE_CALL : LATENCY_SOURCE_HEADLESS, is_told ? number : 0);
  read_card(picture->presenter, card_of(picture, picture->feed->counts.sequence), picture->feed->counts.sequence);
}

static void present(struct loop_picture *picture) {
  const uint64_t number = feedback_ask(picture->feedback), submitted_ns = clock_raw_ns();
  switch (picture->presenter->impl->present(picture->presenter)) {
  case PRESENTER_OK:
    presented(picture, number, submitted_ns);
    tell(picture);
    return;
  case PRESENTER_PENDING:
    return; /* the poll comes again */
  case PRESENTER_LOST:
    frame_feed_lost(picture->feed);
    return;
  case PRESENTER_FAILED:
    fail(picture, "presenting has failed");
    return;
  }
}

static void take_news(struct loop_picture *picture) {
  picture->feed->news_ns = clock_raw_ns();
  const uint32_t result = frame_feed_step(picture->feed);
  if (result & FRAME_FEED_BROKEN)
    fail(picture, "presenting has failed");
  picture->must_present |= (result & FRAME_FEED_PICTURE) != 0;
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
    if (picture->must_present)
      present(picture);
    armed = !picture->must_present && is_armed(picture);
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

/* ---- the window ---- */

static void follow_size(struct loop_picture *picture) {
  uint32_t width, height;
  window_pixel_size(picture->window, &width, &height);
  picture->presenter->impl->resize(picture->presenter, width, height, false);
  picture->must_present |= picture->feed && picture->feed->counts.frames > 0;
}

/* SDL is asked now and then: the loop waits for other things, and its stamps are not made here. */
static void on_window(void *user_data) {
  struct loop_picture *picture = user_data;
  struct picture_layout layout;
  struct window_event event;
  while (window_poll(&event)) {
    if (event.kind == WINDOW_RESIZED)
      follow_size(picture);
    if (event.kind == WINDOW_CLOSE)
      fail(picture, "the window was closed");
  }
  if (picture->presenter->impl->layout(picture->presenter, &layout))
    window_follow_picture(picture->window, layout.picture_width, layout.picture_height);
  const bool is_settled = loop_picture_is_settled(picture), was_settled = picture->was_settled;
  picture->must_present |= !is_settled && picture->feed->counts.frames > 0;
  picture->was_settled = is_settled;
  tell(picture);
  look(picture);
  if (is_settled && !was_settled && picture->newest.counter) /* the card rests: nothing else would say so */
    picture->frame(&picture->newest, picture->user_data);
}

static bool open_window(struct loop_picture *picture, enum presenter_kind kind, char *error, size_t capacity) {
  const struct window_options options = {
      .title = "transom latency --loop", .width = FIRST_WIDTH, .height = FIRST_HEIGHT, .vulkan = presenter_kind_needs_vulkan(kind)};
  picture->window_tick = event_loop_add_timer(picture->loop, on_window, picture);
  picture->window = picture->window_tick ? window_create(&options, error, capacity) : NULL;
  return picture->window != NULL;
}

static void show_window(struct loop_picture *picture) {
  const char *why;
  window_show(picture->window);
  follow_size(picture);
  picture->feedback = feedback_select(window_native(picture->window), &why);
  event_timer_set(picture->window_tick, WINDOW_NS, WINDOW_NS);
}

/* ---- life ---- */

static bool set_up(struct loop_picture *picture, const struct view_settings *settings) {
  static const struct guest_link_events events = {.session = on_session};
  const struct guest_link_options options = {.region = settings->region, .head = (uint32_t)settings->head};
  const struct presenter_options options_of_presenter = {.scaling = (enum picture_scaling)settings->scaling};
  char error[256] = "out of memory";
  picture->poll = event_loop_add_timer(picture->loop, on_poll, picture);
  picture->trace = latency_trace_create();
  const enum presenter_kind kind = (enum presenter_kind)settings->renderer;
  if (!presenter_kind_needs_window(kind) || open_window(picture, kind, error, sizeof error))
    picture->presenter =
        presenter_create(kind, picture->window ? window_native(picture->window) : NULL, &options_of_presenter, error, sizeof error);
  if (picture->presenter && picture->window)
    show_window(picture);
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
  event_source_remove(picture->window_tick);
  feedback_destroy(picture->feedback);
  frame_feed_destroy(picture->feed);
  guest_link_destroy(picture->link);
  if (picture->presenter)
    picture->presenter->impl->destroy(picture->presenter);
  window_destroy(picture->window);
  latency_trace_destroy(picture->trace);
  free(picture);
}

bool loop_picture_is_settled(const struct loop_picture *picture) { return feedback_state(picture->feedback) != FEEDBACK_TESTING; }

const char *loop_picture_presenter(const struct loop_picture *picture) { return picture->presenter->impl->name; }
const char *loop_picture_text(const struct loop_picture *picture) { return guest_link_text(picture->link); }
