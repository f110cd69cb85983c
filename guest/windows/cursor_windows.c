#include "guest/windows/cursor_windows.h"

#include <string.h>
#include <windows.h>

#define EDGE_MAX TRANSOM_CURSOR_EDGE_MAX

/* ---- bitmaps ---- */

struct bitmap_size {
  uint32_t width, height;
};

static bool size_of(HBITMAP bitmap, struct bitmap_size *size) {
  BITMAP info;
  if (!GetObjectW(bitmap, sizeof info, &info) || info.bmWidth < 1 || info.bmHeight < 1)
    return false;
  *size = (struct bitmap_size){(uint32_t)info.bmWidth, (uint32_t)info.bmHeight};
  return true;
}

/* 32 bits a pixel, top row first. */
static bool read_colours(HBITMAP bitmap, struct bitmap_size size, uint32_t *pixels) {
  BITMAPINFO info = {.bmiHeader = {.biSize = sizeof info.bmiHeader,
                                   .biWidth = (LONG)size.width,
                                   .biHeight = -(LONG)size.height,
                                   .biPlanes = 1,
                                   .biBitCount = 32,
                                   .biCompression = BI_RGB}};
  const HDC screen = GetDC(NULL);
  if (!screen)
    return false;
  const int rows = GetDIBits(screen, bitmap, 0, size.height, pixels, &info, DIB_RGB_COLORS);
  ReleaseDC(NULL, screen);
  return rows == (int)size.height;
}

/* ---- shapes ---- */

static bool has_alpha(const uint32_t *pixels, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (pixels[i] >> 24)
      return true;
  }
  return false;
}

/* Without alpha the mask decides: black shows the colour, white lets the screen through, inverted by the colour. Colour and screen are then
 * XORed, which for a black colour leaves the screen as it is. */
static enum transom_cursor_type merge_mask(uint32_t *pixels, const uint32_t *mask, size_t count) {
  bool inverts = false;
  for (size_t i = 0; i < count; i++)
    inverts |= (mask[i] & 0xffffff) != 0 && (pixels[i] & 0xffffff) != 0;
  for (size_t i = 0; i < count; i++) {
    const bool through = (mask[i] & 0xffffff) != 0;
    const uint32_t alpha = inverts ? (through ? 0xffu : 0u) : (through ? 0u : 0xffu);
    pixels[i] = (pixels[i] & 0xffffff) | alpha << 24;
  }
  return inverts ? TRANSOM_CURSOR_MASKED : TRANSOM_CURSOR_COLOUR;
}

static bool read_coloured(const ICONINFO *icon, struct transom_cursor_shape *shape, uint8_t pixels[TRANSOM_CURSOR_DATA_MAX]) {
  static uint32_t mask[EDGE_MAX * EDGE_MAX]; /* the agent's thread only: cursors are one a process */
  struct bitmap_size size, mask_size;
  uint32_t *colours = (uint32_t *)(void *)pixels;
  if (!size_of(icon->hbmColor, &size) || size.width > EDGE_MAX || size.height > EDGE_MAX || !read_colours(icon->hbmColor, size, colours))
    return false;
  const size_t count = (size_t)size.width * size.height;
  shape->type = TRANSOM_CURSOR_COLOUR;
  if (!has_alpha(colours, count)) {
    if (!size_of(icon->hbmMask, &mask_size) || mask_size.width != size.width || mask_size.height != size.height ||
        !read_colours(icon->hbmMask, mask_size, mask))
      return false;
    shape->type = merge_mask(colours, mask, count);
  }
  shape->width = size.width;
  shape->height = size.height;
  shape->pitch_bytes = size.width * 4;
  shape->data_bytes = shape->pitch_bytes * size.height;
  return true;
}

static void set_bit(uint8_t *plane, uint32_t x, bool on) {
  if (on)
    plane[x / 8] |= (uint8_t)(0x80 >> (x % 8));
}

