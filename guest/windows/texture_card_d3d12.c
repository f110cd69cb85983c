#include "guest/windows/texture_card.h"

#include "guest/windows/d3d12_queue.h"
#include "guest/windows/texture_card_base.h"
#include "protocol/validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct texture_card {
  struct texture_card_base base;
  struct screen_mode mode;
  struct copier_d3d12 *copier;
  struct d3d12_queue queue; /* draws; the copier has its own and waits for this one's fence */
  ID3D12CommandAllocator *allocator;
  ID3D12GraphicsCommandList *list;
  ID3D12Resource *texture, *upload;
  uint8_t *pixels; /* of `upload`, mapped for good */
  uint32_t pitch_bytes, timeout_ms;
};

/* ---- drawing ---- */

static void record_rect(struct texture_card *self, const struct screen_frame *frame, struct transom_rect rect) {
  const size_t pixel_bytes = validate_format_bytes(self->mode.format), left = rect.x * pixel_bytes;
  for (uint32_t y = rect.y; y < (uint32_t)rect.y + rect.height; y++)
    memcpy(self->pixels + (size_t)y * self->pitch_bytes + left, frame->pixels + y * frame->pitch_bytes + left, rect.width * pixel_bytes);
  const D3D12_TEXTURE_COPY_LOCATION to = {.pResource = self->texture, .Type = D3D12_TEXTURE_COPY_TYPE_SUBRESOURCE_INDEX};
  const D3D12_TEXTURE_COPY_LOCATION from = {.pResource = self->upload,
                                            .Type = D3D12_TEXTURE_COPY_TYPE_PLACED_FOOTPRINT,
                                            .PlacedFootprint = {.Footprint = {.Format = copier_d3d12_format(self->mode.format),
                                                                              .Width = self->mode.width,
                                                                              .Height = self->mode.height,
                                                                              .Depth = 1,
                                                                              .RowPitch = self->pitch_bytes}}};
  const D3D12_BOX box = {rect.x, rect.y, 0, (UINT)rect.x + rect.width, (UINT)rect.y + rect.height, 1};
  ID3D12GraphicsCommandList_CopyTextureRegion(self->list, &to, rect.x, rect.y, 0, &from, &box);
}

static HRESULT draw(struct texture_card_base *base, const struct screen_frame *frame) {
  struct texture_card *self = (struct texture_card *)base;
  struct transom_rect rects[TRANSOM_DAMAGE_MAX];
  if (self->queue.signalled && d3d12_queue_wait(&self->queue, self->queue.signalled, self->timeout_ms) != D3D12_REACHED)
    return DXGI_ERROR_WAIT_TIMEOUT;
  HRESULT result = ID3D12CommandAllocator_Reset(self->allocator);
  if (SUCCEEDED(result))
    result = ID3D12GraphicsCommandList_Reset(self->list, self->allocator, NULL);
  if (FAILED(result))
    return result;
  const uint32_t count = texture_card_rects(frame, rects);
  for (uint32_t i = 0; i < count; i++)
    record_rect(self, frame, rects[i]);
  result = ID3D12GraphicsCommandList_Close(self->list);
  return SUCCEEDED(result) ? d3d12_queue_submit(&self->queue, self->list) : result;
}

/* ---- the way ---- */

static const char *fault(const struct texture_card_base *base) { return copier_d3d12_fault(((const struct texture_card *)base)->copier); }

static struct frame_copier *copier(struct texture_card_base *base) {
  struct texture_card *self = (struct texture_card *)base;
  copier_d3d12_source(self->copier, self->texture, self->queue.fence, self->queue.signalled);
  return copier_d3d12_seam(self->copier);
}

static void destroy(struct texture_card_base *base) {
  struct texture_card *self = (struct texture_card *)base;
  static const D3D12_RANGE everything = {0, 0};
  copier_d3d12_destroy(self->copier);
  if (self->queue.fence && self->queue.signalled)
    d3d12_queue_wait(&self->queue, self->queue.signalled, self->timeout_ms);
  if (self->pixels)
    ID3D12Resource_Unmap(self->upload, 0, &everything);
  COM_RELEASE(self->list);
  COM_RELEASE(self->allocator);
  COM_RELEASE(self->texture);
  COM_RELEASE(self->upload);
  d3d12_queue_finish(&self->queue);
}

static const struct texture_card_way direct = {
    .name = "texture, d3d12-direct", .fault = fault, .draw = draw, .copier = copier, .destroy = destroy};
static const struct texture_card_way readback = {
    .name = "texture, d3d12-readback", .fault = fault, .draw = draw, .copier = copier, .destroy = destroy};

