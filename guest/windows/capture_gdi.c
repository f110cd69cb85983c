#include "guest/windows/capture_gdi.h"

#include "guest/windows/cursor_windows.h"
#include "guest/windows/input_desktop.h"
#include "guest/windows/screen_output.h"
#include "guest/windows/wide_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define SETTLE_LOOKS 30u /* the mode is asked for at each look, whether displays have come or gone only so often */

struct capture_gdi {
  struct screen_capture capture;
  uint32_t wanted;
  uint32_t looks;  /* since it was asked */
  uint64_t serial; /* of the displays, when their list was read */
  bool placed;     /* `output` is valid */
  struct screen_output output;
  struct input_desktop desktop;
  HDC memory;
  HBITMAP bitmap;
  HGDIOBJ stock; /* what `memory` held before `bitmap` */
  uint8_t *bits;
  uint32_t width, height; /* of `bitmap` */
  struct cursor_windows cursor;
};

/* ---- the picture in memory ---- */

static void drop_bitmap(struct capture_gdi *self) {
  if (self->stock)
    SelectObject(self->memory, self->stock);
  if (self->bitmap)
    DeleteObject(self->bitmap);
  if (self->memory)
    DeleteDC(self->memory);
  self->memory = NULL;
  self->bitmap = NULL;
  self->stock = NULL;
  self->bits = NULL;
  self->width = self->height = 0;
}

static bool make_bitmap(struct capture_gdi *self) {
  if (self->bits && self->width == self->output.width && self->height == self->output.height)
    return true;
  drop_bitmap(self);
  const BITMAPINFO info = {.bmiHeader = {.biSize = sizeof info.bmiHeader,
                                         .biWidth = (LONG)self->output.width,
                                         .biHeight = -(LONG)self->output.height,
                                         .biPlanes = 1,
                                         .biBitCount = 32,
                                         .biCompression = BI_RGB}};
  void *bits = NULL;
  self->memory = CreateCompatibleDC(NULL);
  self->bitmap = self->memory ? CreateDIBSection(self->memory, &info, DIB_RGB_COLORS, &bits, NULL, 0) : NULL;
  self->stock = self->bitmap ? SelectObject(self->memory, self->bitmap) : NULL;
  if (!self->stock) {
    drop_bitmap(self);
    return false;
  }
  self->bits = bits;
  self->width = self->output.width;
  self->height = self->output.height;
  return true;
}

/* ---- where the screen is ---- */

/* Pixels of the mode, whatever scaling programs are told. */
static bool mode_moved(const struct screen_output *output) {
  DEVMODEW mode = {.dmSize = sizeof mode};
  if (!EnumDisplaySettingsExW(output->device, ENUM_CURRENT_SETTINGS, &mode, 0))
    return true;
  return mode.dmPelsWidth != output->width || mode.dmPelsHeight != output->height || mode.dmPosition.x != output->left ||
         mode.dmPosition.y != output->top;
}

static bool is_placed(struct capture_gdi *self) {
  if (!self->placed || mode_moved(&self->output))
    return false;
  if (self->looks++ < SETTLE_LOOKS)
    return true;
  self->looks = 0;
  return self->serial == screen_output_serial();
}

static int place(struct capture_gdi *self) {
  struct screen_outputs outputs;
  if (is_placed(self))
    return 0;
  self->looks = 0;
  self->serial = screen_output_serial();
  self->placed = screen_output_list(&outputs) && self->wanted < outputs.count;
  if (!self->placed) {
    screen_output_advice(&outputs, self->capture.text, sizeof self->capture.text);
    return -ENODEV;
  }
  self->output = outputs.list[self->wanted];
  self->capture.period_ns = screen_output_period_ns(&self->output);
  self->capture.hint[0] = 0;
  if (self->output.emulated && outputs.idle_gpus)
    screen_output_advice(&outputs, self->capture.hint, sizeof self->capture.hint);
  return 0;
}

/* ---- the source ---- */

static bool copy_screen(const struct capture_gdi *self) {
  const HDC screen = GetDC(NULL);
  if (!screen)
    return false;
  const bool good = BitBlt(self->memory, 0, 0, (int)self->width, (int)self->height, screen, self->output.left, self->output.top, SRCCOPY);
  ReleaseDC(NULL, screen);
  return good && GdiFlush();
}

static int unreadable(struct capture_gdi *self, const char *what) {
  char reason[100];
  snprintf(self->capture.text, sizeof self->capture.text, "%s: %s", what, system_error_text(GetLastError(), reason, sizeof reason));
  return -ENOTSUP;
}

static int acquire(struct screen_capture *capture, uint64_t now_ns, struct screen_frame *frame) {
  struct capture_gdi *self = (struct capture_gdi *)capture;
  input_desktop_follow(&self->desktop);
  const int error = place(self);
  if (error)
    return error;
  if (!make_bitmap(self))
    return unreadable(self, "no memory for a copy of the screen");
  if (!copy_screen(self))
    return unreadable(self, "the screen cannot be read (log-on and UAC screens need the service)");
  *frame = (struct screen_frame){
      .mode = {self->width, self->height, TRANSOM_FORMAT_BGRA8, 0},
      .pixels = self->bits,
      .pitch_bytes = (size_t)self->width * 4,
      .acquired_ns = now_ns,
  };
  return 0;
}

static void release(struct screen_capture *capture) { (void)capture; }

static bool cursor(struct screen_capture *capture, struct screen_cursor *out) {
  struct capture_gdi *self = (struct capture_gdi *)capture;
  return self->placed && cursor_windows_read(&self->cursor, &self->output, out);
}

static void destroy(struct screen_capture *capture) {
  struct capture_gdi *self = (struct capture_gdi *)capture;
  drop_bitmap(self);
  input_desktop_finish(&self->desktop);
  free(self);
}

static const struct screen_capture_impl impl = {
    .name = "gdi", .acquire = acquire, .release = release, .cursor = cursor, .destroy = destroy};

struct screen_capture *capture_gdi_create(uint32_t output) {
  struct capture_gdi *self = calloc(1, sizeof *self);
  if (!self)
    return NULL;
  self->capture = (struct screen_capture){.impl = &impl, .period_ns = 16666667, .cursor_apart = true};
  self->wanted = output;
  return &self->capture;
}
