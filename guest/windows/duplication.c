#include "guest/windows/duplication.h"

#include <stdlib.h>
#include <string.h>

/* ---- opening ---- */

/* All that a display scans out: Windows gives the one that the desktop has. Were halves not among them, it would squeeze a desktop of high
 * dynamic range into eight bits. */
static const DXGI_FORMAT formats[] = {DXGI_FORMAT_B8G8R8A8_UNORM, DXGI_FORMAT_R8G8B8A8_UNORM, DXGI_FORMAT_R10G10B10A2_UNORM,
                                      DXGI_FORMAT_R16G16B16A16_FLOAT};

static bool take_format(DXGI_FORMAT format, enum transom_format *out) {
  switch (format) {
  case DXGI_FORMAT_B8G8R8A8_UNORM:
  case DXGI_FORMAT_B8G8R8A8_UNORM_SRGB:
    *out = TRANSOM_FORMAT_BGRA8;
    return true;
  case DXGI_FORMAT_R8G8B8A8_UNORM:
  case DXGI_FORMAT_R8G8B8A8_UNORM_SRGB:
    *out = TRANSOM_FORMAT_RGBA8;
    return true;
  case DXGI_FORMAT_R10G10B10A2_UNORM:
    *out = TRANSOM_FORMAT_RGB10A2;
    return true;
  case DXGI_FORMAT_R16G16B16A16_FLOAT:
    *out = TRANSOM_FORMAT_RGBA16F;
    return true;
  default:
    return false;
  }
}

static IDXGIOutput *find_output(const struct screen_output *output) {
  IDXGIOutput *found = NULL;
  IDXGIAdapter1 *adapter = d3d_device_adapter(output->adapter);
  if (!adapter)
    return NULL;
  if (IDXGIAdapter1_EnumOutputs(adapter, output->output, &found) != S_OK)
    found = NULL;
  IDXGIAdapter1_Release(adapter);
  return found;
}

/* Windows 10 1703 has the call that takes formats. */
static HRESULT duplicate(IDXGIOutput *output, ID3D11Device *device, IDXGIOutputDuplication **duplication) {
  IDXGIOutput5 *output5;
  IDXGIOutput1 *output1;
  HRESULT result = IDXGIOutput_QueryInterface(output, &IID_IDXGIOutput5, (void **)&output5);
  if (SUCCEEDED(result)) {
    result = IDXGIOutput5_DuplicateOutput1(output5, (IUnknown *)device, 0, sizeof formats / sizeof formats[0], formats, duplication);
    IDXGIOutput5_Release(output5);
    if (SUCCEEDED(result) || duplication_is_transient(result))
      return result;
  }
  result = IDXGIOutput_QueryInterface(output, &IID_IDXGIOutput1, (void **)&output1);
  if (FAILED(result))
    return result;
  result = IDXGIOutput1_DuplicateOutput(output1, (IUnknown *)device, duplication);
  IDXGIOutput1_Release(output1);
  return result;
}

static bool is_pq(IDXGIOutput *output) {
  IDXGIOutput6 *output6;
  DXGI_OUTPUT_DESC1 desc;
  if (FAILED(IDXGIOutput_QueryInterface(output, &IID_IDXGIOutput6, (void **)&output6)))
    return false;
  const bool pq = SUCCEEDED(IDXGIOutput6_GetDesc1(output6, &desc)) && desc.ColorSpace == DXGI_COLOR_SPACE_RGB_FULL_G2084_NONE_P2020;
  IDXGIOutput6_Release(output6);
  return pq;
}

HRESULT duplication_open(struct duplication *self, ID3D11Device *device, const struct screen_output *output) {
  memset(self, 0, sizeof *self);
  IDXGIOutput *found = find_output(output);
  if (!found)
    return DXGI_ERROR_NOT_FOUND;
  HRESULT result = duplicate(found, device, &self->output);
  if (SUCCEEDED(result)) {
    DXGI_OUTDUPL_DESC desc;
    IDXGIOutputDuplication_GetDesc(self->output, &desc);
    self->rotation = desc.Rotation >= DXGI_MODE_ROTATION_ROTATE90 ? (uint32_t)desc.Rotation - 1 : 0;
    self->pq = is_pq(found);
    self->first = true;
  }
  IDXGIOutput_Release(found);
  return result;
}

void duplication_close(struct duplication *self) {
  COM_RELEASE(self->resource);
  if (self->output && self->holding)
    IDXGIOutputDuplication_ReleaseFrame(self->output);
  COM_RELEASE(self->output);
  free(self->rects);
  self->rects = NULL;
  self->rects_bytes = 0;
  self->holding = self->pending = false;
}

bool duplication_is_transient(HRESULT result) {
  return result == E_ACCESSDENIED || result == DXGI_ERROR_NOT_CURRENTLY_AVAILABLE || result == DXGI_ERROR_ACCESS_LOST ||
         result == DXGI_ERROR_SESSION_DISCONNECTED || result == DXGI_ERROR_NOT_FOUND;
}

