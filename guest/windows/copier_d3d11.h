/* Direct3D 11: a texture into staging textures, one a band, from which the processor streams into the region. The way of GPUs and drivers
 * without Direct3D 12. One thread, that of the immediate context. Every failure ends the copier, as copier_d3d12.h says. */
#ifndef TRANSOM_GUEST_WINDOWS_COPIER_D3D11_H
#define TRANSOM_GUEST_WINDOWS_COPIER_D3D11_H

#include "guest/core/frame_copier.h"
#include "guest/windows/d3d_device.h"
#include "guest/windows/d3d_error.h"

#define COPIER_D3D11_BANDS 4u
#define COPIER_D3D11_TIMEOUT_MS 2000u

struct copier_d3d11;

/* NULL: out of memory. Holds `device` and `context` until it is destroyed. */
struct copier_d3d11 *copier_d3d11_create(ID3D11Device *device, ID3D11DeviceContext *context, bool full_copies);
void copier_d3d11_destroy(struct copier_d3d11 *copier);

/* What the next start() copies; it stays the caller's. */
void copier_d3d11_source(struct copier_d3d11 *copier, ID3D11Texture2D *texture);

struct frame_copier *copier_d3d11_seam(struct copier_d3d11 *copier);
const char *copier_d3d11_fault(const struct copier_d3d11 *copier); /* NULL = it works */

#endif
