#include "fake_d3d12.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define COPIES_MAX 256u

/* Every interface here is one object with a vtable of its own; the vtables differ, the head does not. */
struct object {
  const void *vtable;
  ULONG references;
  uint8_t *memory; /* resources, heaps */
  bool owns_memory;
  D3D12_RESOURCE_DESC desc;
  UINT64 heap_bytes;
  UINT64 fence_value;
  unsigned waits; /* for the fence, while slow */
  unsigned copy_count;
  struct copy *copies; /* command lists */
};

struct copy {
  struct object *from, *to;
  D3D12_TEXTURE_COPY_LOCATION from_at, to_at;
  D3D12_BOX box;
  UINT x, y;
};

/* One device at a time. */
static struct {
  struct fake_d3d12_options options;
  unsigned calls;
  int live;
  bool removed, hangs, slow, refused_signal;
} fake;

unsigned fake_d3d12_calls(void) { return fake.calls; }
bool fake_d3d12_lost_signal(void) { return fake.hangs || fake.refused_signal; }
int fake_d3d12_live(void) { return fake.live; }

/* The outcome of a call that can fail. */
static HRESULT step(void) {
  fake.calls++;
  if (fake.removed)
    return DXGI_ERROR_DEVICE_REMOVED;
  if (fake.calls != fake.options.fail_at)
    return S_OK;
  switch (fake.options.fault) {
  case FAKE_D3D12_REFUSES:
    return E_OUTOFMEMORY;
  case FAKE_D3D12_REMOVED:
    fake.removed = true;
    return DXGI_ERROR_DEVICE_REMOVED;
  case FAKE_D3D12_HANGS:
    fake.hangs = true;
    return S_OK;
  case FAKE_D3D12_SLOW:
    fake.slow = true;
    return S_OK;
  }
  return S_OK;
}

/* ---- objects ---- */

static struct object *make(const void *vtable) {
  struct object *object = calloc(1, sizeof *object);
  if (!object)
    abort();
  object->vtable = vtable;
  object->references = 1;
  fake.live++;
  return object;
}

static ULONG STDMETHODCALLTYPE add_reference(void *self) { return ++((struct object *)self)->references; }

static ULONG STDMETHODCALLTYPE release(void *self) {
  struct object *object = self;
  assert(object->references > 0);
  const ULONG left = --object->references;
  if (left > 0)
    return left;
  if (object->owns_memory)
    free(object->memory);
  free(object->copies);
  free(object);
  fake.live--;
  return 0;
}

/* Vtables are written as their interfaces declare them; the object behind `This` is ours. */
#define AS(name, type) (ULONG(STDMETHODCALLTYPE *)(type *)) name

/* ---- heap ---- */

static D3D12_HEAP_DESC *STDMETHODCALLTYPE heap_desc(ID3D12Heap *self, D3D12_HEAP_DESC *desc) {
  const UINT64 alignment = fake.options.heap_alignment;
  *desc = (D3D12_HEAP_DESC){.SizeInBytes = ((struct object *)self)->heap_bytes, .Alignment = alignment ? alignment : 65536};
  return desc;
}

static const ID3D12HeapVtbl heap_vtable = {
    .AddRef = AS(add_reference, ID3D12Heap), .Release = AS(release, ID3D12Heap), .GetDesc = heap_desc};

/* ---- resource ---- */

static HRESULT STDMETHODCALLTYPE resource_map(ID3D12Resource *self, UINT subresource, const D3D12_RANGE *range, void **data) {
  (void)subresource;
  (void)range;
  const HRESULT result = step();
  if (SUCCEEDED(result))
    *data = ((struct object *)self)->memory;
  return result;
}

static void STDMETHODCALLTYPE resource_unmap(ID3D12Resource *self, UINT subresource, const D3D12_RANGE *range) {
  (void)self;
  (void)subresource;
  (void)range;
}

static const ID3D12ResourceVtbl resource_vtable = {
    .AddRef = AS(add_reference, ID3D12Resource), .Release = AS(release, ID3D12Resource), .Map = resource_map, .Unmap = resource_unmap};

