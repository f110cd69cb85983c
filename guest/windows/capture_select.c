#include "guest/windows/capture_select.h"

#include "guest/windows/capture_duplication.h"
#include "guest/windows/capture_gdi.h"
#include "guest/windows/d3d_device.h"
#include "guest/windows/direct_ban.h"
#include "guest/windows/texture_card.h"

#include <stdio.h>
#include <string.h>

bool capture_select_fault(const struct agent_settings *settings, const char *step) {
  const size_t length = strlen(step);
  for (const char *at = settings->fault; (at = strstr(at, step)) != NULL; at += length) {
    const bool begins = at == settings->fault || at[-1] == ',', ends = at[length] == 0 || at[length] == ',';
    if (begins && ends)
      return true;
  }
  return false;
}

/* True when the rung is told to fail. */
static bool pretends(const struct capture_select *select, const char *step, char why[CAPTURE_LADDER_WHY_BYTES]) {
  if (!capture_select_fault(select->settings, step))
    return false;
  snprintf(why, CAPTURE_LADDER_WHY_BYTES, "told to fail by --fault %s", step);
  return true;
}

/* ---- the test card in a texture ---- */

static struct screen_capture *create_texture_12(const struct capture_select *select, bool direct, char why[CAPTURE_LADDER_WHY_BYTES]) {
  const struct copier_d3d12_options options = {.base = direct ? (void *)(uintptr_t)select->device->base : NULL,
                                               .bytes = select->device->bytes,
                                               .full_copies = select->settings->full_copies,
                                               .timeout_ms = COPIER_D3D12_TIMEOUT_MS};
  ID3D12Device *device = NULL;
  const HRESULT result = d3d_device_create_12(NULL, &device);
  if (FAILED(result)) {
    d3d_error_text("a Direct3D 12 device", result, why);
    return NULL;
  }
  struct screen_capture *capture = texture_card_create_12(select->card, device, &options, why);
  COM_RELEASE(device);
  return capture;
}

static struct screen_capture *texture_direct(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) {
  return pretends(user_data, "direct", why) ? NULL : create_texture_12(user_data, true, why);
}

static struct screen_capture *texture_readback(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) {
  return pretends(user_data, "readback", why) ? NULL : create_texture_12(user_data, false, why);
}

static struct screen_capture *texture_staging(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) {
  const struct capture_select *select = user_data;
  return pretends(select, "staging", why) ? NULL : texture_card_create_11(select->card, select->settings->full_copies, why);
}

/* ---- the desktop ---- */

static struct screen_capture *create_duplication(const struct capture_select *select, enum capture_way way, const char *step,
                                                 char why[CAPTURE_LADDER_WHY_BYTES]) {
  const struct capture_duplication_options options = {.output = (uint32_t)select->settings->output,
                                                      .way = way,
                                                      .base = (void *)(uintptr_t)select->device->base,
                                                      .bytes = select->device->bytes,
                                                      .full_copies = select->settings->full_copies,
                                                      .no_gpu_convert = capture_select_fault(select->settings, "convert")};
  if (pretends(select, "duplication", why) || pretends(select, step, why))
    return NULL;
  return capture_duplication_create(&options, why);
}

static struct screen_capture *desktop_direct(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) {
  return create_duplication(user_data, CAPTURE_WAY_DIRECT, "direct", why);
}

static struct screen_capture *desktop_readback(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) {
  return create_duplication(user_data, CAPTURE_WAY_READBACK, "readback", why);
}

static struct screen_capture *desktop_staging(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) {
  return create_duplication(user_data, CAPTURE_WAY_STAGING, "staging", why);
}

static struct screen_capture *gdi(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) {
  const struct capture_select *select = user_data;
  if (pretends(select, "gdi", why))
    return NULL;
  snprintf(why, CAPTURE_LADDER_WHY_BYTES, "out of memory");
  return capture_gdi_create((uint32_t)select->settings->output);
}

/* ---- choosing ---- */

struct way {
  int source, copy; /* enum agent_source, enum agent_copy; AGENT_COPY_AUTO = it has none of its own */
  struct capture_rung rung;
};

static const struct way ways[] = {
    {AGENT_SOURCE_DUPLICATION, AGENT_COPY_DIRECT, {"Desktop Duplication, copied by the GPU into the region", desktop_direct}},
    {AGENT_SOURCE_DUPLICATION, AGENT_COPY_READBACK, {"Desktop Duplication, read back from the GPU", desktop_readback}},
    {AGENT_SOURCE_DUPLICATION, AGENT_COPY_STAGING, {"Desktop Duplication, by Direct3D 11", desktop_staging}},
    {AGENT_SOURCE_TEXTURE, AGENT_COPY_DIRECT, {"the test card, copied by the GPU into the region", texture_direct}},
    {AGENT_SOURCE_TEXTURE, AGENT_COPY_READBACK, {"the test card, read back from the GPU", texture_readback}},
    {AGENT_SOURCE_TEXTURE, AGENT_COPY_STAGING, {"the test card, by Direct3D 11", texture_staging}},
    {AGENT_SOURCE_GDI, AGENT_COPY_AUTO, {"GDI", gdi}},
};

static bool is_wanted(const struct agent_settings *settings, const struct way *way) {
  const bool source = settings->source == way->source || (settings->source == AGENT_SOURCE_AUTO && way->source != AGENT_SOURCE_TEXTURE);
  if (way->copy == AGENT_COPY_DIRECT && settings->copy == AGENT_COPY_AUTO && direct_ban_is_set())
    return false;
  return source && (settings->copy == AGENT_COPY_AUTO || way->copy == AGENT_COPY_AUTO || way->copy == settings->copy);
}

uint32_t capture_select_rungs(const struct agent_settings *settings, struct capture_rung rungs[CAPTURE_LADDER_RUNGS_MAX]) {
  uint32_t count = 0;
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
    if (is_wanted(settings, &ways[i]))
      rungs[count++] = ways[i].rung;
  }
  return count;
}

struct screen_capture *capture_select_create(const struct capture_select *select) {
  struct capture_rung rungs[CAPTURE_LADDER_RUNGS_MAX];
  if (select->settings->source == AGENT_SOURCE_TEST_CARD)
    return test_card_create(select->card);
  return capture_ladder_create(rungs, capture_select_rungs(select->settings, rungs), (void *)(uintptr_t)select, true);
}
