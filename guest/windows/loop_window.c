#define LOG_MODULE "loop"
#include "guest/windows/loop_window.h"

#include "common/clock.h"
#include "common/log.h"
#include "guest/core/test_card.h"
#include "guest/windows/screen_output.h"
#include "guest/windows/wide_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define WINDOW_CLASS L"transom-loop-card"
#define TITLE L"Transom loop card"
#define USAGE_PAGE_DESKTOP 1
#define USAGE_MOUSE 2
#define USAGE_KEYBOARD 6
#define KEYS 0x200u /* scan codes of one byte, with and without the prefix E0 */
#define KEY_EXTENDED 0x100u
#define KEY_OVERRUN 0xffu /* make code: more keys are down than the keyboard can tell apart */
#define KEY_NONE 0xffu    /* virtual key: part of another key's sequence */

struct loop_window {
  HWND window;
  uint32_t wanted; /* output */
  struct screen_output output;
  struct screen_capture *card;
  struct screen_frame shown; /* its newest; the pixels stay the card's */
  bool down[KEYS];
};

/* ---- drawing ---- */

/* In one call, so that no picture of the screen has one half of a frame without the other. */
static void put_rows(const struct loop_window *self, HDC to, uint32_t top, uint32_t bottom) {
  const struct screen_mode *mode = &self->shown.mode;
  const BITMAPINFO info = {.bmiHeader = {.biSize = sizeof info.bmiHeader,
                                         .biWidth = (LONG)mode->width,
                                         .biHeight = -(LONG)(bottom - top),
                                         .biPlanes = 1,
                                         .biBitCount = 32,
                                         .biCompression = BI_RGB}};
  SetDIBitsToDevice(to, 0, (int)top, mode->width, bottom - top, 0, 0, 0, bottom - top, self->shown.pixels + top * self->shown.pitch_bytes,
                    &info, DIB_RGB_COLORS);
}

static void paint(const struct loop_window *self) {
  PAINTSTRUCT area;
  const HDC to = BeginPaint(self->window, &area);
  if (to && self->card)
    put_rows(self, to, 0, self->shown.mode.height);
  EndPaint(self->window, &area);
}

/* The card's damage is whole rows. */
static void draw_news(struct loop_window *self) {
  uint32_t top = UINT32_MAX, bottom = 0;
  if (self->card->impl->acquire(self->card, clock_raw_ns(), &self->shown) != 0)
    return;
  for (uint32_t i = 0; i < self->shown.damage.count; i++) {
    const struct transom_rect *rows = &self->shown.damage.rects[i];
    top = rows->y < top ? rows->y : top;
    bottom = rows->y + rows->height > bottom ? rows->y + (uint32_t)rows->height : bottom;
  }
  if (self->shown.damage.full)
    top = 0, bottom = self->shown.mode.height;
  const HDC to = GetDC(self->window);
  if (!to)
    return;
  put_rows(self, to, top, bottom);
  GdiFlush();
  ReleaseDC(self->window, to);
}

/* ---- input ---- */

static bool is_key_action(struct loop_window *self, const RAWKEYBOARD *key) {
  const bool down = !(key->Flags & RI_KEY_BREAK);
  if (key->MakeCode >= KEY_OVERRUN || key->VKey == KEY_NONE)
    return false;
  const uint32_t code = key->MakeCode | (key->Flags & RI_KEY_E0 ? KEY_EXTENDED : 0);
  const bool repeats = down && self->down[code];
  self->down[code] = down;
  return !repeats;
}

static bool is_action(struct loop_window *self, const RAWINPUT *input) {
  if (input->header.dwType == RIM_TYPEKEYBOARD)
    return is_key_action(self, &input->data.keyboard);
  const RAWMOUSE *mouse = &input->data.mouse;
  return input->header.dwType == RIM_TYPEMOUSE && (mouse->lLastX || mouse->lLastY || mouse->usButtonFlags);
}

static void take_input(struct loop_window *self, HRAWINPUT handle) {
  const uint64_t now_ns = clock_raw_ns();
  RAWINPUT input;
  UINT bytes = sizeof input; /* larger is only what neither mice nor keyboards send */
  if (GetRawInputData(handle, RID_INPUT, &input, &bytes, sizeof input.header) == (UINT)-1 || !self->card || !is_action(self, &input))
    return;
  test_card_react(self->card, now_ns);
  draw_news(self);
}

static bool listen(HWND window) {
  const RAWINPUTDEVICE devices[] = {{USAGE_PAGE_DESKTOP, USAGE_MOUSE, RIDEV_INPUTSINK, window},
                                    {USAGE_PAGE_DESKTOP, USAGE_KEYBOARD, RIDEV_INPUTSINK, window}};
  return RegisterRawInputDevices(devices, sizeof devices / sizeof devices[0], sizeof devices[0]);
}

