#include "guest/windows/copier_d3d11.h"

#include "common/clock.h"
#include "guest/windows/copier_d3d12.h"

#include <errno.h>
#include <stdlib.h>

#define SPIN_NS UINT64_C(300000) /* looks without rest: a copy of a band takes about that */

struct copier_d3d11 {
  struct frame_copier copier;
  ID3D11Device *device;
  ID3D11DeviceContext *context;
  bool full_copies;
  ID3D11Texture2D *staging[COPIER_D3D11_BANDS];
  uint32_t width, band_rows; /* of each of them */
  DXGI_FORMAT format;
  ID3D11Texture2D *texture; /* the source's */
  struct frame_copy copy;   /* under way */
  uint32_t band;
  char fault[D3D_ERROR_BYTES];
};

static int fail(struct copier_d3d11 *self, const char *what, HRESULT result) {
  d3d_error_text(what, result, self->fault);
  return -EIO;
}

/* ---- staging textures ---- */

static void drop_staging(struct copier_d3d11 *self) {
  for (uint32_t i = 0; i < COPIER_D3D11_BANDS; i++)
    COM_RELEASE(self->staging[i]);
  self->width = 0;
}

static HRESULT make_staging(struct copier_d3d11 *self) {
  const struct frame_copy *copy = &self->copy;
  const DXGI_FORMAT format = copier_d3d12_format(frame_copy_source_format(copy));
  if (self->width == copy->mode.width && self->band_rows == copy->band_rows && self->format == format)
    return S_OK;
  drop_staging(self);
  const D3D11_TEXTURE2D_DESC desc = {.Width = copy->mode.width,
                                     .Height = copy->band_rows,
                                     .MipLevels = 1,
                                     .ArraySize = 1,
                                     .Format = format,
                                     .SampleDesc = {.Count = 1},
                                     .Usage = D3D11_USAGE_STAGING,
                                     .CPUAccessFlags = D3D11_CPU_ACCESS_READ};
  for (uint32_t i = 0; i < COPIER_D3D11_BANDS; i++) {
    const HRESULT result = ID3D11Device_CreateTexture2D(self->device, &desc, NULL, &self->staging[i]);
    if (FAILED(result))
      return result;
  }
  self->width = copy->mode.width;
  self->band_rows = copy->band_rows;
  self->format = format;
  return S_OK;
}

/* ---- the seam ---- */

static uint32_t band_end(const struct frame_copy *copy, uint32_t top) {
  return copy->mode.height - top < copy->band_rows ? copy->mode.height : top + copy->band_rows;
}

static void submit_band(struct copier_d3d11 *self, uint32_t index, uint32_t top) {
  struct transom_rect parts[TRANSOM_DAMAGE_MAX];
  const uint32_t count = frame_copy_parts(&self->copy, top, band_end(&self->copy, top), parts);
  for (uint32_t i = 0; i < count; i++) {
    const D3D11_BOX box = {parts[i].x, parts[i].y, 0, (UINT)parts[i].x + parts[i].width, (UINT)parts[i].y + parts[i].height, 1};
    ID3D11DeviceContext_CopySubresourceRegion(self->context, (ID3D11Resource *)self->staging[index], 0, parts[i].x, parts[i].y - top, 0,
                                              (ID3D11Resource *)self->texture, 0, &box);
  }
}

static int start(struct frame_copier *copier, const struct frame_copy *copy) {
  struct copier_d3d11 *self = (struct copier_d3d11 *)copier;
  if (self->fault[0])
    return -EIO;
  self->copy = *copy;
  self->copy.what.full |= self->full_copies;
  self->band = 0;
  const HRESULT result = make_staging(self);
  if (FAILED(result))
    return fail(self, "a staging texture", result);
  for (uint32_t top = 0, i = 0; top < copy->mode.height; top = band_end(copy, top), i++)
    submit_band(self, i, top);
  ID3D11DeviceContext_Flush(self->context);
  return 0;
}

