#include "host/link/agent_channel.h"

#include "common/random.h"
#include "protocol/control_message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool has_ring(const struct transom_ring_view *view) { return view->producer && view->consumer && view->data; }

void agent_channel_begin(struct agent_channel *channel, const struct transom_region *region) {
  const struct transom_ring_view *to_guest = &region->to_guest[TRANSOM_CHANNEL_CONTROL];
  const struct transom_ring_view *to_host = &region->to_host[TRANSOM_CHANNEL_CONTROL];
  uint64_t bad = channel->bad;
  memset(channel, 0, sizeof *channel);
  channel->bad = bad;
  if (!has_ring(to_guest) || !has_ring(to_host) || !validate_epoch(region))
    return;
  channel->region = region;
  uint32_t session = random_nonzero32();
  ring_init(&channel->to_guest, to_guest, TRANSOM_RING_HOST_SENDS, session);
  ring_init(&channel->to_host, to_host, TRANSOM_RING_HOST_RECEIVES, session);
  channel->is_begun = true;
}

void agent_channel_end(struct agent_channel *channel) {
  channel->is_begun = channel->is_greeted = false;
  channel->region = NULL;
}

/* A ring that the guest spoilt is of no use until both begin anew. */
static void begin_again(struct agent_channel *channel) {
  channel->bad++;
  agent_channel_begin(channel, channel->region);
}

static bool is_writable(const struct agent_channel *channel) { return channel->is_begun && validate_epoch(channel->region); }

static void greet(struct agent_channel *channel) {
  struct transom_control_hello hello = {.layout_minor = TRANSOM_LAYOUT_MINOR, .features = TRANSOM_FEATURES_KNOWN};
  snprintf(hello.name, sizeof hello.name, "transom %s", TRANSOM_VERSION);
  channel->is_greeted = ring_send(&channel->to_guest, TRANSOM_CONTROL_HELLO, &hello, sizeof hello) == 0;
}

uint32_t agent_channel_poll(struct agent_channel *channel,
                            void (*message)(uint32_t type, const void *payload, uint32_t bytes, void *user_data), void *user_data) {
  uint8_t payload[RING_PAYLOAD_BYTES_MAX];
  uint32_t type, bytes, count = 0;
  if (!is_writable(channel))
    return 0;
  if (!channel->is_greeted && ring_is_open(&channel->to_guest))
    greet(channel);
  while (count < AGENT_CHANNEL_MESSAGES_MAX && channel->is_begun) {
    int result = ring_receive(&channel->to_host, &type, payload, &bytes);
    if (result == -EBADMSG)
      begin_again(channel);
    if (result)
      return count;
    count++;
    if (message)
      message(type, payload, bytes, user_data);
  }
  return count;
}

bool agent_channel_has_message(const struct agent_channel *channel) { return channel->is_begun && ring_has_message(&channel->to_host); }

int agent_channel_send(struct agent_channel *channel, uint32_t type, const void *payload, uint32_t bytes) {
  if (!is_writable(channel))
    return -ENOTCONN;
  int result = ring_send(&channel->to_guest, type, payload, bytes);
  if (result == -EBADMSG)
    begin_again(channel);
  return result;
}
