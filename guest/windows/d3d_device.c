#include "guest/windows/d3d_device.h"

#include <string.h>

typedef HRESULT(WINAPI *create_12)(IUnknown *adapter, D3D_FEATURE_LEVEL level, REFIID riid, void **device);

IDXGIAdapter1 *d3d_device_adapter(UINT index) {
  IDXGIFactory1 *factory;
  IDXGIAdapter1 *adapter = NULL;
  if (FAILED(CreateDXGIFactory1(&IID_IDXGIFactory1, (void **)&factory)))
    return NULL;
  if (IDXGIFactory1_EnumAdapters1(factory, index, &adapter) != S_OK)
    adapter = NULL;
  IDXGIFactory1_Release(factory);
  return adapter;
}

/* Level 11.0 has all that a copy needs. */
HRESULT d3d_device_create_12(IDXGIAdapter1 *adapter, ID3D12Device **device) {
  const HMODULE library = LoadLibraryExW(L"d3d12.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32); /* stays for the process's life */
  const FARPROC found = library ? GetProcAddress(library, "D3D12CreateDevice") : NULL;
  create_12 create;
  memcpy(&create, &found, sizeof create);
  return create ? create((IUnknown *)adapter, D3D_FEATURE_LEVEL_11_0, &IID_ID3D12Device, (void **)device) : E_NOTIMPL;
}

HRESULT d3d_device_create_11(IDXGIAdapter1 *adapter, ID3D11Device **device, ID3D11DeviceContext **context) {
  static const D3D_FEATURE_LEVEL levels[] = {D3D_FEATURE_LEVEL_11_1, D3D_FEATURE_LEVEL_11_0, D3D_FEATURE_LEVEL_10_1};
  const D3D_DRIVER_TYPE type = adapter ? D3D_DRIVER_TYPE_UNKNOWN : D3D_DRIVER_TYPE_HARDWARE;
  return D3D11CreateDevice((IDXGIAdapter *)adapter, type, NULL, D3D11_CREATE_DEVICE_BGRA_SUPPORT, levels, sizeof levels / sizeof levels[0],
                           D3D11_SDK_VERSION, device, NULL, context);
}
