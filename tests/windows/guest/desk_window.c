/* A window for tests to look at: a fixed picture, an arrow over its right half, no cursor over its left half. With a period in
 * milliseconds, all of the picture moves each time.
 *
 *   desk_window TITLE X Y WIDTH HEIGHT [PERIOD] */
#include <stdlib.h>
#include <windows.h>

static int shift; /* of the stripes, as colours */

static void paint(HWND window) {
  PAINTSTRUCT paint;
  RECT area;
  const HDC to = BeginPaint(window, &paint);
  GetClientRect(window, &area);
  for (int stripe = 0; stripe * 8 < area.bottom; stripe++) {
    const RECT row = {0, stripe * 8, area.right, stripe * 8 + 8};
    const HBRUSH brush = CreateSolidBrush(RGB((stripe + shift) * 37 % 256, 255 - stripe * 11 % 256, stripe * 83 % 256));
    FillRect(to, &row, brush);
    DeleteObject(brush);
  }
  EndPaint(window, &paint);
}

static void set_cursor(HWND window) {
  POINT at;
  RECT area;
  GetCursorPos(&at);
  GetWindowRect(window, &area);
  SetCursor(at.x < (area.left + area.right) / 2 ? NULL : LoadCursorW(NULL, IDC_ARROW));
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM first, LPARAM second) {
  switch (message) {
  case WM_PAINT:
    paint(window);
    return 0;
  case WM_TIMER:
    shift++;
    InvalidateRect(window, NULL, FALSE);
    return 0;
  case WM_SETCURSOR:
    set_cursor(window);
    return TRUE;
  case WM_DESTROY:
    PostQuitMessage(0);
    return 0;
  default:
    return DefWindowProcW(window, message, first, second);
  }
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv) {
  if (argc != 6 && argc != 7)
    return 2;
  const WNDCLASSW kind = {.lpfnWndProc = on_message, .hInstance = GetModuleHandleW(NULL), .lpszClassName = L"desk"};
  if (!RegisterClassW(&kind))
    return 1;
  const HWND window = CreateWindowExW(0, L"desk", argv[1], WS_POPUP | WS_VISIBLE, _wtoi(argv[2]), _wtoi(argv[3]), _wtoi(argv[4]),
                                      _wtoi(argv[5]), NULL, NULL, kind.hInstance, NULL);
  if (!window)
    return 1;
  if (argc == 7 && !SetTimer(window, 1, (UINT)_wtoi(argv[6]), NULL))
    return 1;
  MSG message;
  while (GetMessageW(&message, NULL, 0, 0) > 0)
    DispatchMessageW(&message);
  return 0;
}
