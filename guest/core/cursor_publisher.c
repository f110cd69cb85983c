#include "guest/core/cursor_publisher.h"

void cursor_publisher_init(struct cursor_publisher *publisher, const struct transom_region *region, struct doorbell *doorbell,
                           uint32_t head) {
  *publisher = (struct cursor_publisher){.doorbell = doorbell, .head = head};
  cursor_writer_init(&publisher->writer, &region->cursors[head]);
}

static bool publish_shape(struct cursor_publisher *publisher, const struct screen_cursor *cursor) {
  if (cursor->shape_serial == 0 || cursor->shape_serial == publisher->shape_serial)
    return false;
  if (cursor_writer_shape(&publisher->writer, &cursor->shape, cursor->pixels) != 0)
    return false;
  publisher->shape_serial = cursor->shape_serial;
  return true;
}

static bool has_moved(const struct cursor_publisher *publisher, const struct screen_cursor *cursor, uint32_t flags) {
  const struct transom_cursor_state *state = &publisher->writer.state;
  const bool visible = flags & TRANSOM_CURSOR_VISIBLE;
  return !publisher->started || flags != state->flags || (visible && (state->x != cursor->x || state->y != cursor->y));
}

bool cursor_publisher_update(struct cursor_publisher *publisher, const struct screen_cursor *cursor, uint64_t now_ns) {
  const bool new_shape = publish_shape(publisher, cursor);
  const bool visible = cursor->visible && cursor->shape_serial != 0 && cursor->shape_serial == publisher->shape_serial;
  const uint32_t flags = (visible ? TRANSOM_CURSOR_VISIBLE : 0u) | (cursor->clipped ? TRANSOM_CURSOR_CLIPPED : 0u);
  if (!new_shape && !has_moved(publisher, cursor, flags))
    return false;
  cursor_writer_move(&publisher->writer, cursor->x, cursor->y, flags, now_ns);
  publisher->started = true;
  doorbell_signal(publisher->doorbell, TRANSOM_WAKE_CURSOR, publisher->head);
  return true;
}
