#define LOG_MODULE "drm"
#include "guest/linux/capture_drm.h"

#include "common/log.h"
#include "guest/core/pixel_convert.h"
#include "guest/linux/capture_drm_cursor.h"
#include "guest/linux/drm_buffer.h"
#include "protocol/validate.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define CARDS_MAX 64
#define REOPEN_NS UINT64_C(1000000000)  /* a device that is not there is looked for so often */
#define RECOUNT_NS UINT64_C(1000000000) /* and whether the outputs before ours are still as many */
#define SECOND_NS UINT64_C(1000000000)
#ifndef DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT
#define DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT 6 /* Linux 6.6: without it, virtual cards hide their cursor plane from us */
#endif

struct drm_screen {
  struct screen_capture capture;
  int wanted_card, card, fd; /* fd -1 = not open */
  uint32_t wanted_screen;    /* active outputs before ours */
  uint64_t reopen_ns, recount_ns;
  uint32_t crtc_id;         /* 0 = none active */
  uint32_t active_property; /* of the CRTC; 0 = it has none */
  struct drm_buffers buffers;
  struct drm_picture picture; /* between acquire and release */
  struct drm_cursor cursor;
  uint8_t *converted; /* for formats that the wire does not have */
  size_t converted_bytes;
  uint32_t logged_fourcc, logged_width, logged_height; /* so that each mode is logged once */
};

/* What a fourcc is on the wire; `row` NULL = the same bytes. */
struct drm_format {
  uint32_t fourcc;
  enum transom_format format;
  uint32_t pixel_bytes; /* in the framebuffer */
  pixel_convert_row row;
};

static const struct drm_format formats[] = {
    {DRM_FORMAT_XRGB8888, TRANSOM_FORMAT_BGRA8, 4, NULL},
    {DRM_FORMAT_ARGB8888, TRANSOM_FORMAT_BGRA8, 4, NULL},
    {DRM_FORMAT_XBGR8888, TRANSOM_FORMAT_RGBA8, 4, NULL},
    {DRM_FORMAT_ABGR8888, TRANSOM_FORMAT_RGBA8, 4, NULL},
    {DRM_FORMAT_XBGR2101010, TRANSOM_FORMAT_RGB10A2, 4, NULL},
    {DRM_FORMAT_ABGR2101010, TRANSOM_FORMAT_RGB10A2, 4, NULL},
    {DRM_FORMAT_XRGB2101010, TRANSOM_FORMAT_RGB10A2, 4, pixel_convert_xrgb2101010_to_rgb10a2},
    {DRM_FORMAT_ARGB2101010, TRANSOM_FORMAT_RGB10A2, 4, pixel_convert_xrgb2101010_to_rgb10a2},
    {DRM_FORMAT_XBGR16161616F, TRANSOM_FORMAT_RGBA16F, 8, NULL},
    {DRM_FORMAT_ABGR16161616F, TRANSOM_FORMAT_RGBA16F, 8, NULL},
    {DRM_FORMAT_RGB888, TRANSOM_FORMAT_BGRA8, 3, pixel_convert_bgr888_to_bgra8},
    {DRM_FORMAT_RGB565, TRANSOM_FORMAT_BGRA8, 2, pixel_convert_rgb565_to_bgra8},
};

static const struct drm_format *find_format(uint32_t fourcc) {
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    if (formats[i].fourcc == fourcc)
      return &formats[i];
  }
  return NULL;
}

/* ---- the card ---- */

static void close_card(struct drm_screen *screen) {
  drm_cursor_finish(&screen->cursor);
  drm_buffers_finish(&screen->buffers);
  if (screen->fd >= 0)
    close(screen->fd);
  screen->fd = -1;
  screen->crtc_id = 0;
}

