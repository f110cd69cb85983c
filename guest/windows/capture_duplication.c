#include "guest/windows/capture_duplication.h"

#include "guest/windows/copier_d3d11.h"
#include "guest/windows/cursor_windows.h"
#include "guest/windows/d3d_share.h"
#include "guest/windows/duplication.h"
#include "guest/windows/input_desktop.h"
#include "guest/windows/scrgb_stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REST_MS_MAX 20u               /* whoever asks us to end waits no longer */
#define LOOK_NS UINT64_C(250000000)   /* between looks without news: Windows tells of news */
#define REMOVALS_MAX 3u               /* driver updates and resets; a device that goes away more often is no way */
#define REOPEN_NS UINT64_C(100000000) /* between tries to get the desktop back */
#define NS_A_MS UINT64_C(1000000)

struct capture_duplication {
  struct screen_capture capture;
  struct capture_duplication_options options;
  struct screen_output output;
  struct input_desktop desktop;
  ID3D11Device *device;
  ID3D11DeviceContext *context;
  ID3D12Device *device_12;
  struct d3d_share share;
  struct copier_d3d12 *copier_12;
  struct copier_d3d11 *copier_11;
  struct duplication duplication;
  struct scrgb_stage stage; /* `convert` NULL: the desktop is not in scRGB */
  ID3D11Texture2D *texture; /* of the frame at hand */
  uint64_t reopen_ns;
  uint32_t removals;
  struct cursor_windows cursor;
};

/* ---- devices and copiers ---- */

static void close_devices(struct capture_duplication *self) {
  duplication_close(&self->duplication);
  scrgb_stage_finish(&self->stage);
  copier_d3d12_destroy(self->copier_12);
  copier_d3d11_destroy(self->copier_11);
  self->copier_12 = NULL;
  self->copier_11 = NULL;
  d3d_share_finish(&self->share);
  COM_RELEASE(self->device_12);
  COM_RELEASE(self->context);
  COM_RELEASE(self->device);
}

static bool open_copier_12(struct capture_duplication *self, IDXGIAdapter1 *adapter, char why[D3D_ERROR_BYTES]) {
  const struct copier_d3d12_options options = {.base = self->options.way == CAPTURE_WAY_DIRECT ? self->options.base : NULL,
                                               .bytes = self->options.bytes,
                                               .full_copies = self->options.full_copies,
                                               .timeout_ms = COPIER_D3D12_TIMEOUT_MS};
  const char *what = "a Direct3D 12 device";
  HRESULT result = d3d_device_create_12(adapter, &self->device_12);
  if (SUCCEEDED(result))
    result = d3d_share_init(&self->share, self->device, self->context, self->device_12, &what);
  if (FAILED(result)) {
    d3d_error_text(what, result, why);
    return false;
  }
  self->copier_12 = copier_d3d12_create(self->device_12, &options, why);
  return self->copier_12 != NULL;
}

static bool open_copier_11(struct capture_duplication *self, char why[D3D_ERROR_BYTES]) {
  self->copier_11 = copier_d3d11_create(self->device, self->context, self->options.full_copies);
  if (!self->copier_11)
    snprintf(why, D3D_ERROR_BYTES, "out of memory");
  return self->copier_11 != NULL;
}

static bool open_devices(struct capture_duplication *self, char why[D3D_ERROR_BYTES]) {
  IDXGIAdapter1 *adapter = d3d_device_adapter(self->output.adapter);
  const HRESULT result = adapter ? d3d_device_create_11(adapter, &self->device, &self->context) : DXGI_ERROR_NOT_FOUND;
  bool good = SUCCEEDED(result);
  if (!good)
    d3d_error_text("a Direct3D 11 device", result, why);
  else
    good = self->options.way == CAPTURE_WAY_STAGING ? open_copier_11(self, why) : open_copier_12(self, adapter, why);
  COM_RELEASE(adapter);
  if (!good)
    close_devices(self);
  return good;
}

/* ---- opening the desktop ---- */

