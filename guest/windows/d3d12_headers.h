/* Direct3D 12, from Debian's directx-headers: MinGW's own header ends before ID3D12Device3. After it, so that both agree on DXGI. */
#ifndef TRANSOM_GUEST_WINDOWS_D3D12_HEADERS_H
#define TRANSOM_GUEST_WINDOWS_D3D12_HEADERS_H

#include <dxgi1_6.h>

#include <directx/d3d12.h>

/* Releases a COM object and forgets it; NULL is fine. */
#define COM_RELEASE(object)                                                                                                                \
  do {                                                                                                                                     \
    if (object)                                                                                                                            \
      IUnknown_Release((IUnknown *)(object));                                                                                              \
    (object) = NULL;                                                                                                                       \
  } while (0)

#endif