/* Whoever opens a card first becomes its master, which would keep X or a compositor from it: we only watch. */
static int open_card(int number) {
  char path[32];
  snprintf(path, sizeof path, "/dev/dri/card%d", number);
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return -1;
  drmDropMaster(fd);
  drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
  drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1); /* shows the planes' positions */
  drmSetClientCap(fd, DRM_CLIENT_CAP_CURSOR_PLANE_HOTSPOT, 1);
  return fd;
}

static bool is_active(const drmModeCrtc *crtc) { return crtc && crtc->mode_valid && crtc->buffer_id; }

/* The CRTC that shows something and has `before` others that do before it; 0 = there are only `*count` of them. */
static uint32_t find_active_crtc(int fd, uint32_t before, uint32_t *index, uint32_t *count) {
  drmModeRes *resources = drmModeGetResources(fd);
  uint32_t found = 0, active = 0;
  for (int i = 0; resources && i < resources->count_crtcs && !found; i++) {
    drmModeCrtc *crtc = drmModeGetCrtc(fd, resources->crtcs[i]);
    if (is_active(crtc) && active++ == before) {
      found = crtc->crtc_id;
      *index = (uint32_t)i;
    }
    drmModeFreeCrtc(crtc);
  }
  drmModeFreeResources(resources);
  *count = active;
  return found;
}

/* Power saving switches a CRTC off without taking its mode or buffer away. Cards without the property are taken to be on. */
static bool is_powered(const struct drm_screen *screen) {
  drmModeObjectProperties *properties = drmModeObjectGetProperties(screen->fd, screen->crtc_id, DRM_MODE_OBJECT_CRTC);
  bool powered = true;
  for (uint32_t i = 0; properties && screen->active_property && i < properties->count_props; i++) {
    if (properties->props[i] == screen->active_property)
      powered = properties->prop_values[i] != 0;
  }
  drmModeFreeObjectProperties(properties);
  return powered;
}

static uint32_t find_active_property(const struct drm_screen *screen) {
  drmModeObjectProperties *properties = drmModeObjectGetProperties(screen->fd, screen->crtc_id, DRM_MODE_OBJECT_CRTC);
  uint32_t found = 0;
  for (uint32_t i = 0; properties && i < properties->count_props && !found; i++) {
    drmModePropertyRes *property = drmModeGetProperty(screen->fd, properties->props[i]);
    if (property && strcmp(property->name, "ACTIVE") == 0)
      found = properties->props[i];
    drmModeFreeProperty(property);
  }
  drmModeFreeObjectProperties(properties);
  return found;
}

/* What belongs to a CRTC once it is ours: looked up here, read before each frame. */
static void adopt_crtc(struct drm_screen *screen, uint32_t crtc_id, uint32_t index) {
  screen->crtc_id = crtc_id;
  screen->active_property = 0;
  screen->cursor.plane_id = 0;
  if (!crtc_id)
    return;
  screen->active_property = find_active_property(screen);
  drm_cursor_find(&screen->cursor, screen->fd, crtc_id, index);
}

/* `*before`: outputs that are still to be passed over. */
static bool use_card(struct drm_screen *screen, int number, uint32_t *before) {
  uint32_t index = 0, count;
  const int fd = open_card(number);
  if (fd < 0)
    return false;
  const uint32_t crtc_id = find_active_crtc(fd, *before, &index, &count);
  if (!crtc_id && screen->wanted_card < 0) {
    *before -= count;
    close(fd);
    return false;
  }
  screen->fd = fd;
  screen->card = number;
  adopt_crtc(screen, crtc_id, index);
  return true;
}

/* The card that was asked for, or any that shows something. */
static bool find_card(struct drm_screen *screen) {
  uint32_t before = screen->wanted_screen;
  if (screen->wanted_card >= 0)
    return use_card(screen, screen->wanted_card, &before);
  for (int number = 0; number < CARDS_MAX; number++) {
    if (use_card(screen, number, &before))
      return true;
  }
  return false;
}

