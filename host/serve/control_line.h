/* What a viewer may say on control.sock: lines of ASCII that end with a newline, at most CONTROL_LINE_BYTES_MAX with it.
 *
 *   viewer              server
 *   peer N              ok | error REASON      this connection belongs to ivshmem peer N (same process): first
 *   controller          granted | busy         wants the message rings' host end; `busy`: `granted` follows when its turn comes
 *   take                granted                the same, now: the present controller gets `lost`
 *                       lost                   no longer controller: stop writing to the rings
 *
 * The end of the connection gives everything back. A line that is none of these ends it. Pure functions. */
#ifndef TRANSOM_HOST_SERVE_CONTROL_LINE_H
#define TRANSOM_HOST_SERVE_CONTROL_LINE_H

#include <stddef.h>
#include <stdint.h>

#define CONTROL_LINE_BYTES_MAX 32u

enum control_command { CONTROL_PEER, CONTROL_CONTROLLER, CONTROL_TAKE, CONTROL_UNKNOWN };

/* `line` without its newline. `*peer_id` (below 16) is written for CONTROL_PEER. */
enum control_command control_line_parse(const char *line, size_t bytes, uint32_t *peer_id);

/* Bytes from a socket, put together to lines. */
struct control_line_buffer {
  char bytes[CONTROL_LINE_BYTES_MAX];
  size_t filled;
};

/* Takes bytes up to the end of a line; returns how many it used. `*line_bytes`: the length of the line that is now in `bytes`, or -1 when
 * it has not ended yet, or -2 when it is too long. After a line, the next call begins a new one. */
size_t control_line_feed(struct control_line_buffer *buffer, const char *bytes, size_t count, int *line_bytes);

#endif