/* Without DO_NOT_WAIT some drivers keep a whole processor busy until the copy is done. */
static HRESULT map_when_ready(struct copier_d3d11 *self, uint32_t index, D3D11_MAPPED_SUBRESOURCE *mapped) {
  ID3D11Resource *staging = (ID3D11Resource *)self->staging[index];
  const uint64_t began_ns = clock_raw_ns();
  uint64_t waited_ns = 0;
  HRESULT result;
  while ((result = ID3D11DeviceContext_Map(self->context, staging, 0, D3D11_MAP_READ, D3D11_MAP_FLAG_DO_NOT_WAIT, mapped)) ==
             DXGI_ERROR_WAS_STILL_DRAWING &&
         waited_ns < COPIER_D3D11_TIMEOUT_MS * UINT64_C(1000000)) {
    Sleep(waited_ns < SPIN_NS ? 0 : 1);
    waited_ns = clock_raw_ns() - began_ns;
  }
  return result;
}

/* The staging texture's first row is row `top` of the picture. */
static int stream_band(struct copier_d3d11 *self, uint32_t top, const struct transom_rect *parts, uint32_t count) {
  D3D11_MAPPED_SUBRESOURCE mapped;
  const HRESULT result = map_when_ready(self, self->band, &mapped);
  if (FAILED(result))
    return fail(self, "reading a staging texture", result);
  struct frame_copy shifted = self->copy;
  struct transom_rect moved[TRANSOM_DAMAGE_MAX];
  shifted.slot += (size_t)top * shifted.pitch_bytes;
  for (uint32_t i = 0; i < count; i++) {
    moved[i] = parts[i];
    moved[i].y = (uint16_t)(parts[i].y - top);
  }
  self->copier.copied_bytes += frame_copy_stream(&shifted, moved, count, mapped.pData, mapped.RowPitch);
  ID3D11DeviceContext_Unmap(self->context, (ID3D11Resource *)self->staging[self->band], 0);
  return 0;
}

static int wait(struct frame_copier *copier, uint32_t *rows) {
  struct copier_d3d11 *self = (struct copier_d3d11 *)copier;
  uint32_t count;
  do {
    struct transom_rect parts[TRANSOM_DAMAGE_MAX];
    const uint32_t end = band_end(&self->copy, *rows);
    count = frame_copy_parts(&self->copy, *rows, end, parts);
    const int error = count ? stream_band(self, *rows, parts, count) : 0;
    if (error)
      return error;
    *rows = end;
    self->band++;
  } while (count == 0 && *rows < self->copy.mode.height);
  return 0;
}

static const struct frame_copier_impl impl = {.name = "d3d11-staging", .start = start, .wait = wait};

/* ---- life ---- */

struct copier_d3d11 *copier_d3d11_create(ID3D11Device *device, ID3D11DeviceContext *context, bool full_copies) {
  struct copier_d3d11 *self = calloc(1, sizeof *self);
  if (!self)
    return NULL;
  *self = (struct copier_d3d11){
      .copier = {.impl = &impl, .bands_max = COPIER_D3D11_BANDS}, .device = device, .context = context, .full_copies = full_copies};
  ID3D11Device_AddRef(device);
  ID3D11DeviceContext_AddRef(context);
  return self;
}

void copier_d3d11_destroy(struct copier_d3d11 *self) {
  if (!self)
    return;
  drop_staging(self);
  COM_RELEASE(self->context);
  COM_RELEASE(self->device);
  free(self);
}

void copier_d3d11_source(struct copier_d3d11 *self, ID3D11Texture2D *texture) { self->texture = texture; }

struct frame_copier *copier_d3d11_seam(struct copier_d3d11 *self) {
  return &self->copier;
}

const char *copier_d3d11_fault(const struct copier_d3d11 *self) { return self->fault[0] ? self->fault : NULL; }