/* ---- place ---- */

static bool find_output(const struct loop_window *self, struct screen_output *output, char *error, size_t capacity) {
  struct screen_outputs outputs;
  if (screen_output_list(&outputs) && self->wanted < outputs.count) {
    *output = outputs.list[self->wanted];
    return true;
  }
  screen_output_advice(&outputs, error, capacity);
  return false;
}

static struct screen_capture *create_card(const struct screen_output *output) {
  const struct test_card_options options = {
      .width = output->width, .height = output->height, .format = TRANSOM_FORMAT_BGRA8, .reacts = true};
  return test_card_create(&options);
}

/* A new card begins to count anew: whoever measures sees that it was disturbed. */
static bool place(struct loop_window *self, char *error, size_t capacity) {
  if (!find_output(self, &self->output, error, capacity))
    return false;
  struct screen_capture *card = create_card(&self->output);
  if (!card) {
    snprintf(error, capacity, "no loop card of %ux%u: out of memory, or too small", self->output.width, self->output.height);
    return false;
  }
  if (self->card)
    self->card->impl->destroy(self->card);
  self->card = card;
  card->impl->acquire(card, clock_raw_ns(), &self->shown);
  SetWindowPos(self->window, HWND_TOPMOST, self->output.left, self->output.top, (int)self->output.width, (int)self->output.height,
               SWP_SHOWWINDOW);
  InvalidateRect(self->window, NULL, FALSE);
  return true;
}

static bool is_placed(const struct loop_window *self, const struct screen_output *output) {
  return output->left == self->output.left && output->top == self->output.top && output->width == self->output.width &&
         output->height == self->output.height;
}

static void follow_displays(struct loop_window *self) {
  struct screen_output output;
  char error[160];
  if (find_output(self, &output, error, sizeof error) && is_placed(self, &output))
    return;
  if (place(self, error, sizeof error))
    log_info("the loop card is %ux%u now", self->output.width, self->output.height);
  else
    log_warning("%s", error);
}

/* ---- the window ---- */

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM first, LPARAM second) {
  struct loop_window *self = (struct loop_window *)GetWindowLongPtrW(window, GWLP_USERDATA);
  if (!self)
    return DefWindowProcW(window, message, first, second);
  switch (message) {
  case WM_INPUT:
    take_input(self, (HRAWINPUT)second);
    break; /* the default answer lets the system clean up */
  case WM_PAINT:
    paint(self);
    return 0;
  case WM_DISPLAYCHANGE:
    follow_displays(self);
    return 0;
  case WM_DESTROY:
    PostQuitMessage(0);
    return 0;
  }
  return DefWindowProcW(window, message, first, second);
}

static bool make_window(struct loop_window *self, char *error, size_t capacity) {
  char reason[160];
  const WNDCLASSW kind = {.lpfnWndProc = on_message,
                          .hInstance = GetModuleHandleW(NULL),
                          .hCursor = LoadCursorW(NULL, (const wchar_t *)IDC_ARROW),
                          .lpszClassName = WINDOW_CLASS};
  RegisterClassW(&kind); /* fails when it is there already */
  self->window = CreateWindowExW(WS_EX_TOPMOST, WINDOW_CLASS, TITLE, WS_POPUP, 0, 0, 0, 0, NULL, NULL, kind.hInstance, NULL);
  if (self->window && listen(self->window)) {
    SetWindowLongPtrW(self->window, GWLP_USERDATA, (LONG_PTR)self);
    return true;
  }
  snprintf(error, capacity, "no window that hears all input: %s", system_error_text(GetLastError(), reason, sizeof reason));
  return false;
}

struct loop_window *loop_window_create(uint32_t output, char *error, size_t capacity) {
  struct loop_window *self = calloc(1, sizeof *self);
  if (!self) {
    snprintf(error, capacity, "out of memory");
    return NULL;
  }
  self->wanted = output;
  if (make_window(self, error, capacity) && place(self, error, capacity)) {
    SetForegroundWindow(self->window); /* refused while the user is in another program: it is shown above that all the same */
    return self;
  }
  loop_window_destroy(self);
  return NULL;
}

void loop_window_destroy(struct loop_window *self) {
  if (!self)
    return;
  if (self->window) {
    SetWindowLongPtrW(self->window, GWLP_USERDATA, 0);
    DestroyWindow(self->window); /* fails when its user has closed it */
  }
  if (self->card)
    self->card->impl->destroy(self->card);
  free(self);
}
