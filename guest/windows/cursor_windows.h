/* The guest's cursor as Windows says: where it is, whether it is shown or clipped, and what it looks like. The agent's thread; allocates
 * when the shape changes. */
#ifndef TRANSOM_GUEST_WINDOWS_CURSOR_WINDOWS_H
#define TRANSOM_GUEST_WINDOWS_CURSOR_WINDOWS_H

#include "guest/core/screen_capture.h"
#include "guest/windows/screen_output.h"

struct cursor_windows {
  void *handle;    /* HCURSOR that the shape was read from */
  uint64_t serial; /* of the shape; 0 = none yet */
  struct transom_cursor_shape shape;
  uint8_t pixels[TRANSOM_CURSOR_DATA_MAX];
};

/* Relative to `output`. False: the system does not say. The pixels stay valid until the next call. */
bool cursor_windows_read(struct cursor_windows *cursor, const struct screen_output *output, struct screen_cursor *out);

/* The shape behind an HCURSOR, in the wire's terms. False: it cannot be read, or is too large. For cursor_windows_read() and tests. */
bool cursor_windows_shape(void *handle, struct transom_cursor_shape *shape, uint8_t pixels[TRANSOM_CURSOR_DATA_MAX]);

#endif
