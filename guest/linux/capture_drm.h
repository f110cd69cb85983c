/* The guest's real screen by DRM: the framebuffer that the active CRTC scans out, read through a mapping of it.
 *
 * Needs root (CAP_SYS_ADMIN): the kernel gives framebuffer handles to nobody else. Reads linear buffers; tiled ones are said to be
 * unreadable. Follows framebuffer changes, mode changes, VT switches and a device that goes and comes back by looking at the CRTC before
 * each frame; nothing is told to it. One source shows one output: sources that differ in `screen` show those of a guest with several. */
#ifndef TRANSOM_GUEST_LINUX_CAPTURE_DRM_H
#define TRANSOM_GUEST_LINUX_CAPTURE_DRM_H

#include "guest/core/screen_capture.h"

/* `screen`: which of the active outputs, from 0, counted by card and CRTC; when one goes, those behind it move up. `card` -1: of all
 * /dev/dri/card*, looked for again whenever there is none. NULL: out of memory. */
struct screen_capture *capture_drm_create(int card, uint32_t screen);

#endif
