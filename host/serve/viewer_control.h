/* control.sock: who of the viewers is the controller, that is, owns the host's end of the message rings. The lines: control_line.h.
 *
 * One event loop, whose thread calls everything. A client that does not read its answers is dropped. */
#ifndef TRANSOM_HOST_SERVE_VIEWER_CONTROL_H
#define TRANSOM_HOST_SERVE_VIEWER_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_loop;
struct ivshmem_server;
struct viewer_control;

#define VIEWER_CONTROL_NOBODY UINT32_MAX

struct viewer_control_events {
  void (*changed)(void *user_data);
  /* A connection that is about input, not about the rings: it is no longer ours. `rest` came behind its first line. */
  void (*input)(int socket, bool take, const char *rest, size_t bytes, void *user_data);
};

/* NULL: out of memory. */
struct viewer_control *viewer_control_create(struct event_loop *loop, const struct ivshmem_server *server,
                                             const struct viewer_control_events *events, void *user_data);
void viewer_control_destroy(struct viewer_control *control);

/* What an earlier server knew: which peers are viewers, and who was controller. That one has the right to be it again as long as its peer
 * lives; the others wait. */
void viewer_control_restore(struct viewer_control *control, uint32_t viewer_mask, uint32_t controller);

int viewer_control_listen(struct viewer_control *control, int listener); /* 0 or -errno; the listener stays the caller's */
void viewer_control_peer_left(struct viewer_control *control, uint32_t id);

bool viewer_control_is_viewer(const struct viewer_control *control, uint32_t id);
uint32_t viewer_control_controller(const struct viewer_control *control); /* peer id, or VIEWER_CONTROL_NOBODY */

#endif