static int no_display(struct drm_screen *screen, uint64_t now_ns, const char *text) {
  snprintf(screen->capture.text, sizeof screen->capture.text, "%s", text);
  close_card(screen);
  screen->reopen_ns = now_ns + REOPEN_NS;
  screen->logged_fourcc = 0;
  return -ENODEV;
}

/* ---- the CRTC ---- */

static uint64_t period_of(const drmModeModeInfo *mode) {
  const uint64_t hertz = mode->vrefresh >= 1 && mode->vrefresh <= 1000 ? mode->vrefresh : 60;
  return SECOND_NS / hertz;
}

/* How many outputs of the cards before ours show something. */
static uint32_t count_on_other_cards(const struct drm_screen *screen) {
  uint32_t total = 0;
  for (int number = 0; screen->wanted_card < 0 && number < screen->card; number++) {
    const int fd = open_card(number);
    uint32_t index, count = 0;
    if (fd < 0)
      continue;
    find_active_crtc(fd, UINT32_MAX, &index, &count);
    close(fd);
    total += count;
  }
  return total;
}

/* The one that is ours by now: others come and go. */
static void choose_crtc(struct drm_screen *screen) {
  uint32_t index = 0, count;
  const uint32_t elsewhere = count_on_other_cards(screen);
  const uint32_t crtc_id =
      elsewhere <= screen->wanted_screen ? find_active_crtc(screen->fd, screen->wanted_screen - elsewhere, &index, &count) : 0;
  if (crtc_id != screen->crtc_id)
    adopt_crtc(screen, crtc_id, index);
}

/* The CRTC as it is now, or another one of the card if that has gone dark. NULL: nothing is shown. */
static drmModeCrtc *active_crtc(struct drm_screen *screen, uint64_t now_ns) {
  drmModeCrtc *crtc = screen->crtc_id ? drmModeGetCrtc(screen->fd, screen->crtc_id) : NULL;
  if (is_active(crtc) && now_ns < screen->recount_ns)
    return crtc;
  drmModeFreeCrtc(crtc);
  choose_crtc(screen);
  screen->recount_ns = now_ns + RECOUNT_NS;
  return screen->crtc_id ? drmModeGetCrtc(screen->fd, screen->crtc_id) : NULL;
}

static void log_mode(struct drm_screen *screen, const drmModeCrtc *crtc) {
  const uint32_t fourcc = screen->picture.fourcc;
  if (fourcc == screen->logged_fourcc && crtc->width == screen->logged_width && crtc->height == screen->logged_height)
    return;
  log_info("card%d shows %ux%u at %u Hz, format %.4s, %s cursor plane", screen->card, crtc->width, crtc->height, crtc->mode.vrefresh,
           (const char *)&fourcc, screen->cursor.plane_id ? "a" : "no");
  screen->logged_fourcc = fourcc;
  screen->logged_width = crtc->width;
  screen->logged_height = crtc->height;
}

/* ---- the picture ---- */

static bool convert(struct drm_screen *screen, const struct drm_format *format, struct screen_frame *frame) {
  const size_t pitch = (size_t)frame->mode.width * validate_format_bytes(format->format), bytes = pitch * frame->mode.height;
  if (screen->converted_bytes < bytes) {
    free(screen->converted);
    screen->converted = malloc(bytes);
    screen->converted_bytes = screen->converted ? bytes : 0;
  }
  if (!screen->converted)
    return false;
  for (uint32_t y = 0; y < frame->mode.height; y++)
    format->row(screen->converted + y * pitch, frame->pixels + y * frame->pitch_bytes, frame->mode.width);
  frame->pixels = screen->converted;
  frame->pitch_bytes = pitch;
  return true;
}

