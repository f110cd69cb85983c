/* Control messages to and from the agent: the host's ends of the two control rings, for whoever is controller. On one thread. */
#ifndef TRANSOM_HOST_LINK_AGENT_CHANNEL_H
#define TRANSOM_HOST_LINK_AGENT_CHANNEL_H

#include "protocol/ring.h"

#define AGENT_CHANNEL_MESSAGES_MAX 64u /* taken at one go; a guest that floods us does not keep us */

struct agent_channel { /* all zero: closed */
  const struct transom_region *region;
  struct transom_ring to_guest, to_host;
  bool is_begun;   /* we are controller, and have opened a session */
  bool is_greeted; /* hello was sent in this session */
  uint64_t bad;    /* sessions that ended by -EBADMSG */
};

/* Opens a new session in `region`, which has the control rings or not. Anybody else's session ends. */
void agent_channel_begin(struct agent_channel *channel, const struct transom_region *region);
void agent_channel_end(struct agent_channel *channel); /* forgets; writes nothing: the rings may be another's */

/* Says hello when the agent has answered, and hands over what it sent. Returns the number of messages. */
uint32_t agent_channel_poll(struct agent_channel *channel,
                            void (*message)(uint32_t type, const void *payload, uint32_t bytes, void *user_data), void *user_data);
bool agent_channel_has_message(const struct agent_channel *channel);

int agent_channel_send(struct agent_channel *channel, uint32_t type, const void *payload, uint32_t bytes); /* as ring_send() */

#endif
