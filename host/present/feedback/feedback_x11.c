#include "host/present/feedback/feedback_x11.h"

#include "common/clock.h"
#include "host/present/feedback/feedback_clock.h"

#include <stdlib.h>
#include <xcb/present.h>

#define PICTURES 32u                      /* handed over and not told of */
#define QUARANTINE_NS UINT64_C(100000000) /* after images were made anew: what is told may be of the old ones, whose numbers come again */

struct handed_over {
  uint64_t picture; /* 0 = none */
  uint32_t count;
};

struct feedback_x11 {
  struct feedback_source base;
  xcb_connection_t *connection;
  uint32_t event_id;
  struct handed_over pictures[PICTURES]; /* by count */
  uint32_t newest;                       /* count of the newest */
  uint64_t quarantine_ns;                /* CLOCK_MONOTONIC_RAW: until then nothing is believed to be of these images */
  uint64_t first_us, first_msc;          /* of the first that was told */
};

static struct feedback_x11 *self_of(struct feedback_source *source) { return (struct feedback_x11 *)source; }

/* The server tells of every picture anyway. */
static void ask(struct feedback_source *source, uint64_t picture) { (void)source, (void)picture; }

static void forget_pictures(struct feedback_x11 *self) {
  for (unsigned i = 0; i < PICTURES; i++)
    self->pictures[i].picture = 0;
}

static void handed_over(struct feedback_source *source, uint64_t picture, uint32_t count) {
  struct feedback_x11 *self = self_of(source);
  const uint64_t now_ns = clock_raw_ns();
  if (count <= self->newest) { /* made anew */
    forget_pictures(self);
    self->quarantine_ns = now_ns + QUARANTINE_NS;
  }
  self->newest = count;
  self->pictures[count % PICTURES] = (struct handed_over){now_ns < self->quarantine_ns ? 0 : picture, count};
}

/* By the server's own count of refreshes, over all that it has told: one by one they are too rough where a timer plays the display. */
static uint64_t refresh_of(struct feedback_x11 *self, uint64_t us, uint64_t msc) {
  if (self->first_msc == 0) {
    self->first_us = us;
    self->first_msc = msc;
  }
  return msc > self->first_msc && us > self->first_us ? (us - self->first_us) * 1000 / (msc - self->first_msc) : 0;
}

/* False: of nothing that we wait for. */
static bool understand(struct feedback_x11 *self, const xcb_present_complete_notify_event_t *event, struct feedback_stamp *stamp) {
  struct handed_over *picture = &self->pictures[event->serial % PICTURES];
  if (event->event_type != XCB_PRESENT_EVENT_COMPLETE_NOTIFY || event->kind != XCB_PRESENT_COMPLETE_KIND_PIXMAP || !picture->picture ||
      picture->count != event->serial)
    return false;
  const uint64_t told_ns = event->ust * 1000;
  *stamp = (struct feedback_stamp){.picture = picture->picture,
                                   .shown = event->mode != XCB_PRESENT_COMPLETE_MODE_SKIP,
                                   .told_ns = told_ns,
                                   .shown_ns = feedback_clock_to_raw(CLOCK_MONOTONIC, told_ns),
                                   .refresh_ns = refresh_of(self, event->ust, event->msc)};
  picture->picture = 0;
  return true;
}

static bool next(struct feedback_source *source, struct feedback_stamp *stamp) {
  struct feedback_x11 *self = self_of(source);
  xcb_generic_event_t *event;
  bool found = false;
  while (!found && (event = xcb_poll_for_event(self->connection))) {
    found = (event->response_type & 0x7f) == XCB_GE_GENERIC && understand(self, (const void *)event, stamp);
    free(event);
  }
  return found;
}

static void destroy(struct feedback_source *source) {
  struct feedback_x11 *self = self_of(source);
  xcb_disconnect(self->connection); /* takes a broken one, and ends what was asked for */
  free(self);
}

/* Asked for before the version, as the protocol wants it; checked, since the window may be gone. */
static bool subscribe(struct feedback_x11 *self, uint32_t window) {
  if (xcb_connection_has_error(self->connection))
    return false;
  const xcb_query_extension_reply_t *extension = xcb_get_extension_data(self->connection, &xcb_present_id);
  if (!extension || !extension->present)
    return false;
  free(xcb_present_query_version_reply(self->connection, xcb_present_query_version(self->connection, 1, 0), NULL));
  self->event_id = xcb_generate_id(self->connection);
  xcb_generic_error_t *error = xcb_request_check(
      self->connection, xcb_present_select_input_checked(self->connection, self->event_id, window, XCB_PRESENT_EVENT_MASK_COMPLETE_NOTIFY));
  free(error);
  return !error;
}

struct feedback_source *feedback_x11_create(uint32_t window) {
  static const struct feedback_source_impl impl = {
      .name = "X11 Present", .ask = ask, .handed_over = handed_over, .next = next, .destroy = destroy};
  struct feedback_x11 *self = calloc(1, sizeof *self);
  if (!self)
    return NULL;
  self->base = (struct feedback_source){.impl = &impl, .resolution_ns = 1000};
  self->connection = xcb_connect(NULL, NULL);
  if (subscribe(self, window))
    return &self->base;
  destroy(&self->base);
  return NULL;
}
