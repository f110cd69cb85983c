#include "guest/windows/copier_d3d12.h"

#include "guest/windows/d3d12_queue.h"
#include "guest/windows/d3d12_target.h"
#include "protocol/validate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct band {
  uint32_t end;   /* first row behind it */
  uint64_t value; /* of the fence once it is there; 0 = it lacks nothing */
};

struct copier_d3d12 {
  struct frame_copier copier;
  struct copier_d3d12_options options;
  struct d3d12_queue queue;
  struct d3d12_target target;
  ID3D12CommandAllocator *allocator; /* of all lists: a frame ends before the next begins */
  ID3D12GraphicsCommandList *lists[COPIER_D3D12_BANDS];
  ID3D12Resource *texture; /* the source's */
  ID3D12Fence *ready;
  uint64_t ready_value;
  struct frame_copy copy; /* under way */
  struct band bands[COPIER_D3D12_BANDS];
  uint32_t band_count, band;
  char fault[D3D_ERROR_BYTES];
};

DXGI_FORMAT copier_d3d12_format(enum transom_format format) {
  switch (format) {
  case TRANSOM_FORMAT_BGRA8:
    return DXGI_FORMAT_B8G8R8A8_UNORM;
  case TRANSOM_FORMAT_RGBA8:
    return DXGI_FORMAT_R8G8B8A8_UNORM;
  case TRANSOM_FORMAT_RGB10A2:
    return DXGI_FORMAT_R10G10B10A2_UNORM;
  case TRANSOM_FORMAT_RGBA16F:
    return DXGI_FORMAT_R16G16B16A16_FLOAT;
  }
  return DXGI_FORMAT_UNKNOWN;
}

/* ---- recording ---- */

static void record_part(const struct copier_d3d12 *self, ID3D12GraphicsCommandList *list, ID3D12Resource *buffer,
                        const struct transom_rect *part) {
  const struct frame_copy *copy = &self->copy;
  const D3D12_TEXTURE_COPY_LOCATION from = {.pResource = self->texture, .Type = D3D12_TEXTURE_COPY_TYPE_SUBRESOURCE_INDEX};
  const D3D12_TEXTURE_COPY_LOCATION to = {.pResource = buffer,
                                          .Type = D3D12_TEXTURE_COPY_TYPE_PLACED_FOOTPRINT,
                                          .PlacedFootprint = {.Footprint = {.Format = copier_d3d12_format(frame_copy_source_format(copy)),
                                                                            .Width = copy->mode.width,
                                                                            .Height = copy->mode.height,
                                                                            .Depth = 1,
                                                                            .RowPitch = frame_copy_source_pitch(copy)}}};
  const D3D12_BOX box = {part->x, part->y, 0, (UINT)part->x + part->width, (UINT)part->y + part->height, 1};
  ID3D12GraphicsCommandList_CopyTextureRegion(list, &to, part->x, part->y, 0, &from, &box);
}

static HRESULT record_band(struct copier_d3d12 *self, uint32_t index, ID3D12Resource *buffer, const struct transom_rect *parts,
                           uint32_t count) {
  ID3D12GraphicsCommandList *list = self->lists[index];
  const HRESULT result = ID3D12GraphicsCommandList_Reset(list, self->allocator, NULL);
  if (FAILED(result))
    return result;
  for (uint32_t i = 0; i < count; i++)
    record_part(self, list, buffer, &parts[i]);
  return ID3D12GraphicsCommandList_Close(list);
}

static uint64_t bytes_of(const struct frame_copy *copy, const struct transom_rect *parts, uint32_t count) {
  uint64_t pixels = 0;
  for (uint32_t i = 0; i < count; i++)
    pixels += (uint64_t)parts[i].width * parts[i].height;
  return pixels * validate_format_bytes(copy->mode.format);
}

/* Each band is on its way before the next is recorded. */
static HRESULT submit_band(struct copier_d3d12 *self, uint32_t index, ID3D12Resource *buffer, uint32_t top) {
  struct band *band = &self->bands[index];
  struct transom_rect parts[TRANSOM_DAMAGE_MAX];
  const uint32_t count = frame_copy_parts(&self->copy, top, band->end, parts);
  band->value = 0;
  if (count == 0)
    return S_OK;
  HRESULT result = record_band(self, index, buffer, parts, count);
  if (SUCCEEDED(result))
    result = d3d12_queue_submit(&self->queue, self->lists[index]);
  if (FAILED(result))
    return result;
  band->value = self->queue.signalled;
  self->copier.copied_bytes += bytes_of(&self->copy, parts, count);
  return S_OK;
}

static HRESULT submit(struct copier_d3d12 *self, ID3D12Resource *buffer) {
  HRESULT result = ID3D12CommandAllocator_Reset(self->allocator);
  if (SUCCEEDED(result) && self->ready)
    result = ID3D12CommandQueue_Wait(self->queue.queue, self->ready, self->ready_value);
  const uint32_t height = self->copy.mode.height;
  for (uint32_t top = 0; SUCCEEDED(result) && top < height; top = self->bands[self->band_count++].end) {
    self->bands[self->band_count].end = height - top < self->copy.band_rows ? height : top + self->copy.band_rows;
    result = submit_band(self, self->band_count, buffer, top);
  }
  return result;
}

/* ---- failing ---- */

/* What was submitted may still run. Into memory of our own that does not matter; into the region it must have ended, or the device must. */
static int fail(struct copier_d3d12 *self, const char *what, HRESULT result) {
  d3d_error_text(what, result, self->fault);
  if (!self->target.heap || self->queue.signalled == 0)
    return -EIO;
  const enum d3d12_wait end = d3d12_queue_wait(&self->queue, self->queue.signalled, self->options.timeout_ms * 2);
  return end == D3D12_TIMED_OUT && SUCCEEDED(ID3D12Device_GetDeviceRemovedReason(self->queue.device)) ? -EFAULT : -EIO;
}

