#include "guest/windows/texture_card.h"

#include "guest/windows/copier_d3d11.h"
#include "protocol/validate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct texture_card {
  struct screen_capture capture;
  struct screen_capture *card;
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

static void draw(struct texture_card *self, const struct screen_frame *frame) {
  if (frame->damage.full)
    draw_rect(self, frame, (struct transom_rect){0, 0, (uint16_t)frame->mode.width, (uint16_t)frame->mode.height});
  for (uint32_t i = 0; i < frame->damage.count && !frame->damage.full; i++)
    draw_rect(self, frame, frame->damage.rects[i]);
}

static int acquire(struct screen_capture *capture, uint64_t now_ns, struct screen_frame *frame) {
  struct texture_card *self = (struct texture_card *)capture;
  const char *fault = copier_d3d11_fault(self->copier);
  if (fault) {
    snprintf(capture->text, sizeof capture->text, "%s", fault);
    return -EIO;
  }
  const int error = self->card->impl->acquire(self->card, now_ns, frame);
  if (error)
    return error;
  draw(self, frame);
  copier_d3d11_source(self->copier, self->texture);
  frame->pixels = NULL;
  frame->copier = copier_d3d11_seam(self->copier);
  return 0;
}

static void release(struct screen_capture *capture) { (void)capture; }

static bool cursor(struct screen_capture *capture, struct screen_cursor *cursor) {
  struct texture_card *self = (struct texture_card *)capture;
  return self->card->impl->cursor(self->card, cursor);
}

static uint64_t next_ns(struct screen_capture *capture, uint64_t now_ns) {
  struct texture_card *self = (struct texture_card *)capture;
  return copier_d3d11_fault(self->copier) ? now_ns : self->card->impl->next_ns(self->card, now_ns);
}

static void destroy(struct screen_capture *capture) {
  struct texture_card *self = (struct texture_card *)capture;
  copier_d3d11_destroy(self->copier);
  COM_RELEASE(self->texture);
  COM_RELEASE(self->context);
  COM_RELEASE(self->device);
  if (self->card)
    self->card->impl->destroy(self->card);
  free(self);
}

static const struct screen_capture_impl impl = {
    .name = "texture, d3d11-staging", .acquire = acquire, .release = release, .cursor = cursor, .next_ns = next_ns, .destroy = destroy};

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
  self->capture.impl = &impl;
  const HRESULT result = create_texture(self, card);
  if (FAILED(result))
    d3d_error_text("a Direct3D 11 device with a texture", result, why);
  self->card = test_card_create(card);
  self->copier = SUCCEEDED(result) ? copier_d3d11_create(self->device, self->context, full_copies) : NULL;
  if (self->card && self->copier) {
    self->capture.period_ns = self->card->period_ns;
    return &self->capture;
  }
  destroy(&self->capture);
  return NULL;
}