/* ---- fence ---- */

static UINT64 STDMETHODCALLTYPE fence_completed(ID3D12Fence *self) {
  return fake.removed ? UINT64_MAX : ((struct object *)self)->fence_value;
}

static HRESULT STDMETHODCALLTYPE fence_event(ID3D12Fence *self, UINT64 value, HANDLE event) {
  struct object *fence = (struct object *)self;
  const HRESULT result = step();
  if (FAILED(result))
    return result;
  if (fake.slow && ++fence->waits >= 2)
    fence->fence_value = value;
  if (fence->fence_value >= value)
    SetEvent(event);
  return S_OK;
}

static const ID3D12FenceVtbl fence_vtable = {.AddRef = AS(add_reference, ID3D12Fence),
                                             .Release = AS(release, ID3D12Fence),
                                             .GetCompletedValue = fence_completed,
                                             .SetEventOnCompletion = fence_event};

/* ---- lists ---- */

static UINT pixel_bytes(DXGI_FORMAT format) { return format == DXGI_FORMAT_R16G16B16A16_FLOAT ? 8 : 4; }

static HRESULT STDMETHODCALLTYPE list_close(ID3D12GraphicsCommandList *self) {
  (void)self;
  return step();
}

static HRESULT STDMETHODCALLTYPE list_reset(ID3D12GraphicsCommandList *self, ID3D12CommandAllocator *allocator,
                                            ID3D12PipelineState *state) {
  (void)allocator;
  (void)state;
  ((struct object *)self)->copy_count = 0;
  return step();
}

static void STDMETHODCALLTYPE list_copy(ID3D12GraphicsCommandList *self, const D3D12_TEXTURE_COPY_LOCATION *to, UINT x, UINT y, UINT z,
                                        const D3D12_TEXTURE_COPY_LOCATION *from, const D3D12_BOX *box) {
  struct object *list = (struct object *)self;
  (void)z;
  assert(list->copy_count < COPIES_MAX && box);
  list->copies[list->copy_count++] = (struct copy){.from = (struct object *)from->pResource,
                                                   .to = (struct object *)to->pResource,
                                                   .from_at = *from,
                                                   .to_at = *to,
                                                   .box = *box,
                                                   .x = x,
                                                   .y = y};
}

static const ID3D12GraphicsCommandListVtbl list_vtable = {.AddRef = AS(add_reference, ID3D12GraphicsCommandList),
                                                          .Release = AS(release, ID3D12GraphicsCommandList),
                                                          .Close = list_close,
                                                          .Reset = list_reset,
                                                          .CopyTextureRegion = list_copy};

static HRESULT STDMETHODCALLTYPE allocator_reset(ID3D12CommandAllocator *self) {
  (void)self;
  return step();
}

static const ID3D12CommandAllocatorVtbl allocator_vtable = {
    .AddRef = AS(add_reference, ID3D12CommandAllocator), .Release = AS(release, ID3D12CommandAllocator), .Reset = allocator_reset};

/* ---- queue: copies when it is told to, as if at once ---- */

struct plane {
  uint8_t *pixels;
  size_t pitch;
  UINT step;
};

static struct plane plane_of(const struct object *resource, const D3D12_TEXTURE_COPY_LOCATION *at) {
  if (at->Type == D3D12_TEXTURE_COPY_TYPE_PLACED_FOOTPRINT) {
    const D3D12_SUBRESOURCE_FOOTPRINT *is = &at->PlacedFootprint.Footprint;
    assert(is->RowPitch % D3D12_TEXTURE_DATA_PITCH_ALIGNMENT == 0);
    assert(at->PlacedFootprint.Offset + (UINT64)is->RowPitch * is->Height <= resource->desc.Width);
    return (struct plane){resource->memory + at->PlacedFootprint.Offset, is->RowPitch, pixel_bytes(is->Format)};
  }
  const UINT bytes = pixel_bytes(resource->desc.Format);
  return (struct plane){resource->memory, (size_t)resource->desc.Width * bytes, bytes};
}

