#include "guest/windows/d3d12_target.h"

#include <string.h>

#define TRIAL_BYTES (UINT64_C(1) << 20)

static D3D12_RESOURCE_DESC buffer_desc(uint64_t bytes) {
  return (D3D12_RESOURCE_DESC){.Dimension = D3D12_RESOURCE_DIMENSION_BUFFER,
                               .Width = bytes,
                               .Height = 1,
                               .DepthOrArraySize = 1,
                               .MipLevels = 1,
                               .Format = DXGI_FORMAT_UNKNOWN,
                               .SampleDesc = {.Count = 1},
                               .Layout = D3D12_TEXTURE_LAYOUT_ROW_MAJOR};
}

/* ---- direct ---- */

static HRESULT place(const struct d3d12_target *target, uint64_t offset, uint64_t bytes, ID3D12Resource **buffer) {
  D3D12_RESOURCE_DESC desc = buffer_desc(bytes);
  desc.Alignment = D3D12_DEFAULT_RESOURCE_PLACEMENT_ALIGNMENT;
  desc.Flags = D3D12_RESOURCE_FLAG_ALLOW_CROSS_ADAPTER; /* what an opened heap asks of its resources */
  return ID3D12Device_CreatePlacedResource(target->device, target->heap, offset, &desc, D3D12_RESOURCE_STATE_COPY_DEST, NULL,
                                           &IID_ID3D12Resource, (void **)buffer);
}

static HRESULT open_heap(struct d3d12_target *target, void *base) {
  ID3D12Device3 *device;
  HRESULT result = ID3D12Device_QueryInterface(target->device, &IID_ID3D12Device3, (void **)&device);
  if (FAILED(result))
    return result;
  result = ID3D12Device3_OpenExistingHeapFromAddress(device, base, &IID_ID3D12Heap, (void **)&target->heap);
  ID3D12Device3_Release(device);
  return result;
}

/* Slots lie on borders of 64 KiB, which is what a heap of buffers asks for; one that asks for more is of no use. */
static bool heap_fits(ID3D12Heap *heap, uint64_t bytes) {
  D3D12_HEAP_DESC desc;
  memset(&desc, 0, sizeof desc);
  ID3D12Heap_GetDesc(heap, &desc);
  return desc.Alignment != 0 && TRANSOM_SLOT_ALIGN % desc.Alignment == 0 && desc.SizeInBytes >= bytes;
}

/* Writes nothing. Some drivers accept the heap and remove the device at the first placement. */
static HRESULT try_heap(const struct d3d12_target *target) {
  ID3D12Resource *buffer = NULL;
  const HRESULT result = place(target, 0, TRIAL_BYTES, &buffer);
  const HRESULT removed = ID3D12Device_GetDeviceRemovedReason(target->device);
  COM_RELEASE(buffer);
  return FAILED(removed) ? removed : result;
}

static HRESULT init_direct(struct d3d12_target *target, void *base, uint64_t bytes, const char **what) {
  *what = "the region as a heap of the GPU";
  HRESULT result = open_heap(target, base);
  if (FAILED(result))
    return result;
  *what = "the alignment of the region as a heap of the GPU";
  if (!heap_fits(target->heap, bytes))
    return E_INVALIDARG;
  *what = "a buffer placed in the region";
  return try_heap(target);
}

static void drop_placed(struct d3d12_target *target) {
  while (target->placed_count > 0) {
    target->placed_count--;
    COM_RELEASE(target->placed[target->placed_count].buffer);
  }
}

static HRESULT direct_buffer(struct d3d12_target *target, const struct frame_copy *copy, ID3D12Resource **buffer) {
  const uint64_t bytes = (uint64_t)copy->pitch_bytes * copy->mode.height;
  for (uint32_t i = 0; i < target->placed_count; i++) {
    if (target->placed[i].offset == copy->slot_offset && target->placed[i].bytes == bytes) {
      *buffer = target->placed[i].buffer;
      return S_OK;
    }
  }
  if (target->placed_count == TRANSOM_SLOTS_MAX) /* modes have changed: begin anew. No copy is under way */
    drop_placed(target);
  struct d3d12_placed *placed = &target->placed[target->placed_count];
  const HRESULT result = place(target, copy->slot_offset, bytes, &placed->buffer);
  if (FAILED(result))
    return result;
  placed->offset = copy->slot_offset;
  placed->bytes = bytes;
  target->placed_count++;
  *buffer = placed->buffer;
  return S_OK;
}

/* ---- readback ---- */

static void drop_readback(struct d3d12_target *target) {
  static const D3D12_RANGE nothing = {0, 0};
  if (target->pixels)
    ID3D12Resource_Unmap(target->readback, 0, &nothing);
  target->pixels = NULL;
  target->readback_bytes = 0;
  COM_RELEASE(target->readback);
}

static HRESULT make_readback(struct d3d12_target *target, uint64_t bytes) {
  static const D3D12_HEAP_PROPERTIES heap = {.Type = D3D12_HEAP_TYPE_READBACK, .CreationNodeMask = 1, .VisibleNodeMask = 1};
  const D3D12_RESOURCE_DESC desc = buffer_desc(bytes);
  const D3D12_RANGE everything = {0, (SIZE_T)bytes};
  void *pixels = NULL;
  HRESULT result = ID3D12Device_CreateCommittedResource(target->device, &heap, D3D12_HEAP_FLAG_NONE, &desc, D3D12_RESOURCE_STATE_COPY_DEST,
                                                        NULL, &IID_ID3D12Resource, (void **)&target->readback);
  if (FAILED(result))
    return result;
  result = ID3D12Resource_Map(target->readback, 0, &everything, &pixels);
  if (FAILED(result)) {
    COM_RELEASE(target->readback);
    return result;
  }
  target->pixels = pixels;
  target->readback_bytes = bytes;
  return S_OK;
}

static HRESULT readback_buffer(struct d3d12_target *target, const struct frame_copy *copy, ID3D12Resource **buffer) {
  const uint64_t bytes = (uint64_t)frame_copy_source_pitch(copy) * copy->mode.height;
  if (target->readback_bytes < bytes) {
    drop_readback(target);
    const HRESULT result = make_readback(target, bytes);
    if (FAILED(result))
      return result;
  }
  *buffer = target->readback;
  return S_OK;
}

/* ---- both ---- */

HRESULT d3d12_target_init(struct d3d12_target *target, ID3D12Device *device, void *base, uint64_t bytes, const char **what) {
  memset(target, 0, sizeof *target);
  target->device = device;
  ID3D12Device_AddRef(device);
  const HRESULT result = base ? init_direct(target, base, bytes, what) : S_OK;
  if (FAILED(result))
    d3d12_target_finish(target);
  return result;
}

void d3d12_target_finish(struct d3d12_target *target) {
  drop_placed(target);
  drop_readback(target);
  COM_RELEASE(target->heap);
  COM_RELEASE(target->device);
}

HRESULT d3d12_target_buffer(struct d3d12_target *target, const struct frame_copy *copy, ID3D12Resource **buffer) {
  return target->heap ? direct_buffer(target, copy, buffer) : readback_buffer(target, copy, buffer);
}
