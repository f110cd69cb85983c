#include "guest/windows/d3d_share.h"

#include <string.h>

static HRESULT open_fence(struct d3d_share *share) {
  HANDLE handle;
  HRESULT result = ID3D11Fence_CreateSharedHandle(share->fence_11, NULL, GENERIC_ALL, NULL, &handle);
  if (FAILED(result))
    return result;
  result = ID3D12Device_OpenSharedHandle(share->device, handle, &IID_ID3D12Fence, (void **)&share->fence_12);
  CloseHandle(handle);
  return result;
}

static HRESULT create_fence(struct d3d_share *share, ID3D11Device *from) {
  ID3D11Device5 *device;
  HRESULT result = ID3D11Device_QueryInterface(from, &IID_ID3D11Device5, (void **)&device);
  if (FAILED(result))
    return result;
  result = ID3D11Device5_CreateFence(device, 0, D3D11_FENCE_FLAG_SHARED, &IID_ID3D11Fence, (void **)&share->fence_11);
  ID3D11Device5_Release(device);
  return SUCCEEDED(result) ? open_fence(share) : result;
}

HRESULT d3d_share_init(struct d3d_share *share, ID3D11Device *from, ID3D11DeviceContext *context, ID3D12Device *to, const char **what) {
  memset(share, 0, sizeof *share);
  share->device = to;
  ID3D12Device_AddRef(to);
  *what = "a Direct3D 11 context that signals fences";
  HRESULT result = ID3D11DeviceContext_QueryInterface(context, &IID_ID3D11DeviceContext4, (void **)&share->context);
  if (SUCCEEDED(result)) {
    *what = "a fence for both Direct3D 11 and 12";
    result = create_fence(share, from);
  }
  if (FAILED(result))
    d3d_share_finish(share);
  return result;
}

static void drop(struct d3d_shared_texture *texture) {
  COM_RELEASE(texture->to);
  COM_RELEASE(texture->from);
}

void d3d_share_finish(struct d3d_share *share) {
  for (uint32_t i = 0; i < share->count; i++)
    drop(&share->textures[i]);
  share->count = 0;
  COM_RELEASE(share->fence_12);
  COM_RELEASE(share->fence_11);
  COM_RELEASE(share->context);
  COM_RELEASE(share->device);
}

static HRESULT open_texture(const struct d3d_share *share, ID3D11Texture2D *from, ID3D12Resource **to) {
  IDXGIResource1 *resource;
  HANDLE handle;
  HRESULT result = ID3D11Texture2D_QueryInterface(from, &IID_IDXGIResource1, (void **)&resource);
  if (FAILED(result))
    return result;
  result = IDXGIResource1_CreateSharedHandle(resource, NULL, DXGI_SHARED_RESOURCE_READ, NULL, &handle);
  IDXGIResource1_Release(resource);
  if (FAILED(result))
    return result;
  result = ID3D12Device_OpenSharedHandle(share->device, handle, &IID_ID3D12Resource, (void **)to);
  CloseHandle(handle);
  return result;
}

/* A new one takes the place of the oldest. The copy out of that has ended: there is one frame at a time. */
static HRESULT add_texture(struct d3d_share *share, ID3D11Texture2D *from, ID3D12Resource **to) {
  const HRESULT result = open_texture(share, from, to);
  if (FAILED(result))
    return result;
  struct d3d_shared_texture *place = &share->textures[share->count < D3D_SHARE_TEXTURES ? share->count++ : share->oldest];
  if (place->from) {
    drop(place);
    share->oldest = (share->oldest + 1) % D3D_SHARE_TEXTURES;
  }
  ID3D11Texture2D_AddRef(from);
  *place = (struct d3d_shared_texture){from, *to};
  return S_OK;
}

static HRESULT find_texture(struct d3d_share *share, ID3D11Texture2D *from, ID3D12Resource **to) {
  for (uint32_t i = 0; i < share->count; i++) {
    if (share->textures[i].from == from) {
      *to = share->textures[i].to;
      return S_OK;
    }
  }
  return add_texture(share, from, to);
}

HRESULT d3d_share_texture(struct d3d_share *share, ID3D11Texture2D *from, ID3D12Resource **to) {
  HRESULT result = find_texture(share, from, to);
  if (SUCCEEDED(result))
    result = ID3D11DeviceContext4_Signal(share->context, share->fence_11, ++share->value);
  if (SUCCEEDED(result))
    ID3D11DeviceContext4_Flush(share->context); /* the other queue waits for it: it must not stay in this one's buffer */
  return result;
}
