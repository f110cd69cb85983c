/* Desktop Duplication of one output: the desktop's texture as it is presented (an RGBA16F one is scRGB), with what changed. One thread,
 * attached to the input desktop. Wine has none of it: this has run on no machine of ours. */
#ifndef TRANSOM_GUEST_WINDOWS_DUPLICATION_H
#define TRANSOM_GUEST_WINDOWS_DUPLICATION_H

#include "guest/core/screen_capture.h"
#include "guest/windows/d3d_device.h"
#include "guest/windows/screen_output.h"

struct duplication {
  IDXGIOutputDuplication *output;
  struct screen_mode mode; /* of the newest texture; width 0 = none was taken yet */
  bool pq;                 /* the output shows high dynamic range: what scRGB's 1.0 means */
  uint32_t rotation;
  bool first;   /* nothing was taken yet: everything is damage */
  bool holding; /* a frame of Windows' is in our hands */
  bool pending; /* and was not looked at yet */
  DXGI_OUTDUPL_FRAME_INFO info;
  IDXGIResource *resource; /* of the pending frame */
  void *rects;             /* room for damage */
  uint32_t rects_bytes;
};

/* S_OK, or the fault. `device` must be of the output's adapter. */
HRESULT duplication_open(struct duplication *duplication, ID3D11Device *device, const struct screen_output *output);
void duplication_close(struct duplication *duplication); /* fine on a zeroed one, and twice */

/* Faults of opening that another time may not have: a log-on screen that we may not see, too many duplications, a mode change under way. */
bool duplication_is_transient(HRESULT result);

/* Lets the last frame go and waits for the next. S_OK: there is one; DXGI_ERROR_WAIT_TIMEOUT; else the duplication is to be closed. */
HRESULT duplication_wait(struct duplication *duplication, uint32_t timeout_ms);

/* The frame that duplication_wait() found: `*texture` is the caller's to release; the frame stays until the next wait. S_FALSE: only the
 * cursor moved. */
HRESULT duplication_take(struct duplication *duplication, struct transom_damage *damage, ID3D11Texture2D **texture);

#endif
