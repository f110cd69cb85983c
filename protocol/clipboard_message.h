/* Messages on TRANSOM_CHANNEL_CLIPBOARD. Offers name formats; data crosses only when asked for, in parts of at most RING_PAYLOAD_BYTES_MAX.
 */
#ifndef TRANSOM_PROTOCOL_CLIPBOARD_MESSAGE_H
#define TRANSOM_PROTOCOL_CLIPBOARD_MESSAGE_H

#include "protocol/layout.h"

#define TRANSOM_CLIPBOARD_BYTES_MAX (64u << 20)

enum transom_clipboard_type {
  TRANSOM_CLIPBOARD_OFFER = 1,   /* transom_clipboard_offer */
  TRANSOM_CLIPBOARD_REQUEST = 2, /* transom_clipboard_request */
  TRANSOM_CLIPBOARD_PART = 3,    /* transom_clipboard_part, then the bytes */
  TRANSOM_CLIPBOARD_CANCEL = 4,  /* transom_clipboard_request: the serial that is no longer wanted or no longer there */
};

enum transom_clipboard_format { TRANSOM_CLIPBOARD_TEXT_UTF8 = 1u << 0, TRANSOM_CLIPBOARD_PNG = 1u << 1 };

struct transom_clipboard_offer {
  uint32_t serial;
  uint32_t formats; /* bits */
};
TRANSOM_ASSERT_SIZE(struct transom_clipboard_offer, 8);

struct transom_clipboard_request {
  uint32_t serial;
  uint32_t format; /* one bit */
};
TRANSOM_ASSERT_SIZE(struct transom_clipboard_request, 8);

struct transom_clipboard_part {
  uint32_t serial;
  uint32_t format;
  uint32_t total_bytes; /* <= TRANSOM_CLIPBOARD_BYTES_MAX, the same in every part */
  uint32_t offset;      /* in order, without gaps */
};
TRANSOM_ASSERT_SIZE(struct transom_clipboard_part, 16);

#endif