/* ---- life ---- */

static HRESULT create_texture(struct texture_card *self, ID3D12Device *device) {
  static const D3D12_HEAP_PROPERTIES heap = {.Type = D3D12_HEAP_TYPE_DEFAULT, .CreationNodeMask = 1, .VisibleNodeMask = 1};
  const D3D12_RESOURCE_DESC desc = {.Dimension = D3D12_RESOURCE_DIMENSION_TEXTURE2D,
                                    .Width = self->mode.width,
                                    .Height = self->mode.height,
                                    .DepthOrArraySize = 1,
                                    .MipLevels = 1,
                                    .Format = copier_d3d12_format(self->mode.format),
                                    .SampleDesc = {.Count = 1},
                                    .Flags = D3D12_RESOURCE_FLAG_ALLOW_SIMULTANEOUS_ACCESS}; /* as a shared desktop texture has it */
  return ID3D12Device_CreateCommittedResource(device, &heap, D3D12_HEAP_FLAG_NONE, &desc, D3D12_RESOURCE_STATE_COMMON, NULL,
                                              &IID_ID3D12Resource, (void **)&self->texture);
}

static HRESULT create_upload(struct texture_card *self, ID3D12Device *device) {
  static const D3D12_HEAP_PROPERTIES heap = {.Type = D3D12_HEAP_TYPE_UPLOAD, .CreationNodeMask = 1, .VisibleNodeMask = 1};
  static const D3D12_RANGE nothing = {0, 0};
  const D3D12_RESOURCE_DESC desc = {.Dimension = D3D12_RESOURCE_DIMENSION_BUFFER,
                                    .Width = (UINT64)self->pitch_bytes * self->mode.height,
                                    .Height = 1,
                                    .DepthOrArraySize = 1,
                                    .MipLevels = 1,
                                    .SampleDesc = {.Count = 1},
                                    .Layout = D3D12_TEXTURE_LAYOUT_ROW_MAJOR};
  const HRESULT result = ID3D12Device_CreateCommittedResource(device, &heap, D3D12_HEAP_FLAG_NONE, &desc, D3D12_RESOURCE_STATE_GENERIC_READ,
                                                              NULL, &IID_ID3D12Resource, (void **)&self->upload);
  return SUCCEEDED(result) ? ID3D12Resource_Map(self->upload, 0, &nothing, (void **)&self->pixels) : result;
}

static HRESULT create_parts(struct texture_card *self, ID3D12Device *device, const char **what) {
  HRESULT result = d3d12_queue_init(&self->queue, device, what);
  if (FAILED(result))
    return result;
  *what = "a command list";
  result =
      ID3D12Device_CreateCommandAllocator(device, D3D12_COMMAND_LIST_TYPE_COPY, &IID_ID3D12CommandAllocator, (void **)&self->allocator);
  if (SUCCEEDED(result))
    result = ID3D12Device_CreateCommandList(device, 0, D3D12_COMMAND_LIST_TYPE_COPY, self->allocator, NULL, &IID_ID3D12GraphicsCommandList,
                                            (void **)&self->list);
  if (SUCCEEDED(result))
    result = ID3D12GraphicsCommandList_Close(self->list);
  if (FAILED(result))
    return result;
  *what = "a texture";
  result = create_texture(self, device);
  return SUCCEEDED(result) ? create_upload(self, device) : result;
}

struct screen_capture *texture_card_create_12(const struct test_card_options *card, ID3D12Device *device,
                                              const struct copier_d3d12_options *options, char why[D3D_ERROR_BYTES]) {
  const uint32_t row_bytes = card->width * validate_format_bytes(card->format);
  const char *what = "";
  struct texture_card *self = calloc(1, sizeof *self);
  snprintf(why, D3D_ERROR_BYTES, "out of memory");
  if (!self)
    return NULL;
  texture_card_base_init(&self->base, options->base ? &direct : &readback, card);
  self->mode = (struct screen_mode){card->width, card->height, card->format, 0};
  self->pitch_bytes = (row_bytes + TRANSOM_PITCH_ALIGN - 1) / TRANSOM_PITCH_ALIGN * TRANSOM_PITCH_ALIGN;
  self->timeout_ms = options->timeout_ms;
  self->copier = self->base.card ? copier_d3d12_create(device, options, why) : NULL;
  const HRESULT result = self->copier ? create_parts(self, device, &what) : S_OK;
  if (self->copier && SUCCEEDED(result))
    return &self->base.capture;
  if (self->copier)
    d3d_error_text(what, result, why);
  self->base.impl.destroy(&self->base.capture);
  return NULL;
}
