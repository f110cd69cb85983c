/* HRESULTs of Direct3D and DXGI in words. */
#ifndef TRANSOM_GUEST_WINDOWS_D3D_ERROR_H
#define TRANSOM_GUEST_WINDOWS_D3D_ERROR_H

#include <stddef.h>

#define D3D_ERROR_BYTES 160

/* "what: the device was removed (0x887a0005)". Returns `to`. */
const char *d3d_error_text(const char *what, long result, char to[D3D_ERROR_BYTES]);

#endif
