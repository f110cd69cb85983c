/* Direct3D devices on the adapter of an output, or on the system's first. Control plane. */
#ifndef TRANSOM_GUEST_WINDOWS_D3D_DEVICE_H
#define TRANSOM_GUEST_WINDOWS_D3D_DEVICE_H

#include "guest/windows/d3d12_headers.h"

#include <d3d11_4.h>

/* DXGI's adapter number `index`. NULL: there is none. */
IDXGIAdapter1 *d3d_device_adapter(UINT index);

/* `adapter` NULL = the first. S_OK, or the fault. d3d12.dll is loaded when it is first asked for: Windows before 10 has none. */
HRESULT d3d_device_create_12(IDXGIAdapter1 *adapter, ID3D12Device **device);
HRESULT d3d_device_create_11(IDXGIAdapter1 *adapter, ID3D11Device **device, ID3D11DeviceContext **context);

#endif
