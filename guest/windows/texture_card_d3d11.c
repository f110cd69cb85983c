#include "guest/windows/texture_card.h"

#include "guest/windows/copier_d3d11.h"
#include "guest/windows/texture_card_base.h"
#include "protocol/validate.h"

#include <stdio.h>
#include <stdlib.h>

struct texture_card {
  struct texture_card_base base;
  ID3D11Device *device;
  ID3D11DeviceContext *context;
  ID3D11Texture2D *texture;
  struct copier_d3d11 *copier;
};

static void draw_rect(struct texture_card *self, const struct screen_frame *frame, struct transom_rect rect) {
  const size_t pixel_bytes = validate_format_bytes(frame->mode.format);
  const D3D11_BOX box = {rect.x, rect.y, 0, (UINT)rect.x + rect.width, (UINT)rect.y + rect.height, 1};
  const uint8_t *from = frame->pixels + rect.y * frame->pitch_bytes + rect.x * pixel_bytes;
  ID3D11DeviceContext_UpdateSubresource(self->context, (ID3D11Resource *)self->texture, 0, &box, from, (UINT)frame->pitch_bytes, 0);
}

static HRESULT draw(struct texture_card_base *base, const struct screen_frame *frame) {
  struct transom_rect rects[TRANSOM_DAMAGE_MAX];
  const uint32_t count = texture_card_rects(frame, rects);
  for (uint32_t i = 0; i < count; i++)
    draw_rect((struct texture_card *)base, frame, rects[i]);
  return S_OK;
}

static const char *fault(const struct texture_card_base *base) { return copier_d3d11_fault(((const struct texture_card *)base)->copier); }

static struct frame_copier *copier(struct texture_card_base *base) {
  struct texture_card *self = (struct texture_card *)base;
  copier_d3d11_source(self->copier, self->texture);
  return copier_d3d11_seam(self->copier);
}

static void destroy(struct texture_card_base *base) {
  struct texture_card *self = (struct texture_card *)base;
  copier_d3d11_destroy(self->copier);
  COM_RELEASE(self->texture);
  COM_RELEASE(self->context);
  COM_RELEASE(self->device);
}

static const struct texture_card_way way = {
    .name = "texture, d3d11-staging", .fault = fault, .draw = draw, .copier = copier, .destroy = destroy};

static HRESULT create_texture(struct texture_card *self, const struct test_card_options *card) {
  const D3D11_TEXTURE2D_DESC desc = {.Width = card->width,
                                     .Height = card->height,
                                     .MipLevels = 1,
                                     .ArraySize = 1,
                                     .Format = copier_d3d12_format(card->format),
                                     .SampleDesc = {.Count = 1},
                                     .Usage = D3D11_USAGE_DEFAULT,
                                     .BindFlags = D3D11_BIND_SHADER_RESOURCE};
  const HRESULT result = d3d_device_create_11(NULL, &self->device, &self->context);
  return SUCCEEDED(result) ? ID3D11Device_CreateTexture2D(self->device, &desc, NULL, &self->texture) : result;
}

struct screen_capture *texture_card_create_11(const struct test_card_options *card, bool full_copies, char why[D3D_ERROR_BYTES]) {
  struct texture_card *self = calloc(1, sizeof *self);
  snprintf(why, D3D_ERROR_BYTES, "out of memory");
  if (!self)
    return NULL;
  texture_card_base_init(&self->base, &way, card);
  const HRESULT result = create_texture(self, card);
  if (FAILED(result))
    d3d_error_text("a Direct3D 11 device with a texture", result, why);
  self->copier = SUCCEEDED(result) ? copier_d3d11_create(self->device, self->context, full_copies) : NULL;
  if (self->base.card && self->copier)
    return &self->base.capture;
  self->base.impl.destroy(&self->base.capture);
  return NULL;
}