/* A desktop of halves needs a stage, from its first frame on; any other has none. */
static int require_stage(struct capture_duplication *self) {
  if (self->duplication.mode.format != TRANSOM_FORMAT_RGBA16F) {
    scrgb_stage_finish(&self->stage);
    return 0;
  }
  if (self->stage.convert)
    return 0;
  char why[D3D_ERROR_BYTES] = "";
  const struct scrgb_stage_options options = {.pass = {.pq = self->duplication.pq, .shareable = self->options.way != CAPTURE_WAY_STAGING},
                                              .no_gpu = self->options.no_gpu_convert};
  if (!scrgb_stage_init(&self->stage, self->device, self->context, &options, why)) {
    snprintf(self->capture.text, sizeof self->capture.text, "out of memory for converting the desktop's colours");
    return -EIO;
  }
  if (why[0])
    snprintf(self->capture.hint, sizeof self->capture.hint, "the processor converts its colours: %.110s", why);
  return 0;
}

/* 0; -ENODEV no display; -ENOTSUP not now; -EIO not this way. capture->text says why. */
static int open_desktop(struct capture_duplication *self) {
  char *text = self->capture.text;
  struct screen_outputs outputs;
  if (!screen_output_list(&outputs) || self->options.output >= outputs.count) {
    screen_output_advice(&outputs, text, sizeof self->capture.text);
    return -ENODEV;
  }
  const struct screen_output *wanted = &outputs.list[self->options.output];
  if (self->device && wanted->adapter != self->output.adapter)
    close_devices(self);
  self->output = *wanted;
  self->capture.period_ns = screen_output_period_ns(wanted);
  self->capture.hint[0] = 0;
  if (wanted->emulated && outputs.idle_gpus)
    screen_output_advice(&outputs, self->capture.hint, sizeof self->capture.hint);
  if (!self->device && !open_devices(self, text))
    return -EIO;
  scrgb_stage_finish(&self->stage); /* the output may show another range now */
  const HRESULT result = duplication_open(&self->duplication, self->device, wanted);
  if (SUCCEEDED(result))
    return 0;
  d3d_error_text("Desktop Duplication", result, text);
  return duplication_is_transient(result) ? -ENOTSUP : -EIO;
}

static int require_desktop(struct capture_duplication *self, uint64_t now_ns) {
  if (input_desktop_follow(&self->desktop))
    duplication_close(&self->duplication);
  if (self->duplication.output)
    return 0;
  if (now_ns < self->reopen_ns)
    return -EAGAIN;
  const int error = open_desktop(self);
  self->reopen_ns = error ? now_ns + REOPEN_NS : 0;
  return error;
}

/* Access is lost at each mode change and desktop switch: an ordinary event. A device is removed by a driver update, or by our own doing. */
static int lose(struct capture_duplication *self, HRESULT result) {
  d3d_error_text("Desktop Duplication", result, self->capture.text);
  duplication_close(&self->duplication);
  if (result == DXGI_ERROR_UNSUPPORTED) /* a format that nobody knows: it would be the same again */
    return -EIO;
  if (!self->device || SUCCEEDED(ID3D11Device_GetDeviceRemovedReason(self->device)))
    return -EAGAIN;
  close_devices(self);
  return ++self->removals < REMOVALS_MAX ? -EAGAIN : -EIO;
}

/* ---- frames ---- */

static int give_texture(struct capture_duplication *self, struct screen_frame *frame) {
  ID3D11Texture2D *texture = self->texture;
  const int error = require_stage(self);
  if (error)
    return error;
  if (self->stage.convert)
    scrgb_stage_apply(&self->stage, frame, &texture);
  if (self->copier_11) {
    copier_d3d11_source(self->copier_11, texture);
    frame->copier = copier_d3d11_seam(self->copier_11);
    return 0;
  }
  ID3D12Resource *shared;
  const HRESULT result = d3d_share_texture(&self->share, texture, &shared);
  if (FAILED(result)) {
    d3d_error_text("the desktop's texture in Direct3D 12", result, self->capture.text);
    return -EIO;
  }
  copier_d3d12_source(self->copier_12, shared, self->share.fence_12, self->share.value);
  frame->copier = copier_d3d12_seam(self->copier_12);
  return 0;
}