/* ---- the seam ---- */

static int start(struct frame_copier *copier, const struct frame_copy *copy) {
  struct copier_d3d12 *self = (struct copier_d3d12 *)copier;
  ID3D12Resource *buffer;
  if (self->fault[0])
    return -EIO;
  if (self->target.heap && copy->convert) /* nobody converts what the copy engine moves */
    return fail(self, "a copy of scRGB straight into the region", E_NOTIMPL);
  self->copy = *copy;
  self->copy.what.full |= self->options.full_copies;
  self->band = self->band_count = 0;
  HRESULT result = d3d12_target_buffer(&self->target, &self->copy, &buffer);
  if (FAILED(result))
    return fail(self, "a buffer for the frame", result);
  result = submit(self, buffer);
  return FAILED(result) ? fail(self, "the GPU's copy", result) : 0;
}

static void stream_band(struct copier_d3d12 *self, uint32_t top, uint32_t end) {
  struct transom_rect parts[TRANSOM_DAMAGE_MAX];
  const uint32_t count = frame_copy_parts(&self->copy, top, end, parts);
  frame_copy_stream(&self->copy, parts, count, self->target.pixels, frame_copy_source_pitch(&self->copy));
}

static int wait(struct frame_copier *copier, uint32_t *rows) {
  struct copier_d3d12 *self = (struct copier_d3d12 *)copier;
  const struct band *band;
  do {
    band = &self->bands[self->band++];
    if (band->value) {
      const enum d3d12_wait state = d3d12_queue_wait(&self->queue, band->value, self->options.timeout_ms);
      if (state != D3D12_REACHED)
        return fail(self, "the GPU's copy", state == D3D12_REMOVED ? DXGI_ERROR_DEVICE_REMOVED : DXGI_ERROR_WAIT_TIMEOUT);
      if (self->target.pixels)
        stream_band(self, *rows, band->end);
    }
    *rows = band->end;
  } while (band->value == 0 && self->band < self->band_count);
  return 0;
}

static const struct frame_copier_impl direct_impl = {.name = "d3d12-direct", .start = start, .wait = wait};
static const struct frame_copier_impl readback_impl = {.name = "d3d12-readback", .start = start, .wait = wait};

/* ---- life ---- */

static HRESULT create_lists(struct copier_d3d12 *self, const char **what) {
  ID3D12Device *device = self->queue.device;
  *what = "a command allocator";
  HRESULT result =
      ID3D12Device_CreateCommandAllocator(device, D3D12_COMMAND_LIST_TYPE_COPY, &IID_ID3D12CommandAllocator, (void **)&self->allocator);
  for (uint32_t i = 0; i < COPIER_D3D12_BANDS && SUCCEEDED(result); i++) {
    *what = "a command list";
    result = ID3D12Device_CreateCommandList(device, 0, D3D12_COMMAND_LIST_TYPE_COPY, self->allocator, NULL, &IID_ID3D12GraphicsCommandList,
                                            (void **)&self->lists[i]);
    if (SUCCEEDED(result))
      result = ID3D12GraphicsCommandList_Close(self->lists[i]); /* they are made open, and an allocator serves one open list */
  }
  return result;
}

static HRESULT create_parts(struct copier_d3d12 *self, ID3D12Device *device, const char **what) {
  HRESULT result = d3d12_target_init(&self->target, device, self->options.base, self->options.bytes, what);
  if (SUCCEEDED(result))
    result = d3d12_queue_init(&self->queue, device, what);
  return SUCCEEDED(result) ? create_lists(self, what) : result;
}

struct copier_d3d12 *copier_d3d12_create(ID3D12Device *device, const struct copier_d3d12_options *options, char why[D3D_ERROR_BYTES]) {
  struct copier_d3d12 *self = calloc(1, sizeof *self);
  if (!self) {
    snprintf(why, D3D_ERROR_BYTES, "out of memory");
    return NULL;
  }
  self->copier = (struct frame_copier){.impl = options->base ? &direct_impl : &readback_impl, .bands_max = COPIER_D3D12_BANDS};
  self->options = *options;
  const char *what = "";
  const HRESULT result = create_parts(self, device, &what);
  if (SUCCEEDED(result))
    return self;
  d3d_error_text(what, result, why);
  copier_d3d12_destroy(self);
  return NULL;
}

/* The GPU may still work on what was submitted: buffers and lists outlive that. */
void copier_d3d12_destroy(struct copier_d3d12 *self) {
  if (!self)
    return;
  if (self->queue.fence && self->queue.signalled)
    d3d12_queue_wait(&self->queue, self->queue.signalled, self->options.timeout_ms);
  for (uint32_t i = 0; i < COPIER_D3D12_BANDS; i++)
    COM_RELEASE(self->lists[i]);
  COM_RELEASE(self->allocator);
  d3d12_target_finish(&self->target);
  d3d12_queue_finish(&self->queue);
  free(self);
}

void copier_d3d12_source(struct copier_d3d12 *self, ID3D12Resource *texture, ID3D12Fence *ready, uint64_t value) {
  self->texture = texture;
  self->ready = ready;
  self->ready_value = value;
}

struct frame_copier *copier_d3d12_seam(struct copier_d3d12 *self) {
  return &self->copier;
}

const char *copier_d3d12_fault(const struct copier_d3d12 *self) { return self->fault[0] ? self->fault : NULL; }
