/* scRGB made into ten bits by the GPU: a pixel shader draws what changed of a texture of halves into one of R10G10B10A2, before it is
 * copied.
 *
 * The shaders are compiled when the pass is made, by the d3dcompiler_47.dll that is part of Windows since 8.1: the only other makers of
 * Direct3D bytecode are Microsoft's own compilers and Wine, and a blob that nobody can build again is no source. A system without it, or
 * whose compiler or GPU refuses, has the processor's conversion. One thread, that of the immediate context. */
#ifndef TRANSOM_GUEST_WINDOWS_SCRGB_PASS_H
#define TRANSOM_GUEST_WINDOWS_SCRGB_PASS_H

#include "guest/windows/d3d_device.h"
#include "guest/windows/d3d_error.h"
#include "protocol/damage.h"

struct scrgb_pass;

struct scrgb_pass_options {
  bool pq;        /* else sRGB; as in scrgb_convert.h */
  bool shareable; /* Direct3D 12 is to open the result */
};

/* NULL, with one line in `why`. Holds `device` and `context` until it is destroyed. Control plane: takes some 10 ms. */
struct scrgb_pass *scrgb_pass_create(ID3D11Device *device, ID3D11DeviceContext *context, const struct scrgb_pass_options *options,
                                     char why[D3D_ERROR_BYTES]);
void scrgb_pass_destroy(struct scrgb_pass *pass);

/* Draws the damage of `from`, or all of it when its size is new. `*to` has the whole picture; it stays the pass's, and is another one only
 * when the size is. S_OK, or the fault: then `*to` is not to be used. */
HRESULT scrgb_pass_draw(struct scrgb_pass *pass, ID3D11Texture2D *from, const struct transom_damage *damage, ID3D11Texture2D **to);

#endif
