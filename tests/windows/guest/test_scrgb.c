/* Writes pictures of scRGB and what the agent makes of them, each on every way that there is here, for test_scrgb.py to compare with its
 * own arithmetic. Little-endian, without padding: halves as four 16-bit words a pixel, converted ones as one 32-bit word.
 *
 *   test_scrgb DIRECTORY
 *
 * Exit status 0; 1 with a line when something failed; and a line on stdout when the GPU's pass cannot be made. */
#include "common/memory_copy.h"
#include "guest/core/scrgb_convert.h"
#include "guest/windows/copier_d3d11.h"
#include "guest/windows/copier_d3d12.h"
#include "guest/windows/scrgb_stage.h"
#include "guest/windows/texture_card.h"

#include "expect.h"

#include <string.h>

#define WIDTH 331u
#define HEIGHT 220u
#define PIXELS (WIDTH * HEIGHT)
#define HALVES 65536u

static const char *directory;
static uint16_t picture[PIXELS][4];

static void write_file(const char *name, const void *bytes, size_t count) {
  char path[260];
  snprintf(path, sizeof path, "%s\\%s", directory, name);
  FILE *file = fopen(path, "wb");
  EXPECT(file);
  EXPECT(fwrite(bytes, 1, count, file) == count);
  EXPECT(fclose(file) == 0);
}

/* ---- pictures ---- */

static uint32_t chance = 1;
static uint32_t next(void) { return (chance = chance * 1664525u + 1013904223u) >> 8; }

/* From 2^-14 to 256, one in eight below zero. */
static uint16_t random_half(void) { return (uint16_t)((1 + next() % 22) << 10 | (next() & 1023) | (next() % 8 == 0) << 15); }

/* Every half as a grey, then colours. */
static void paint(void) {
  for (uint32_t i = 0; i < PIXELS; i++) {
    for (uint32_t c = 0; c < 3; c++)
      picture[i][c] = i < HALVES ? (uint16_t)i : random_half();
    picture[i][3] = 0x3c00;
  }
}

static void repaint(struct transom_rect rect) {
  for (uint32_t y = rect.y; y < (uint32_t)rect.y + rect.height; y++) {
    for (uint32_t x = rect.x; x < (uint32_t)rect.x + rect.width; x++) {
      for (uint32_t c = 0; c < 3; c++)
        picture[y * WIDTH + x][c] = random_half();
    }
  }
}

/* ---- what a copier makes ---- */

static void copy_to_file(struct frame_copier *copier, const struct screen_frame *frame, const char *name) {
  const size_t pixel_bytes = frame->mode.format == TRANSOM_FORMAT_RGBA16F ? 8 : 4, row_bytes = frame->mode.width * pixel_bytes;
  struct frame_copy copy = {.mode = frame->mode, .pitch_bytes = (uint32_t)((row_bytes + 255) & ~(size_t)255), .convert = frame->convert};
  copy.band_rows = frame->mode.height / 4 + 1;
  damage_set_full(&copy.what);
  copy.slot = VirtualAlloc(NULL, (SIZE_T)copy.pitch_bytes * frame->mode.height, MEM_COMMIT, PAGE_READWRITE);
  EXPECT(copy.slot);
  uint32_t rows = 0;
  EXPECT(copier->impl->start(copier, &copy) == 0);
  while (rows < copy.mode.height)
    EXPECT(copier->impl->wait(copier, &rows) == 0);
  for (uint32_t y = 1; y < copy.mode.height; y++)
    memmove(copy.slot + y * row_bytes, copy.slot + (size_t)y * copy.pitch_bytes, row_bytes);
  write_file(name, copy.slot, row_bytes * frame->mode.height);
  VirtualFree(copy.slot, 0, MEM_RELEASE);
}

/* ---- Direct3D 11: the GPU's pass, and staging ---- */

struct rig_11 {
  ID3D11Device *device;
  ID3D11DeviceContext *context;
  ID3D11Texture2D *texture;
  struct copier_d3d11 *copier;
  struct scrgb_stage stage;
};

static void upload(struct rig_11 *rig) {
  ID3D11DeviceContext_UpdateSubresource(rig->context, (ID3D11Resource *)rig->texture, 0, NULL, picture, sizeof picture[0] * WIDTH, 0);
}

static void show(struct rig_11 *rig, const struct transom_damage *damage, const char *name) {
  struct screen_frame frame = {
      .mode = {WIDTH, HEIGHT, TRANSOM_FORMAT_RGBA16F, 0}, .acquired_ns = 1, .damage_known = true, .damage = *damage};
  ID3D11Texture2D *texture = rig->texture;
  scrgb_stage_apply(&rig->stage, &frame, &texture);
  EXPECT(frame.mode.format == TRANSOM_FORMAT_RGB10A2);
  EXPECT((frame.mode.flags == TRANSOM_FRAME_PQ) == rig->stage.pq);
  EXPECT((frame.convert == NULL) == (rig->stage.pass != NULL));
  copier_d3d11_source(rig->copier, texture);
  copy_to_file(copier_d3d11_seam(rig->copier), &frame, name);
}

