/* The guest's real screen by DRM: the framebuffer that the active CRTC scans out, read through a mapping of it.
 *
 * Needs root (CAP_SYS_ADMIN): the kernel gives framebuffer handles to nobody else. Reads linear buffers; tiled ones are said to be
 * unreadable. Follows framebuffer changes, mode changes, VT switches and a device that goes and comes back by looking at the CRTC before
 * each frame; nothing is told to it. Of several active outputs it takes that of the lowest CRTC. */
#ifndef TRANSOM_GUEST_LINUX_CAPTURE_DRM_H
#define TRANSOM_GUEST_LINUX_CAPTURE_DRM_H

#include "guest/core/screen_capture.h"

/* `card` -1: the first of /dev/dri/card* with an active output, looked for again whenever there is none. NULL: out of memory. */
struct screen_capture *capture_drm_create(int card);

#endif