static void run_copy(const struct copy *copy) {
  const struct plane from = plane_of(copy->from, &copy->from_at), to = plane_of(copy->to, &copy->to_at);
  assert(from.step == to.step);
  for (UINT row = 0; row < copy->box.bottom - copy->box.top; row++)
    memcpy(to.pixels + (copy->y + row) * to.pitch + (size_t)copy->x * to.step,
           from.pixels + (copy->box.top + row) * from.pitch + (size_t)copy->box.left * from.step,
           (size_t)(copy->box.right - copy->box.left) * from.step);
}

static void STDMETHODCALLTYPE queue_execute(ID3D12CommandQueue *self, UINT count, ID3D12CommandList *const *lists) {
  (void)self;
  for (UINT i = 0; i < count && !fake.removed && !fake.hangs; i++) {
    const struct object *list = (const struct object *)lists[i];
    for (unsigned k = 0; k < list->copy_count; k++)
      run_copy(&list->copies[k]);
  }
}

static HRESULT STDMETHODCALLTYPE queue_signal(ID3D12CommandQueue *self, ID3D12Fence *fence, UINT64 value) {
  (void)self;
  const HRESULT result = step();
  fake.refused_signal |= FAILED(result) && !fake.removed;
  if (SUCCEEDED(result) && !fake.hangs && !fake.slow)
    ((struct object *)fence)->fence_value = value;
  return result;
}

static HRESULT STDMETHODCALLTYPE queue_wait(ID3D12CommandQueue *self, ID3D12Fence *fence, UINT64 value) {
  (void)self;
  (void)fence;
  (void)value;
  return step();
}

static const ID3D12CommandQueueVtbl queue_vtable = {.AddRef = AS(add_reference, ID3D12CommandQueue),
                                                    .Release = AS(release, ID3D12CommandQueue),
                                                    .ExecuteCommandLists = queue_execute,
                                                    .Signal = queue_signal,
                                                    .Wait = queue_wait};

/* ---- device ---- */

static HRESULT STDMETHODCALLTYPE device_query(ID3D12Device3 *self, REFIID riid, void **object) {
  const bool known = IsEqualIID(riid, &IID_ID3D12Device) || (IsEqualIID(riid, &IID_ID3D12Device3) && !fake.options.no_device3);
  const HRESULT result = known ? step() : E_NOINTERFACE;
  *object = SUCCEEDED(result) ? self : NULL;
  if (SUCCEEDED(result))
    add_reference(self);
  return result;
}

static HRESULT give(const void *vtable, void **object) {
  const HRESULT result = step();
  *object = SUCCEEDED(result) ? make(vtable) : NULL;
  return result;
}

static HRESULT STDMETHODCALLTYPE create_queue(ID3D12Device3 *self, const D3D12_COMMAND_QUEUE_DESC *desc, REFIID riid, void **queue) {
  (void)self;
  (void)riid;
  assert(desc->Type == D3D12_COMMAND_LIST_TYPE_COPY);
  return give(&queue_vtable, queue);
}

static HRESULT STDMETHODCALLTYPE create_allocator(ID3D12Device3 *self, D3D12_COMMAND_LIST_TYPE type, REFIID riid, void **allocator) {
  (void)self;
  (void)type;
  (void)riid;
  return give(&allocator_vtable, allocator);
}

static HRESULT STDMETHODCALLTYPE create_list(ID3D12Device3 *self, UINT mask, D3D12_COMMAND_LIST_TYPE type,
                                             ID3D12CommandAllocator *allocator, ID3D12PipelineState *state, REFIID riid, void **list) {
  (void)self;
  (void)mask;
  (void)type;
  (void)allocator;
  (void)state;
  (void)riid;
  const HRESULT result = give(&list_vtable, list);
  if (SUCCEEDED(result))
    ((struct object *)*list)->copies = calloc(COPIES_MAX, sizeof(struct copy));
  return result;
}

