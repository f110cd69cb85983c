#include "guest/windows/selftest_checks.h"

#include "common/clock.h"
#include "guest/core/scrgb_convert.h"
#include "guest/windows/copier_d3d11.h"
#include "guest/windows/screen_output.h"
#include "guest/windows/scrgb_pass.h"

#include <stdlib.h>

#define EDGE 256u /* a pixel for every half */
#define PIXELS (EDGE * EDGE)
#define CODE_MAX 1023u
#define NEIGHBOUR 1 /* codes: a GPU's pow() is as exact as its maker likes */
#define HALF_INFINITY 0x7c00u
#define HALF_ONE 0x3c00u

struct trial {
  ID3D11Device *device;
  ID3D11DeviceContext *context;
  struct scrgb_pass *pass;
  struct scrgb_convert *convert;
  ID3D11Texture2D *texture;
  double made_ms;
  char why[D3D_ERROR_BYTES];
  uint16_t halves[PIXELS][4];
  uint32_t by_gpu[PIXELS], by_processor[PIXELS];
};

/* Every finite half as a grey; no compositor makes the others. */
static void paint(struct trial *trial) {
  for (uint32_t i = 0; i < PIXELS; i++) {
    const uint16_t half = (uint16_t)((i & HALF_INFINITY) == HALF_INFINITY ? 0 : i);
    for (uint32_t c = 0; c < 3; c++)
      trial->halves[i][c] = half;
    trial->halves[i][3] = HALF_ONE;
  }
}

/* On the adapter of the output that would be captured. */
static bool open_device(struct trial *trial, const struct agent_settings *settings) {
  struct screen_outputs outputs;
  const bool known = screen_output_list(&outputs) && settings->output < outputs.count;
  IDXGIAdapter1 *adapter = known ? d3d_device_adapter(outputs.list[settings->output].adapter) : NULL;
  const HRESULT result = d3d_device_create_11(adapter, &trial->device, &trial->context);
  COM_RELEASE(adapter);
  if (FAILED(result))
    d3d_error_text("a Direct3D 11 device", result, trial->why);
  return SUCCEEDED(result);
}

static bool make(struct trial *trial, bool pq) {
  static const D3D11_TEXTURE2D_DESC desc = {.Width = EDGE,
                                            .Height = EDGE,
                                            .MipLevels = 1,
                                            .ArraySize = 1,
                                            .Format = DXGI_FORMAT_R16G16B16A16_FLOAT,
                                            .SampleDesc = {.Count = 1},
                                            .BindFlags = D3D11_BIND_SHADER_RESOURCE};
  const D3D11_SUBRESOURCE_DATA data = {.pSysMem = trial->halves, .SysMemPitch = sizeof trial->halves[0] * EDGE};
  const struct scrgb_pass_options options = {.pq = pq};
  const uint64_t began_ns = clock_raw_ns();
  trial->pass = scrgb_pass_create(trial->device, trial->context, &options, trial->why);
  trial->made_ms = (double)(clock_raw_ns() - began_ns) / 1e6;
  trial->convert = scrgb_convert_create(pq);
  if (!trial->pass || !trial->convert)
    return false;
  const HRESULT result = ID3D11Device_CreateTexture2D(trial->device, &desc, &data, &trial->texture);
  if (FAILED(result))
    d3d_error_text("a texture of halves", result, trial->why);
  return SUCCEEDED(result);
}

static bool read_back(struct trial *trial, ID3D11Texture2D *texture) {
  const struct frame_copy copy = {.mode = {EDGE, EDGE, TRANSOM_FORMAT_RGB10A2, 0},
                                  .slot = (uint8_t *)trial->by_gpu,
                                  .pitch_bytes = EDGE * sizeof trial->by_gpu[0],
                                  .band_rows = EDGE};
  struct copier_d3d11 *copier = copier_d3d11_create(trial->device, trial->context, true);
  if (!copier)
    return false;
  struct frame_copier *seam = copier_d3d11_seam(copier);
  uint32_t rows = 0;
  copier_d3d11_source(copier, texture);
  int error = seam->impl->start(seam, &copy);
  while (!error && rows < EDGE)
    error = seam->impl->wait(seam, &rows);
  copier_d3d11_destroy(copier);
  return !error;
}

static bool run(struct trial *trial) {
  static const struct transom_damage everything = {.full = true};
  ID3D11Texture2D *drawn = NULL;
  const HRESULT result = scrgb_pass_draw(trial->pass, trial->texture, &everything, &drawn);
  if (FAILED(result) || !read_back(trial, drawn)) {
    d3d_error_text("drawing and reading back", result, trial->why);
    return false;
  }
  scrgb_convert_row(trial->convert, trial->by_processor, trial->halves, PIXELS);
  return true;
}

static int largest_difference(const struct trial *trial) {
  int most = 0;
  for (uint32_t i = 0; i < PIXELS; i++) {
    for (uint32_t shift = 0; shift < 30; shift += 10) {
      const int gpu = (int)(trial->by_gpu[i] >> shift & CODE_MAX), processor = (int)(trial->by_processor[i] >> shift & CODE_MAX);
      most = abs(gpu - processor) > most ? abs(gpu - processor) : most;
    }
  }
  return most;
}

static void try_curve(struct selftest_report *report, struct trial *trial, bool pq) {
  const char *subject = pq ? "HDR (PQ) by the GPU" : "wide gamut (sRGB) by the GPU";
  if (make(trial, pq) && run(trial)) {
    const int most = largest_difference(trial);
    selftest_report_add(report, most <= NEIGHBOUR ? SELFTEST_PASS : SELFTEST_FAIL, subject,
                        "made in %.0f ms, at most %d of %u codes beside the processor's", trial->made_ms, most, CODE_MAX);
  } else {
    selftest_report_add(report, SELFTEST_FAIL, subject, "%s: the processor does it", trial->why);
  }
  COM_RELEASE(trial->texture);
  scrgb_convert_destroy(trial->convert);
  scrgb_pass_destroy(trial->pass);
  trial->convert = NULL;
  trial->pass = NULL;
}

void selftest_conversion(struct selftest_report *report, const struct agent_settings *settings) {
  struct trial *trial = calloc(1, sizeof *trial);
  if (!trial)
    return;
  paint(trial);
  if (!open_device(trial, settings)) {
    selftest_report_add(report, SELFTEST_FAIL, "HDR (PQ) by the GPU", "%s", trial->why);
  } else {
    try_curve(report, trial, true);
    try_curve(report, trial, false);
  }
  COM_RELEASE(trial->context);
  COM_RELEASE(trial->device);
  free(trial);
}
