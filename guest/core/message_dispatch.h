/* The control channel's guest end: answers hello, hands requests to the agent. The agent's thread; control plane. */
#ifndef TRANSOM_GUEST_CORE_MESSAGE_DISPATCH_H
#define TRANSOM_GUEST_CORE_MESSAGE_DISPATCH_H

#include "guest/core/doorbell.h"
#include "protocol/control_message.h"
#include "protocol/ring.h"

#define MESSAGES_A_POLL 32u /* a flood from the host must not keep the agent from the screen */

enum message_request { MESSAGE_REDRAW = 1u << 0, MESSAGE_MODE_WISH = 1u << 1 };

struct message_dispatch {
  struct transom_ring to_host, to_guest;
  struct doorbell *doorbell;
  uint32_t session;                           /* whose hello was sent; 0 = none */
  uint64_t received;                          /* since the start */
  struct transom_control_mode_wish mode_wish; /* the last with MESSAGE_MODE_WISH; checked */
};

void message_dispatch_init(struct message_dispatch *dispatch, const struct transom_region *region, struct doorbell *doorbell);

/* Takes what has come. True when there was anything; `*requests` gets bits of enum message_request. */
bool message_dispatch_poll(struct message_dispatch *dispatch, uint32_t *requests);

/* Says goodbye, if anybody listens. */
void message_dispatch_goodbye(struct message_dispatch *dispatch);

#endif