/* Two planes one above the other, in Windows as on the wire. */
static bool read_monochrome(const ICONINFO *icon, struct transom_cursor_shape *shape, uint8_t pixels[TRANSOM_CURSOR_DATA_MAX]) {
  static uint32_t bits[EDGE_MAX * EDGE_MAX * 2];
  struct bitmap_size size;
  if (!size_of(icon->hbmMask, &size) || size.width > EDGE_MAX || size.height > EDGE_MAX * 2 || size.height % 2 ||
      !read_colours(icon->hbmMask, size, bits))
    return false;
  shape->type = TRANSOM_CURSOR_MONOCHROME;
  shape->width = size.width;
  shape->height = size.height / 2;
  shape->pitch_bytes = (size.width + 7) / 8;
  shape->data_bytes = shape->pitch_bytes * size.height;
  memset(pixels, 0, shape->data_bytes);
  for (uint32_t y = 0; y < size.height; y++) {
    for (uint32_t x = 0; x < size.width; x++)
      set_bit(pixels + (size_t)y * shape->pitch_bytes, x, (bits[(size_t)y * size.width + x] & 0xffffff) != 0);
  }
  return true;
}

bool cursor_windows_shape(void *handle, struct transom_cursor_shape *shape, uint8_t pixels[TRANSOM_CURSOR_DATA_MAX]) {
  ICONINFO icon;
  if (!GetIconInfo((HICON)handle, &icon))
    return false;
  memset(shape, 0, sizeof *shape);
  const bool good = icon.hbmColor ? read_coloured(&icon, shape, pixels) : read_monochrome(&icon, shape, pixels);
  if (icon.hbmColor)
    DeleteObject(icon.hbmColor);
  if (icon.hbmMask)
    DeleteObject(icon.hbmMask);
  shape->hot_x = icon.xHotspot < shape->width ? icon.xHotspot : 0;
  shape->hot_y = icon.yHotspot < shape->height ? icon.yHotspot : 0;
  return good;
}

/* ---- now ---- */

/* A handle may be another program's and gone by now; then, and where it cannot be read at all, the system's arrow stands for it. */
static bool read_shape(struct cursor_windows *cursor, HCURSOR handle) {
  const HICON copy = CopyIcon((HICON)handle);
  bool good = copy && cursor_windows_shape(copy, &cursor->shape, cursor->pixels);
  if (copy)
    DestroyIcon(copy);
  if (!good)
    good = cursor_windows_shape(LoadCursorW(NULL, IDC_ARROW), &cursor->shape, cursor->pixels);
  return good;
}

/* A program that confines the cursor gives a rectangle smaller than the whole of the desktop. */
static bool is_clipped(void) {
  RECT clip;
  if (!GetClipCursor(&clip))
    return false;
  return clip.right - clip.left < GetSystemMetrics(SM_CXVIRTUALSCREEN) || clip.bottom - clip.top < GetSystemMetrics(SM_CYVIRTUALSCREEN);
}

static bool is_on(const struct screen_output *output, POINT at) {
  return at.x >= output->left && at.y >= output->top && at.x - output->left < (LONG)output->width &&
         at.y - output->top < (LONG)output->height;
}

bool cursor_windows_read(struct cursor_windows *cursor, const struct screen_output *output, struct screen_cursor *out) {
  CURSORINFO info = {.cbSize = sizeof info};
  if (!GetCursorInfo(&info))
    return false;
  if (info.hCursor && info.hCursor != cursor->handle && read_shape(cursor, info.hCursor)) {
    cursor->handle = info.hCursor;
    cursor->serial++;
  }
  *out = (struct screen_cursor){
      .x = info.ptScreenPos.x - output->left,
      .y = info.ptScreenPos.y - output->top,
      .visible = (info.flags & CURSOR_SHOWING) && info.hCursor && is_on(output, info.ptScreenPos),
      .clipped = is_clipped(),
      .shape_serial = cursor->serial,
      .shape = cursor->shape,
      .pixels = cursor->pixels,
  };
  return true;
}