/* ---- frames ---- */

HRESULT duplication_wait(struct duplication *self, uint32_t timeout_ms) {
  if (self->pending)
    return S_OK;
  if (self->holding) { /* late, so that Windows gathers what happens meanwhile into one frame */
    self->holding = false;
    const HRESULT released = IDXGIOutputDuplication_ReleaseFrame(self->output);
    if (FAILED(released))
      return released;
  }
  const HRESULT result = IDXGIOutputDuplication_AcquireNextFrame(self->output, timeout_ms, &self->info, &self->resource);
  self->holding = self->pending = result == S_OK;
  return result;
}

static bool grow_rects(struct duplication *self, uint32_t bytes) {
  if (bytes <= self->rects_bytes)
    return true;
  void *room = realloc(self->rects, bytes);
  if (!room)
    return false;
  self->rects = room;
  self->rects_bytes = bytes;
  return true;
}

static void add_rect(const struct duplication *self, struct transom_damage *damage, const RECT *rect) {
  const LONG width = (LONG)self->mode.width, height = (LONG)self->mode.height;
  const LONG left = rect->left > 0 ? rect->left : 0, top = rect->top > 0 ? rect->top : 0;
  const LONG right = rect->right < width ? rect->right : width, bottom = rect->bottom < height ? rect->bottom : height;
  if (left < right && top < bottom)
    damage_add(damage, (struct transom_rect){(uint16_t)left, (uint16_t)top, (uint16_t)(right - left), (uint16_t)(bottom - top)});
}

/* Where it went is new; where it came from is dirty besides, when it is. */
static HRESULT add_moves(struct duplication *self, struct transom_damage *damage) {
  UINT bytes = 0;
  const HRESULT result = IDXGIOutputDuplication_GetFrameMoveRects(self->output, self->rects_bytes, self->rects, &bytes);
  const DXGI_OUTDUPL_MOVE_RECT *moves = self->rects;
  for (UINT i = 0; SUCCEEDED(result) && i < bytes / sizeof *moves; i++)
    add_rect(self, damage, &moves[i].DestinationRect);
  return result;
}

static HRESULT add_dirty(struct duplication *self, struct transom_damage *damage) {
  UINT bytes = 0;
  const HRESULT result = IDXGIOutputDuplication_GetFrameDirtyRects(self->output, self->rects_bytes, self->rects, &bytes);
  const RECT *dirty = self->rects;
  for (UINT i = 0; SUCCEEDED(result) && i < bytes / sizeof *dirty; i++)
    add_rect(self, damage, &dirty[i]);
  return result;
}

/* The rectangles are those of the turned desktop; on a turned panel everything is taken instead. Full is right whenever they are not known.
 */
static void take_damage(struct duplication *self, struct transom_damage *damage) {
  damage_clear(damage);
  if (self->first || self->rotation || !grow_rects(self, self->info.TotalMetadataBufferSize) || FAILED(add_moves(self, damage)) ||
      FAILED(add_dirty(self, damage)))
    damage_set_full(damage);
}

/* By the texture itself, not by the display's mode: the older call gives BGRA8 of any desktop, and a picture lies as the panel does,
 * whichever way the desktop is turned. */
static HRESULT take_mode(struct duplication *self, ID3D11Texture2D *texture) {
  D3D11_TEXTURE2D_DESC desc;
  struct screen_mode mode = {.width = 0};
  ID3D11Texture2D_GetDesc(texture, &desc);
  if (!take_format(desc.Format, &mode.format))
    return DXGI_ERROR_UNSUPPORTED;
  mode.width = desc.Width;
  mode.height = desc.Height;
  mode.flags = mode.format == TRANSOM_FORMAT_RGB10A2 && self->pq ? TRANSOM_FRAME_PQ : 0;
  self->first |= mode.width != self->mode.width || mode.height != self->mode.height || mode.format != self->mode.format;
  self->mode = mode;
  return S_OK;
}

static HRESULT take_texture(struct duplication *self, struct transom_damage *damage, ID3D11Texture2D **texture) {
  HRESULT result = IDXGIResource_QueryInterface(self->resource, &IID_ID3D11Texture2D, (void **)texture);
  if (FAILED(result))
    return result;
  result = take_mode(self, *texture);
  if (FAILED(result)) {
    COM_RELEASE(*texture);
    return result;
  }
  take_damage(self, damage);
  self->first = false;
  return S_OK;
}

HRESULT duplication_take(struct duplication *self, struct transom_damage *damage, ID3D11Texture2D **texture) {
  self->pending = false;
  HRESULT result = S_FALSE;
  if (self->info.LastPresentTime.QuadPart != 0 || self->first)
    result = take_texture(self, damage, texture);
  COM_RELEASE(self->resource);
  return result;
}
