/* The one place where the interface identifiers of Direct3D 12 are defined. initguid.h after the system's headers, or they are, too. */
#include <dxgi1_6.h>

#include <initguid.h>

#include <directx/d3d12.h>