static void open_11(struct rig_11 *rig) {
  static const D3D11_TEXTURE2D_DESC desc = {.Width = WIDTH,
                                            .Height = HEIGHT,
                                            .MipLevels = 1,
                                            .ArraySize = 1,
                                            .Format = DXGI_FORMAT_R16G16B16A16_FLOAT,
                                            .SampleDesc = {.Count = 1},
                                            .BindFlags = D3D11_BIND_SHADER_RESOURCE};
  memset(rig, 0, sizeof *rig);
  EXPECT(SUCCEEDED(d3d_device_create_11(NULL, &rig->device, &rig->context)));
  EXPECT(SUCCEEDED(ID3D11Device_CreateTexture2D(rig->device, &desc, NULL, &rig->texture)));
  rig->copier = copier_d3d11_create(rig->device, rig->context, false);
  EXPECT(rig->copier);
}

static void close_11(struct rig_11 *rig) {
  copier_d3d11_destroy(rig->copier);
  COM_RELEASE(rig->texture);
  COM_RELEASE(rig->context);
  EXPECT(IUnknown_Release((IUnknown *)rig->device) == 0); /* nothing holds it any more */
}

/* The picture, then a second one of which only three boxes are said to have changed: outside them the first must stand. */
static void by_direct3d_11(bool pq, bool no_gpu) {
  static const struct transom_rect boxes[] = {{0, 0, 1, 1}, {17, 40, 100, 33}, {WIDTH - 50, HEIGHT - 9, 50, 9}};
  const struct scrgb_stage_options options = {.pass = {.pq = pq}, .no_gpu = no_gpu};
  struct rig_11 rig;
  struct transom_damage damage;
  char why[D3D_ERROR_BYTES], name[40];
  open_11(&rig);
  EXPECT(scrgb_stage_init(&rig.stage, rig.device, rig.context, &options, why));
  if (!rig.stage.pass)
    printf("%s: %s\n", pq ? "pq" : "srgb", why);
  EXPECT(!no_gpu || (!rig.stage.pass && strstr(why, "--fault convert")));
  paint();
  upload(&rig);
  damage_set_full(&damage);
  snprintf(name, sizeof name, "%s-%s", pq ? "pq" : "srgb", no_gpu ? "staging" : "gpu");
  show(&rig, &damage, name);
  damage_clear(&damage);
  for (size_t i = 0; i < sizeof boxes / sizeof boxes[0]; i++) {
    repaint(boxes[i]);
    damage_add(&damage, boxes[i]);
  }
  write_file("picture-changed", picture, sizeof picture);
  upload(&rig);
  strcat(name, "-changed");
  show(&rig, &damage, name);
  scrgb_stage_finish(&rig.stage);
  close_11(&rig);
}

/* ---- Direct3D 12: read back ---- */

static void by_direct3d_12(bool pq) {
  static const struct test_card_options card = {.width = WIDTH, .height = HEIGHT, .format = TRANSOM_FORMAT_RGBA16F, .damage_percent = 100};
  static const struct copier_d3d12_options options = {.timeout_ms = COPIER_D3D12_TIMEOUT_MS};
  ID3D12Device *device;
  char why[D3D_ERROR_BYTES];
  struct screen_frame frame;
  EXPECT(SUCCEEDED(d3d_device_create_12(NULL, &device)));
  struct screen_capture *capture = texture_card_create_12(&card, device, &options, why);
  EXPECT(capture);
  EXPECT(capture->impl->acquire(capture, 1, &frame) == 0);
  copy_to_file(frame.copier, &frame, "card");
  struct scrgb_convert *convert = scrgb_convert_create(pq);
  EXPECT(convert);
  frame.convert = convert;
  frame.mode.format = TRANSOM_FORMAT_RGB10A2;
  copy_to_file(frame.copier, &frame, pq ? "pq-readback" : "srgb-readback");
  capture->impl->release(capture);
  capture->impl->destroy(capture);
  scrgb_convert_destroy(convert);
  COM_RELEASE(device);
}

int main(int argc, char **argv) {
  EXPECT(argc == 2);
  directory = argv[1];
  memory_copy_init();
  chance = 1;
  paint();
  write_file("picture", picture, sizeof picture);
  for (int pq = 0; pq < 2; pq++) {
    chance = 1;
    by_direct3d_11(pq, false);
    chance = 1;
    by_direct3d_11(pq, true);
    by_direct3d_12(pq);
  }
  return 0;
}
