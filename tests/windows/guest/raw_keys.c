/* Writes each key that this desktop's keyboard presses or releases, wherever the focus is: a witness that knows nothing of the agent.
 * One line each on standard output: "down 11d" or "up 11d", the scan code in hexadecimal, 100 more with the prefix E0; first "ready". */
#include <stdio.h>
#include <windows.h>

static void write_key(HRAWINPUT handle) {
  RAWINPUT input;
  UINT bytes = sizeof input;
  if (GetRawInputData(handle, RID_INPUT, &input, &bytes, sizeof input.header) == (UINT)-1 || input.header.dwType != RIM_TYPEKEYBOARD)
    return;
  const RAWKEYBOARD *key = &input.data.keyboard;
  printf("%s %x\n", key->Flags & RI_KEY_BREAK ? "up" : "down", key->MakeCode | (key->Flags & RI_KEY_E0 ? 0x100u : 0u));
  fflush(stdout);
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM first, LPARAM second) {
  if (message == WM_INPUT)
    write_key((HRAWINPUT)second);
  return DefWindowProcW(window, message, first, second);
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv) {
  (void)argc;
  (void)argv;
  const WNDCLASSW kind = {.lpfnWndProc = on_message, .hInstance = GetModuleHandleW(NULL), .lpszClassName = L"raw-keys"};
  RegisterClassW(&kind);
  const HWND window = CreateWindowExW(0, L"raw-keys", L"", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, kind.hInstance, NULL);
  const RAWINPUTDEVICE keyboard = {1, 6, RIDEV_INPUTSINK, window};
  if (!window || !RegisterRawInputDevices(&keyboard, 1, sizeof keyboard))
    return 1;
  puts("ready");
  fflush(stdout);
  MSG message;
  while (GetMessageW(&message, NULL, 0, 0) > 0)
    DispatchMessageW(&message);
  return 0;
}