static int take_frame(struct capture_duplication *self, uint64_t now_ns, struct screen_frame *frame) {
  struct transom_damage damage;
  const HRESULT result = duplication_take(&self->duplication, &damage, &self->texture);
  if (FAILED(result))
    return lose(self, result);
  if (result == S_FALSE)
    return -EAGAIN;
  *frame = (struct screen_frame){.mode = self->duplication.mode,
                                 .rotation = self->duplication.rotation,
                                 .acquired_ns = now_ns,
                                 .damage_known = true,
                                 .damage = damage};
  const int error = give_texture(self, frame);
  if (error)
    COM_RELEASE(self->texture);
  return error;
}

static const char *copier_fault(const struct capture_duplication *self) {
  return self->copier_11 ? copier_d3d11_fault(self->copier_11) : self->copier_12 ? copier_d3d12_fault(self->copier_12) : NULL;
}

static int acquire(struct screen_capture *capture, uint64_t now_ns, struct screen_frame *frame) {
  struct capture_duplication *self = (struct capture_duplication *)capture;
  const char *fault = copier_fault(self);
  if (fault) {
    snprintf(capture->text, sizeof capture->text, "%s", fault);
    return -EIO;
  }
  const int error = require_desktop(self, now_ns);
  if (error)
    return error;
  const HRESULT result = duplication_wait(&self->duplication, 0);
  if (result == DXGI_ERROR_WAIT_TIMEOUT)
    return -EAGAIN;
  return FAILED(result) ? lose(self, result) : take_frame(self, now_ns, frame);
}

static void release(struct screen_capture *capture) {
  struct capture_duplication *self = (struct capture_duplication *)capture;
  COM_RELEASE(self->texture);
}

static bool cursor(struct screen_capture *capture, struct screen_cursor *out) {
  struct capture_duplication *self = (struct capture_duplication *)capture;
  return self->output.width && cursor_windows_read(&self->cursor, &self->output, out);
}

static uint64_t next_ns(struct screen_capture *capture, uint64_t now_ns) {
  const struct capture_duplication *self = (const struct capture_duplication *)capture;
  return now_ns + (self->duplication.output ? LOOK_NS : REOPEN_NS);
}

static bool rest(struct screen_capture *capture, uint64_t now_ns, uint64_t until_ns) {
  struct capture_duplication *self = (struct capture_duplication *)capture;
  const uint64_t wanted_ms = until_ns > now_ns ? (until_ns - now_ns) / NS_A_MS : 0;
  const uint32_t ms = wanted_ms < REST_MS_MAX ? (uint32_t)wanted_ms : REST_MS_MAX;
  if (!self->duplication.output) {
    Sleep(ms);
    return false;
  }
  return duplication_wait(&self->duplication, ms) != DXGI_ERROR_WAIT_TIMEOUT; /* what else it says, acquire() finds as well */
}

static void destroy(struct screen_capture *capture) {
  struct capture_duplication *self = (struct capture_duplication *)capture;
  COM_RELEASE(self->texture);
  close_devices(self);
  input_desktop_finish(&self->desktop);
  free(self);
}

static const struct screen_capture_impl impls[] = {
    [CAPTURE_WAY_DIRECT] = {"duplication, d3d12-direct", acquire, release, cursor, next_ns, rest, destroy},
    [CAPTURE_WAY_READBACK] = {"duplication, d3d12-readback", acquire, release, cursor, next_ns, rest, destroy},
    [CAPTURE_WAY_STAGING] = {"duplication, d3d11-staging", acquire, release, cursor, next_ns, rest, destroy},
};

struct screen_capture *capture_duplication_create(const struct capture_duplication_options *options, char why[D3D_ERROR_BYTES]) {
  struct capture_duplication *self = calloc(1, sizeof *self);
  if (!self) {
    snprintf(why, D3D_ERROR_BYTES, "out of memory");
    return NULL;
  }
  self->capture = (struct screen_capture){.impl = &impls[options->way], .period_ns = 16666667, .cursor_apart = true, .rests = true};
  self->options = *options;
  struct input_desktop here = {.first = NULL}; /* another thread may look at the screen: there, acquire() follows */
  input_desktop_follow(&here);
  const int error = open_desktop(self);
  input_desktop_finish(&here);
  if (error != -EIO)
    return &self->capture;
  snprintf(why, D3D_ERROR_BYTES, "%s", self->capture.text);
  destroy(&self->capture);
  return NULL;
}
