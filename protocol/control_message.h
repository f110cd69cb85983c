/* Messages on TRANSOM_CHANNEL_CONTROL. A receiver ignores types it does not know and reads a shorter payload as if filled with 0. */
#ifndef TRANSOM_PROTOCOL_CONTROL_MESSAGE_H
#define TRANSOM_PROTOCOL_CONTROL_MESSAGE_H

#include "protocol/layout.h"

/* 4 is free. */
enum transom_control_type {
  TRANSOM_CONTROL_HELLO = 1,       /* both ways, first message of a session: transom_control_hello */
  TRANSOM_CONTROL_WINDOW_SIZE = 2, /* to guest: the viewer's window, for guests that can follow it */
  TRANSOM_CONTROL_REDRAW = 3,      /* to guest: publish a full frame soon; no payload */
  TRANSOM_CONTROL_GOODBYE = 5,     /* both ways, no payload */
  TRANSOM_CONTROL_MODE_WISH = 6,   /* to guest: the viewer's user would like this mode: transom_control_mode_wish */
};

struct transom_control_hello {
  uint32_t layout_minor;
  uint32_t reserved;
  uint64_t features;
  char name[48]; /* UTF-8, ends with 0: program and version */
};
TRANSOM_ASSERT_SIZE(struct transom_control_hello, 64);

struct transom_control_window_size {
  uint32_t head;
  uint32_t width; /* physical pixels */
  uint32_t height;
  uint32_t reserved;
};
TRANSOM_ASSERT_SIZE(struct transom_control_window_size, 16);

/* The guest may lack such a mode, and then changes nothing. */
struct transom_control_mode_wish {
  uint32_t head;
  uint32_t width; /* pixels; at least 1, at most TRANSOM_WIDTH_MAX, TRANSOM_HEIGHT_MAX */
  uint32_t height;
  uint32_t refresh_mhz; /* 60 Hz = 60000; 0 = the highest */
};
TRANSOM_ASSERT_SIZE(struct transom_control_mode_wish, 16);

#endif
