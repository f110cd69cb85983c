#include "guest/windows/input_activity.h"

#include "common/thread.h"

#include <stdlib.h>
#include <windows.h>

#define WINDOW_CLASS L"transom-input-activity"
#define MESSAGE_LISTEN (WM_APP + 1)
#define MESSAGE_END (WM_APP + 2)
#define USAGE_PAGE_DESKTOP 1
#define USAGE_MOUSE 2
#define USAGE_KEYBOARD 6

struct input_activity {
  struct thread *thread;
  HANDLE event, ready; /* ready: the window was made, or was refused */
  HWND window;
  bool listening; /* the caller's view */
};

/* ---- the thread ---- */

static void register_devices(HWND window, bool listen) {
  const DWORD flags = listen ? RIDEV_INPUTSINK : RIDEV_REMOVE;
  const RAWINPUTDEVICE devices[] = {{USAGE_PAGE_DESKTOP, USAGE_MOUSE, flags, listen ? window : NULL},
                                    {USAGE_PAGE_DESKTOP, USAGE_KEYBOARD, flags, listen ? window : NULL}};
  RegisterRawInputDevices(devices, sizeof devices / sizeof devices[0],
                          sizeof devices[0]); /* refused: no activity is told of, and no harm */
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM first, LPARAM second) {
  const struct input_activity *self = (const struct input_activity *)GetWindowLongPtrW(window, GWLP_USERDATA);
  switch (message) {
  case WM_INPUT:
    register_devices(window, false); /* one is enough */
    SetEvent(self->event);
    break; /* the default answer lets the system clean up */
  case MESSAGE_LISTEN:
    register_devices(window, first != 0);
    return 0;
  case MESSAGE_END:
    DestroyWindow(window);
    return 0;
  case WM_DESTROY:
    PostQuitMessage(0);
    return 0;
  }
  return DefWindowProcW(window, message, first, second);
}

static void run(void *user_data) {
  struct input_activity *self = user_data;
  const WNDCLASSW kind = {.lpfnWndProc = on_message, .hInstance = GetModuleHandleW(NULL), .lpszClassName = WINDOW_CLASS};
  RegisterClassW(&kind); /* fails when it is there already */
  self->window = CreateWindowExW(0, WINDOW_CLASS, L"", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, kind.hInstance, NULL);
  if (self->window)
    SetWindowLongPtrW(self->window, GWLP_USERDATA, (LONG_PTR)self);
  SetEvent(self->ready);
  MSG message;
  while (self->window && GetMessageW(&message, NULL, 0, 0) > 0)
    DispatchMessageW(&message);
}

/* ---- the caller ---- */

struct input_activity *input_activity_create(void) {
  struct input_activity *self = calloc(1, sizeof *self);
  if (!self)
    return NULL;
  self->event = CreateEventW(NULL, FALSE, FALSE, NULL);
  self->ready = CreateEventW(NULL, TRUE, FALSE, NULL);
  self->thread = self->event && self->ready ? thread_create("input-activity", run, self) : NULL;
  if (self->thread && WaitForSingleObject(self->ready, INFINITE) == WAIT_OBJECT_0 && self->window)
    return self;
  input_activity_destroy(self);
  return NULL;
}

void input_activity_destroy(struct input_activity *self) {
  if (!self)
    return;
  if (self->window)
    PostMessageW(self->window, MESSAGE_END, 0, 0);
  thread_join(self->thread);
  if (self->ready)
    CloseHandle(self->ready);
  if (self->event)
    CloseHandle(self->event);
  free(self);
}

void *input_activity_event(const struct input_activity *self) { return self->event; }

void input_activity_listen(struct input_activity *self, bool listen) {
  if (listen == self->listening)
    return;
  self->listening = listen;
  if (listen)
    ResetEvent(self->event);
  PostMessageW(self->window, MESSAGE_LISTEN, listen, 0);
}
