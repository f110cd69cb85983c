/* Where a GPU copy goes: buffers placed straight in the region's memory, or one that the processor reads back from.
 *
 * Direct: the region's whole mapping is opened as a heap (OpenExistingHeapFromAddress) and each frame slot is a buffer placed in it.
 * Whether a GPU can do that is found out by trying: a device that is removed by the trial is of no use any more, and neither is what was
 * made of it. One thread. */
#ifndef TRANSOM_GUEST_WINDOWS_D3D12_TARGET_H
#define TRANSOM_GUEST_WINDOWS_D3D12_TARGET_H

#include "guest/core/frame_copier.h"
#include "guest/windows/d3d12_headers.h"

struct d3d12_placed {
  uint64_t offset, bytes; /* in the region */
  ID3D12Resource *buffer;
};

struct d3d12_target {
  ID3D12Device *device;
  ID3D12Heap *heap; /* NULL = readback */
  struct d3d12_placed placed[TRANSOM_SLOTS_MAX];
  uint32_t placed_count;
  ID3D12Resource *readback;
  const uint8_t *pixels; /* of `readback`, mapped for good */
  uint64_t readback_bytes;
};

/* `base` and `bytes` of the region: direct; NULL: readback. S_OK, or the fault; `*what` then names the step. */
HRESULT d3d12_target_init(struct d3d12_target *target, ID3D12Device *device, void *base, uint64_t bytes, const char **what);
void d3d12_target_finish(struct d3d12_target *target); /* fine on a zeroed one, and twice */

/* The buffer for this copy; it stays the target's. Makes it at first. */
HRESULT d3d12_target_buffer(struct d3d12_target *target, const struct frame_copy *copy, ID3D12Resource **buffer);

#endif
