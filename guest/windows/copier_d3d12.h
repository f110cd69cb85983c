/* The GPU's copy engine moves a texture into the region, band by band, each band with a fence value of its own: rows-valid moves while the
 * rest is under way. Into the region itself (direct), or into memory from which the processor streams it there (readback).
 *
 * One thread. Every failure of the GPU ends the copier: start() and wait() say -EIO from then on, and its owner takes another way. */
#ifndef TRANSOM_GUEST_WINDOWS_COPIER_D3D12_H
#define TRANSOM_GUEST_WINDOWS_COPIER_D3D12_H

#include "guest/core/frame_copier.h"
#include "guest/windows/d3d12_headers.h"
#include "guest/windows/d3d_error.h"

#define COPIER_D3D12_TIMEOUT_MS 2000u /* Windows itself resets a GPU that does nothing for two seconds */
#define COPIER_D3D12_BANDS 8u         /* each costs a list and a wake-up: more would cost more than the overlap gives */

struct copier_d3d12_options {
  void *base; /* of the region: direct; NULL: readback */
  uint64_t bytes;
  bool full_copies; /* some GPUs spoil small writes into the region */
  uint32_t timeout_ms;
};

struct copier_d3d12;

/* NULL, with one line in `why`. Holds `device` until it is destroyed. */
struct copier_d3d12 *copier_d3d12_create(ID3D12Device *device, const struct copier_d3d12_options *options, char why[D3D_ERROR_BYTES]);
void copier_d3d12_destroy(struct copier_d3d12 *copier);

/* What the next start() copies: `texture` (in a state that a copy queue reads: COMMON), once `ready` has reached `value`; both stay the
 * caller's. `ready` may be NULL. */
void copier_d3d12_source(struct copier_d3d12 *copier, ID3D12Resource *texture, ID3D12Fence *ready, uint64_t value);

struct frame_copier *copier_d3d12_seam(struct copier_d3d12 *copier);

/* Why it does not work any more; NULL = it works. */
const char *copier_d3d12_fault(const struct copier_d3d12 *copier);

/* The DXGI format that is the wire's; 0 = none. */
DXGI_FORMAT copier_d3d12_format(enum transom_format format);

#endif
