/* Direct3D 11 textures as Direct3D 12 ones, and a fence that both know: what Desktop Duplication gives is the former, the copy queue wants
 * the latter. One thread. Not available under Wine: has run on no GPU of ours. */
#ifndef TRANSOM_GUEST_WINDOWS_D3D_SHARE_H
#define TRANSOM_GUEST_WINDOWS_D3D_SHARE_H

#include "guest/windows/d3d_device.h"

#include <stdint.h>

#define D3D_SHARE_TEXTURES 8u /* duplication gives a few in turn */

struct d3d_shared_texture {
  ID3D11Texture2D *from; /* held, so that its address means no other one */
  ID3D12Resource *to;
};

struct d3d_share {
  ID3D12Device *device;
  ID3D11DeviceContext4 *context;
  ID3D11Fence *fence_11;
  ID3D12Fence *fence_12;
  uint64_t value; /* signalled last */
  uint32_t count, oldest;
  struct d3d_shared_texture textures[D3D_SHARE_TEXTURES];
};

/* Both devices must be of one adapter. S_OK, or the fault; `*what` then names the step. */
HRESULT d3d_share_init(struct d3d_share *share, ID3D11Device *from, ID3D11DeviceContext *context, ID3D12Device *to, const char **what);
void d3d_share_finish(struct d3d_share *share); /* fine on a zeroed one, and twice */

/* `*to` stays the share's. What the Direct3D 11 device does to it until now is done when fence_12 reaches `value`. */
HRESULT d3d_share_texture(struct d3d_share *share, ID3D11Texture2D *from, ID3D12Resource **to);

#endif