/* The part of the framebuffer that the CRTC shows. */
static int cut_out(struct drm_screen *screen, const drmModeCrtc *crtc, struct screen_frame *frame) {
  const struct drm_picture *picture = &screen->picture;
  char *text = screen->capture.text;
  const struct drm_format *format = find_format(picture->fourcc);
  if (!format) {
    snprintf(text, sizeof screen->capture.text, "the screen's format %.4s is not known to the agent", (const char *)&picture->fourcc);
    return -ENOTSUP;
  }
  if ((uint64_t)crtc->x + crtc->width > picture->width || (uint64_t)crtc->y + crtc->height > picture->height) {
    snprintf(text, sizeof screen->capture.text, "the mode %ux%u is larger than its buffer %ux%u", crtc->width, crtc->height, picture->width,
             picture->height);
    return -ENOTSUP;
  }
  *frame = (struct screen_frame){
      .mode = {.width = crtc->width, .height = crtc->height, .format = format->format},
      .pixels = picture->pixels + (size_t)crtc->y * picture->pitch_bytes + (size_t)crtc->x * format->pixel_bytes,
      .pitch_bytes = picture->pitch_bytes,
  };
  drm_picture_begin(picture);
  if (!format->row || convert(screen, format, frame))
    return 0;
  drm_picture_end(picture);
  snprintf(text, sizeof screen->capture.text, "out of memory for converting the screen's format");
  return -ENOTSUP;
}

static int read_crtc(struct drm_screen *screen, const drmModeCrtc *crtc, uint64_t now_ns, struct screen_frame *frame) {
  const int error =
      drm_buffers_get(&screen->buffers, screen->fd, crtc->buffer_id, &screen->picture, screen->capture.text, sizeof screen->capture.text);
  if (error == -ENOTSUP || error == -EACCES)
    return -ENOTSUP;
  if (error == -ENOENT)
    return -EAGAIN; /* replaced between two calls: next time */
  if (error)
    return no_display(screen, now_ns, "the display device is gone");
  const int result = cut_out(screen, crtc, frame);
  if (result)
    return result;
  screen->capture.period_ns = period_of(&crtc->mode);
  frame->acquired_ns = now_ns;
  log_mode(screen, crtc);
  return 0;
}

static int acquire(struct screen_capture *capture, uint64_t now_ns, struct screen_frame *frame) {
  struct drm_screen *screen = (struct drm_screen *)capture;
  if (screen->fd < 0) {
    if (now_ns < screen->reopen_ns)
      return -EAGAIN;
    if (!find_card(screen))
      return no_display(screen, now_ns, "no active display: no /dev/dri/card* shows anything");
  }
  drmModeCrtc *crtc = active_crtc(screen, now_ns);
  if (!crtc)
    return no_display(screen, now_ns, "no active display: the screen is off");
  int result = -ENODEV;
  if (is_powered(screen))
    result = read_crtc(screen, crtc, now_ns, frame);
  else
    snprintf(capture->text, sizeof capture->text, "the guest's screen is off to save power: a key in the guest wakes it");
  drmModeFreeCrtc(crtc);
  return result;
}

static void release(struct screen_capture *capture) { drm_picture_end(&((struct drm_screen *)capture)->picture); }

static bool cursor(struct screen_capture *capture, struct screen_cursor *cursor) {
  struct drm_screen *screen = (struct drm_screen *)capture;
  return screen->fd >= 0 && drm_cursor_read(&screen->cursor, screen->fd, cursor);
}

static void destroy(struct screen_capture *capture) {
  struct drm_screen *screen = (struct drm_screen *)capture;
  close_card(screen);
  free(screen->converted);
  free(screen);
}

static const struct screen_capture_impl impl = {
    .name = "drm", .acquire = acquire, .release = release, .cursor = cursor, .destroy = destroy};

struct screen_capture *capture_drm_create(int card, uint32_t wanted_screen) {
  struct drm_screen *screen = calloc(1, sizeof *screen);
  if (!screen)
    return NULL;
  screen->capture.impl = &impl;
  screen->capture.period_ns = SECOND_NS / 60;
  screen->wanted_card = card;
  screen->wanted_screen = wanted_screen;
  screen->fd = -1;
  drm_buffers_init(&screen->buffers);
  drm_cursor_init(&screen->cursor);
  return &screen->capture;
}
