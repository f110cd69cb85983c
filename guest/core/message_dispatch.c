#define LOG_MODULE "messages"
#include "guest/core/message_dispatch.h"

#include "common/log.h"
#include "protocol/control_message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void message_dispatch_init(struct message_dispatch *dispatch, const struct transom_region *region, struct doorbell *doorbell) {
  dispatch->doorbell = doorbell;
  dispatch->session = 0;
  ring_init(&dispatch->to_host, &region->to_host[TRANSOM_CHANNEL_CONTROL], TRANSOM_RING_GUEST_SENDS, 0);
  ring_init(&dispatch->to_guest, &region->to_guest[TRANSOM_CHANNEL_CONTROL], TRANSOM_RING_GUEST_RECEIVES, 0);
}

static void send(struct message_dispatch *dispatch, uint32_t type, const void *payload, uint32_t bytes) {
  const int error = ring_send(&dispatch->to_host, type, payload, bytes);
  if (error)
    log_debug("message %u was not sent: %s", type, strerror(-error));
  else
    doorbell_signal(dispatch->doorbell, TRANSOM_WAKE_MESSAGE, 0);
}

static void send_hello(struct message_dispatch *dispatch) {
  struct transom_control_hello hello = {.layout_minor = TRANSOM_LAYOUT_MINOR};
  snprintf(hello.name, sizeof hello.name, "transom-agent %s", TRANSOM_VERSION);
  send(dispatch, TRANSOM_CONTROL_HELLO, &hello, sizeof hello);
}

/* Printable ASCII only: the name comes from the other side and goes into a log. */
static void log_hello(const void *payload, uint32_t bytes) {
  struct transom_control_hello hello = {0};
  memcpy(&hello, payload, bytes < sizeof hello ? bytes : sizeof hello);
  hello.name[sizeof hello.name - 1] = 0;
  for (char *at = hello.name; *at; at++)
    *at = *at >= ' ' && *at <= '~' ? *at : '?';
  log_info("controlled by %s", hello.name[0] ? hello.name : "a viewer without a name");
}

static uint32_t take_mode_wish(struct message_dispatch *dispatch, const void *payload, uint32_t bytes) {
  struct transom_control_mode_wish wish = {0};
  memcpy(&wish, payload, bytes < sizeof wish ? bytes : sizeof wish);
  if (wish.head != 0 || wish.width == 0 || wish.width > TRANSOM_WIDTH_MAX || wish.height == 0 || wish.height > TRANSOM_HEIGHT_MAX) {
    log_debug("a mode of %ux%u for head %u is ignored", wish.width, wish.height, wish.head);
    return 0;
  }
  dispatch->mode_wish = wish;
  return MESSAGE_MODE_WISH;
}

static uint32_t handle(struct message_dispatch *dispatch, uint32_t type, const void *payload, uint32_t bytes) {
  switch (type) {
  case TRANSOM_CONTROL_HELLO:
    log_hello(payload, bytes);
    return 0;
  case TRANSOM_CONTROL_REDRAW:
    return MESSAGE_REDRAW;
  case TRANSOM_CONTROL_MODE_WISH:
    return take_mode_wish(dispatch, payload, bytes);
  case TRANSOM_CONTROL_GOODBYE:
    log_info("the viewer that controlled us has left");
    return 0;
  default: /* window size: this guest's screen does not follow it; newer types: not for us */
    log_debug("message %u is ignored", type);
    return 0;
  }
}

static void greet_new_session(struct message_dispatch *dispatch) {
  if (!ring_is_open(&dispatch->to_host) || dispatch->to_host.session == dispatch->session)
    return;
  dispatch->session = dispatch->to_host.session;
  send_hello(dispatch);
}

bool message_dispatch_poll(struct message_dispatch *dispatch, uint32_t *requests) {
  greet_new_session(dispatch);
  if (!ring_is_open(&dispatch->to_guest) || !ring_has_message(&dispatch->to_guest))
    return false;
  uint8_t payload[RING_PAYLOAD_BYTES_MAX];
  uint32_t type, bytes, count = 0;
  int error = 0;
  while (count < MESSAGES_A_POLL && (error = ring_receive(&dispatch->to_guest, &type, payload, &bytes)) == 0) {
    *requests |= handle(dispatch, type, payload, bytes);
    count++;
  }
  if (error == -EBADMSG)
    log_warning("the host's end of the message ring is broken; ignored until a viewer opens a new session");
  dispatch->received += count;
  if (count)
    doorbell_signal(dispatch->doorbell, TRANSOM_WAKE_MESSAGE, 0); /* there is room again */
  return count > 0;
}

void message_dispatch_goodbye(struct message_dispatch *dispatch) {
  if (ring_is_open(&dispatch->to_host))
    send(dispatch, TRANSOM_CONTROL_GOODBYE, NULL, 0);
}
