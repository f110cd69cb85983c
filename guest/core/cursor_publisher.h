/* Tells the consumers where the cursor is and what it looks like, when either changed. The agent's thread; data plane. */
#ifndef TRANSOM_GUEST_CORE_CURSOR_PUBLISHER_H
#define TRANSOM_GUEST_CORE_CURSOR_PUBLISHER_H

#include "guest/core/doorbell.h"
#include "guest/core/screen_capture.h"
#include "protocol/cursor.h"

struct cursor_publisher {
  struct transom_cursor_writer writer;
  struct doorbell *doorbell;
  uint32_t head;
  uint64_t shape_serial; /* of the source, as published last; 0 = none */
  bool started;          /* something was published in this epoch */
};

void cursor_publisher_init(struct cursor_publisher *publisher, const struct transom_region *region, struct doorbell *doorbell,
                           uint32_t head);

/* True when anything moved. A shape that the wire cannot carry is dropped: the cursor is then published as hidden. */
bool cursor_publisher_update(struct cursor_publisher *publisher, const struct screen_cursor *cursor, uint64_t now_ns);

#endif
