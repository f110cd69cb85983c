#include "guest/windows/d3d_error.h"

#include <dxgi1_6.h>
#include <stdio.h>

const char *d3d_error_text(const char *what, long result, char to[D3D_ERROR_BYTES]) {
  static const struct {
    HRESULT result;
    const char *text;
  } known[] = {
      {S_OK, "not what was expected"},
      {E_NOTIMPL, "not implemented here"},
      {E_NOINTERFACE, "no such interface here"},
      {E_INVALIDARG, "refused the arguments"},
      {E_OUTOFMEMORY, "out of memory"},
      {E_ACCESSDENIED, "access denied"},
      {DXGI_ERROR_DEVICE_REMOVED, "the device was removed"},
      {DXGI_ERROR_DEVICE_HUNG, "the device hung"},
      {DXGI_ERROR_DEVICE_RESET, "the device was reset"},
      {DXGI_ERROR_UNSUPPORTED, "not supported"},
      {DXGI_ERROR_ACCESS_LOST, "access was lost"},
      {DXGI_ERROR_WAIT_TIMEOUT, "not done in time"},
      {DXGI_ERROR_NOT_FOUND, "not found"},
      {DXGI_ERROR_NOT_CURRENTLY_AVAILABLE, "used up by other programs"},
  };
  const char *text = "failed";
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (known[i].result == (HRESULT)result)
      text = known[i].text;
  }
  snprintf(to, D3D_ERROR_BYTES, "%s: %s (0x%08lx)", what, text, (unsigned long)result);
  return to;
}