static HRESULT STDMETHODCALLTYPE create_fence(ID3D12Device3 *self, UINT64 value, D3D12_FENCE_FLAGS flags, REFIID riid, void **fence) {
  (void)self;
  (void)value;
  (void)flags;
  (void)riid;
  return give(&fence_vtable, fence);
}

static HRESULT STDMETHODCALLTYPE create_committed(ID3D12Device3 *self, const D3D12_HEAP_PROPERTIES *heap, D3D12_HEAP_FLAGS flags,
                                                  const D3D12_RESOURCE_DESC *desc, D3D12_RESOURCE_STATES state,
                                                  const D3D12_CLEAR_VALUE *clear, REFIID riid, void **resource) {
  (void)self;
  (void)heap;
  (void)flags;
  (void)state;
  (void)clear;
  (void)riid;
  const HRESULT result = give(&resource_vtable, resource);
  if (FAILED(result))
    return result;
  struct object *made = *resource;
  made->desc = *desc;
  made->memory =
      calloc(desc->Height, (size_t)desc->Width * (desc->Dimension == D3D12_RESOURCE_DIMENSION_BUFFER ? 1 : pixel_bytes(desc->Format)));
  made->owns_memory = true;
  return result;
}

static HRESULT STDMETHODCALLTYPE create_placed(ID3D12Device3 *self, ID3D12Heap *heap, UINT64 offset, const D3D12_RESOURCE_DESC *desc,
                                               D3D12_RESOURCE_STATES state, const D3D12_CLEAR_VALUE *clear, REFIID riid, void **resource) {
  (void)self;
  (void)state;
  (void)clear;
  (void)riid;
  const struct object *in = (const struct object *)heap;
  assert(offset % D3D12_DEFAULT_RESOURCE_PLACEMENT_ALIGNMENT == 0 && offset + desc->Width <= in->heap_bytes);
  assert(desc->Flags == D3D12_RESOURCE_FLAG_ALLOW_CROSS_ADAPTER && desc->Layout == D3D12_TEXTURE_LAYOUT_ROW_MAJOR);
  fake.removed |= fake.options.refuses_placements;
  const HRESULT result = give(&resource_vtable, resource);
  if (FAILED(result))
    return result;
  struct object *made = *resource;
  made->desc = *desc;
  made->memory = in->memory + offset;
  return result;
}

static HRESULT STDMETHODCALLTYPE removed_reason(ID3D12Device3 *self) {
  (void)self;
  return fake.removed ? DXGI_ERROR_DEVICE_REMOVED : S_OK;
}

/* The whole allocation that the address lies in, as Windows does. */
static HRESULT STDMETHODCALLTYPE open_heap(ID3D12Device3 *self, const void *address, REFIID riid, void **heap) {
  MEMORY_BASIC_INFORMATION memory;
  (void)self;
  (void)riid;
  const HRESULT result = give(&heap_vtable, heap);
  if (FAILED(result))
    return result;
  struct object *made = *heap;
  const bool known = VirtualQuery(address, &memory, sizeof memory) && memory.AllocationBase == address;
  assert(known);
  made->memory = memory.AllocationBase;
  made->heap_bytes = memory.RegionSize;
  return result;
}

static const ID3D12Device3Vtbl device_vtable = {.QueryInterface = device_query,
                                                .AddRef = AS(add_reference, ID3D12Device3),
                                                .Release = AS(release, ID3D12Device3),
                                                .CreateCommandQueue = create_queue,
                                                .CreateCommandAllocator = create_allocator,
                                                .CreateCommandList = create_list,
                                                .CreateFence = create_fence,
                                                .CreateCommittedResource = create_committed,
                                                .CreatePlacedResource = create_placed,
                                                .GetDeviceRemovedReason = removed_reason,
                                                .OpenExistingHeapFromAddress = open_heap};

ID3D12Device *fake_d3d12_create(const struct fake_d3d12_options *options) {
  fake.options = *options;
  fake.calls = 0;
  fake.removed = fake.hangs = fake.slow = fake.refused_signal = false;
  return (ID3D12Device *)make(&device_vtable);
}
