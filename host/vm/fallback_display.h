/* The domain's emulated display, for as long as no agent shows a better picture: firmware, boot, login, no agent at all.
 *
 * A thread of its own reads the VNC stream. The picture changes hands strictly: from a call of `news` until fallback_display_done() it is
 * the presenting thread's and the stream is not read, so a slow presenter slows the server and nothing is copied twice. */
#ifndef TRANSOM_HOST_VM_FALLBACK_DISPLAY_H
#define TRANSOM_HOST_VM_FALLBACK_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>

struct fallback_display;

struct fallback_picture {
  uint32_t width, height;
  const uint8_t *pixels; /* B, G, R, unused; rows without gaps */
};

/* On the display's thread: a new picture, or (with `picture` NULL) the display is gone: nothing comes after that. */
typedef void (*fallback_display_news)(const struct fallback_picture *picture, void *user_data);

/* Takes over the connected socket. NULL: no thread or memory; the socket is closed. */
struct fallback_display *fallback_display_start(int fd, fallback_display_news news, void *user_data);
void fallback_display_done(struct fallback_display *display);

/* Waits for the thread, which a silent server cannot hold. NULL is fine. */
void fallback_display_stop(struct fallback_display *display);

#endif
