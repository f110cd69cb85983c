/* The one place where the interface identifiers of Direct3D and DXGI are defined. initguid.h after the system's own headers, or theirs are
 * defined a second time. */
#include <windows.h>

#include <initguid.h>

#include <dxgi1_6.h>

#include <d3d11_4.h>

#include <directx/d3d12.h>
