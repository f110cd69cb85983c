/* The picture of a VNC server on a connected socket (RFB 3.8, RFC 6143), by libvncclient: raw pixels only, since the server is on this
 * machine and each further encoding is code that its bytes reach. One thread; every call may block in the socket. */
#ifndef TRANSOM_HOST_VM_VNC_STREAM_H
#define TRANSOM_HOST_VM_VNC_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#define VNC_SIDE_MAX 8192u /* pixels; the picture is at most 256 MiB */

struct vnc_stream;

/* Shakes hands and asks for the first picture. The socket is taken over, also on failure. NULL: it is no VNC server that lets us in. */
struct vnc_stream *vnc_stream_create(int fd);
void vnc_stream_destroy(struct vnc_stream *stream); /* NULL is fine */

int vnc_stream_fd(const struct vnc_stream *stream); /* readable: step; may have bytes buffered, see the result of step */

/* Takes in one message. False: the connection is over. */
bool vnc_stream_step(struct vnc_stream *stream);
bool vnc_stream_has_buffered(const struct vnc_stream *stream); /* step again before waiting for the socket */

/* B, G, R, unused; rows without gaps. `updates` counts the finished pictures. */
const uint8_t *vnc_stream_pixels(const struct vnc_stream *stream, uint32_t *width, uint32_t *height, uint64_t *updates);

#endif
