#include "fuzz/fuzz_region.h"

#include "protocol/atomics.h"
#include "protocol/cursor.h"
#include "protocol/ring.h"
#include "support/fake_guest.h"
#include "support/temp_region.h"

#include <string.h>

#define AREAS_MAX 48u
#define DELAYED_MAX 8u
/* Header, section table and all of the host area that anybody writes: put back before each run, whatever happened. */
#define ALWAYS_RESET_BYTES (TRANSOM_HOST_AREA_OFFSET + offsetof(struct transom_host_area, reserved1))

struct span {
  uint64_t offset, bytes;
};

struct patch {
  struct span where;
  uint8_t bytes[8];
};

struct delayed_patch {
  uint32_t loads; /* that it waits for; 0 = none */
  struct patch patch;
};

struct fuzz_region {
  struct temp_region memory;
  uint8_t *pristine;
  struct fake_guest guest;
  struct span areas[AREAS_MAX];
  uint32_t area_count;
  struct span touched[FUZZ_REGION_PATCHES_MAX];
  uint32_t touched_count;
  struct delayed_patch delayed[DELAYED_MAX];
};

/* libFuzzer calls a function without an instance, so there is one. */
static struct fuzz_region *the_region(void) {
  static struct fuzz_region region;
  return &region;
}

/* ---- making ---- */
static void add_area(struct fuzz_region *region, const volatile void *from, uint64_t bytes) {
  fuzz_require(region->area_count < AREAS_MAX);
  region->areas[region->area_count++] = (struct span){(uint64_t)((const volatile uint8_t *)from - region->memory.base), bytes};
}

static void add_section_heads(struct fuzz_region *region) {
  const volatile struct transom_header *header = region->guest.region.header;
  const volatile struct transom_section *sections = (const volatile void *)(region->memory.base + header->section_table_offset);
  add_area(region, sections, (uint64_t)header->section_count * sizeof *sections);
  for (uint32_t i = 0; i < header->section_count; i++)
    add_area(region, region->memory.base + sections[i].offset, 128);
}

/* The few words that a reader looks at next: small areas, so that a blind mutation hits one of them. */
static void add_newest(struct fuzz_region *region) {
  const struct transom_region *view = &region->guest.region;
  const struct transom_queue_view *queue = &view->queues[0];
  const uint64_t word = queue->newest->complete, sequence = transom_word_sequence(word);
  const uint32_t slot = transom_word_slot(word);
  add_area(region, queue->descriptors + (uint64_t)slot * queue->descriptor_bytes, 80);
  add_area(region, queue->progress + (uint64_t)slot * queue->progress_bytes, 8);
  add_area(region, queue->history + sequence % queue->history_count * queue->history_bytes, 40);
  add_area(region, queue->history + (sequence - 1) % queue->history_count * queue->history_bytes, 40);
  add_area(region, view->cursors[0].shapes, 40);
  add_area(region, view->to_host[0].producer, 8);
  add_area(region, view->to_host[0].data, 8);
  add_area(region, view->to_guest[0].producer, 8);
  add_area(region, view->to_guest[0].data, 8);
}

/* Order and number are part of what the corpus means: add at the end. */
static void find_areas(struct fuzz_region *region) {
  const struct transom_region *view = &region->guest.region;
  const struct transom_queue_view *queue = &view->queues[0];
  const struct transom_cursor_view *cursor = &view->cursors[0];
  add_area(region, view->base, sizeof(struct transom_header));
  add_area(region, queue->newest, sizeof *queue->newest);
  add_area(region, queue->revoked, TRANSOM_CONSUMERS_MAX * 8);
  add_area(region, queue->descriptors, (uint64_t)queue->slot_count * queue->descriptor_bytes);
  add_area(region, queue->progress, (uint64_t)queue->slot_count * queue->progress_bytes);
  add_area(region, queue->history, (uint64_t)queue->history_count * queue->history_bytes);
  add_area(region, cursor->state, cursor->state_bytes);
  for (uint32_t i = 0; i < cursor->shape_count; i++)
    add_area(region, cursor->shapes + (uint64_t)i * cursor->shape_bytes, cursor->shape_record_bytes);
  add_area(region, view->to_host[0].producer, sizeof(struct transom_guest_ring));
  add_area(region, view->to_host[0].data, 256);
  add_area(region, view->to_guest[0].consumer, sizeof(struct transom_ring_line));
  add_area(region, view->host->consumers, sizeof view->host->consumers);
  add_area(region, view->host->clocks, sizeof view->host->clocks);
  add_area(region, view->host->to_host, sizeof view->host->to_host);
  add_area(region, view->host->to_guest, sizeof view->host->to_guest);
  add_area(region, view->host->to_guest_control, 256);
  add_area(region, view->clock_replies, TRANSOM_CONSUMERS_MAX * sizeof(struct transom_clock_reply));
  add_area(region, view->status, sizeof *view->status);
  add_area(region, view->base, FUZZ_REGION_BYTES);
  add_section_heads(region);
  add_newest(region);
}

static void draw_cursor(struct fuzz_region *region) {
  static const uint8_t pixels[32 * 32 * 4] = {1, 2, 3, 255};
  const struct transom_cursor_shape shape = {
      .type = TRANSOM_CURSOR_COLOUR, .width = 32, .height = 32, .pitch_bytes = 128, .data_bytes = sizeof pixels, .hot_x = 1, .hot_y = 2};
  struct transom_cursor_writer cursor;
  cursor_writer_init(&cursor, &region->guest.region.cursors[0]);
  fuzz_require(cursor_writer_shape(&cursor, &shape, pixels) == 0);
  cursor_writer_move(&cursor, 10, 20, true, 1);
}

static void exchange_messages(struct fuzz_region *region) {
  struct transom_region *view = &region->guest.region;
  struct transom_ring host, guest;
  ring_init(&guest, &view->to_host[0], TRANSOM_RING_GUEST_SENDS, 0);
  ring_init(&host, &view->to_host[0], TRANSOM_RING_HOST_RECEIVES, 7);
  fuzz_require(ring_is_open(&guest) && ring_is_open(&host));
  for (uint32_t i = 1; i < 6; i++)
    fuzz_require(ring_send(&guest, i, "0123456789abcdef", i * 3) == 0);
  ring_init(&guest, &view->to_guest[0], TRANSOM_RING_GUEST_RECEIVES, 0);
  ring_init(&host, &view->to_guest[0], TRANSOM_RING_HOST_SENDS, 7);
  fuzz_require(ring_is_open(&guest) && ring_is_open(&host));
  for (uint32_t i = 1; i < 6; i++)
    fuzz_require(ring_send(&host, i, "0123456789abcdef", i * 3) == 0);
}

static void make(struct fuzz_region *region) {
  const struct fake_guest_options options = {
      .width = 64, .height = 33, .slot_count = 4, .band_rows = 8, .epoch = 0x5eed, .step_ns = 1000, .store = pixel_copy_relaxed};
  memory_copy_init();
  fuzz_require(temp_region_init(&region->memory, FUZZ_REGION_BYTES) == 0);
  fuzz_require(fake_guest_init(&region->guest, region->memory.base, FUZZ_REGION_BYTES, &options) == 0);
  for (uint32_t i = 0; i < 10; i++)
    fuzz_require(fake_guest_publish(&region->guest) == 0);
  draw_cursor(region);
  exchange_messages(region);
  find_areas(region);
  region->pristine = malloc(FUZZ_REGION_BYTES);
  fuzz_require(region->pristine != NULL);
  memcpy(region->pristine, region->memory.base, FUZZ_REGION_BYTES);
}

volatile uint8_t *fuzz_region_reset(void) {
  struct fuzz_region *region = the_region();
  if (!region->pristine)
    make(region);
  memset(region->delayed, 0, sizeof region->delayed);
  memcpy(region->memory.base, region->pristine, ALWAYS_RESET_BYTES);
  for (uint32_t i = 0; i < region->touched_count; i++)
    memcpy(region->memory.base + region->touched[i].offset, region->pristine + region->touched[i].offset, region->touched[i].bytes);
  region->touched_count = 0;
  return region->memory.base;
}

/* ---- patches ---- */
static void touch(struct fuzz_region *region, struct span where) {
  if (where.offset + where.bytes <= ALWAYS_RESET_BYTES)
    return;
  fuzz_require(region->touched_count < FUZZ_REGION_PATCHES_MAX);
  region->touched[region->touched_count++] = where;
}

void fuzz_region_touched(const volatile void *from, uint64_t bytes) {
  struct fuzz_region *region = the_region();
  touch(region, (struct span){(uint64_t)((const volatile uint8_t *)from - region->memory.base), bytes});
}

static void apply(struct fuzz_region *region, const struct patch *patch) {
  memcpy(region->memory.base + patch->where.offset, patch->bytes, patch->where.bytes);
}

static uint64_t interesting(uint8_t which) {
  static const uint64_t values[] = {0,
                                    1,
                                    2,
                                    7,
                                    8,
                                    63,
                                    64,
                                    65,
                                    0x7f,
                                    0x80,
                                    0xff,
                                    0x100,
                                    0x1000,
                                    0x7fff,
                                    0x8000,
                                    0xffff,
                                    0x10000,
                                    0x7fffffff,
                                    0x80000000,
                                    0xfffffff8,
                                    0xffffffff,
                                    0x100000000,
                                    FUZZ_REGION_BYTES - 1,
                                    FUZZ_REGION_BYTES,
                                    FUZZ_REGION_BYTES - 8,
                                    FUZZ_REGION_BYTES - 64,
                                    TRANSOM_WIDTH_MAX,
                                    TRANSOM_WIDTH_MAX + 1,
                                    UINT64_C(0x7fffffffffffffff),
                                    UINT64_C(0x8000000000000000),
                                    UINT64_C(0xfffffffffffffff8),
                                    UINT64_C(0xffffffffffffffff)};
  return values[which % (sizeof values / sizeof values[0])];
}

/* kind: low two bits the size, above them: raw value, interesting value, what is there plus a small number, what is there xor one bit. */
static void take_patch(struct fuzz_region *region, struct fuzz_input *script, struct patch *patch) {
  const struct span area = region->areas[fuzz_input_u8(script) % region->area_count];
  const uint32_t position = fuzz_input_u32(script) & 0xffffff;
  const uint8_t kind = fuzz_input_u8(script);
  const uint64_t bytes = UINT64_C(1) << (kind & 3);
  uint64_t value = 0;
  patch->where = (struct span){area.offset + position % (area.bytes / bytes) * bytes, bytes};
  memcpy(&value, region->memory.base + patch->where.offset, bytes);
  if ((kind >> 2 & 3) == 0)
    value = fuzz_input_take(script, bytes);
  else if ((kind >> 2 & 3) == 1)
    value = interesting(fuzz_input_u8(script));
  else if ((kind >> 2 & 3) == 2)
    value += (uint64_t)(int64_t)(int8_t)fuzz_input_u8(script);
  else
    value ^= UINT64_C(1) << (fuzz_input_u8(script) & 63);
  memcpy(patch->bytes, &value, sizeof patch->bytes);
  touch(region, patch->where);
}

static void delay_patch(struct fuzz_region *region, const struct patch *patch, uint32_t loads) {
  for (uint32_t i = 0; i < DELAYED_MAX; i++) {
    if (region->delayed[i].loads == 0) {
      region->delayed[i] = (struct delayed_patch){loads + 1, *patch};
      return;
    }
  }
}

void fuzz_memory_tick(void) {
  struct fuzz_region *region = the_region();
  for (uint32_t i = 0; i < DELAYED_MAX; i++)
    if (region->delayed[i].loads > 0 && --region->delayed[i].loads == 0)
      apply(region, &region->delayed[i].patch);
}

bool fuzz_region_next(struct fuzz_input *script, uint32_t *step) {
  struct fuzz_region *region = the_region();
  while (!fuzz_input_is_empty(script) && region->touched_count + 16 < FUZZ_REGION_PATCHES_MAX) {
    struct patch patch;
    const uint8_t operation = fuzz_input_u8(script);
    if (operation >= 6) {
      *step = operation - 6u;
      return true;
    }
    const uint32_t loads = operation >= 4 ? fuzz_input_u8(script) : 0;
    take_patch(region, script, &patch);
    if (operation >= 4)
      delay_patch(region, &patch, loads);
    else
      apply(region, &patch);
  }
  return false;
}

/* ---- attaching ---- */
static void require_span(const struct transom_region *region, const volatile void *from, uint64_t bytes) {
  const uint64_t offset = (uint64_t)((const volatile uint8_t *)from - region->base);
  fuzz_require(offset <= region->mapped_bytes && bytes <= region->mapped_bytes - offset);
  fuzz_require(offset % 8 == 0 && bytes > 0);
}

static void require_ring(const struct transom_region *region, const struct transom_ring_view *ring) {
  if (!ring->data)
    return;
  require_span(region, ring->producer, sizeof *ring->producer);
  require_span(region, ring->consumer, sizeof *ring->consumer);
  require_span(region, ring->data, ring->data_bytes);
  fuzz_require((ring->data_bytes & (ring->data_bytes - 1)) == 0);
}

static void require_head(const struct transom_region *region, uint32_t head) {
  const struct transom_queue_view *queue = &region->queues[head];
  const struct transom_cursor_view *cursor = &region->cursors[head];
  require_span(region, queue->newest, sizeof *queue->newest);
  require_span(region, queue->revoked, TRANSOM_CONSUMERS_MAX * 8);
  require_span(region, queue->descriptors, (uint64_t)queue->slot_count * queue->descriptor_bytes);
  require_span(region, queue->progress, (uint64_t)queue->slot_count * queue->progress_bytes);
  require_span(region, queue->slots, (uint64_t)queue->slot_count * queue->slot_bytes);
  if (queue->history)
    require_span(region, queue->history, (uint64_t)queue->history_count * queue->history_bytes);
  if (!cursor->state)
    return;
  require_span(region, cursor->state, cursor->state_bytes);
  if (cursor->shape_count > 0)
    require_span(region, cursor->shapes, (uint64_t)cursor->shape_count * cursor->shape_bytes);
}

bool fuzz_region_attach(uint64_t mapped_bytes, struct transom_region *region) {
  enum transom_compatibility compatibility = TRANSOM_COMPATIBLE;
  if (validate_attach(the_region()->memory.base, mapped_bytes, TRANSOM_FEATURES_KNOWN, region, &compatibility) != 0)
    return false;
  fuzz_require(region->head_count <= TRANSOM_HEADS_MAX && region->agent_name[31] == 0 && region->guest_name[31] == 0);
  for (uint32_t i = 0; i < region->head_count; i++)
    require_head(region, i);
  for (uint32_t i = 0; i < TRANSOM_CHANNELS; i++) {
    require_ring(region, &region->to_host[i]);
    require_ring(region, &region->to_guest[i]);
  }
  if (region->status)
    require_span(region, region->status, sizeof *region->status);
  if (region->clock_replies)
    require_span(region, region->clock_replies, TRANSOM_CONSUMERS_MAX * sizeof *region->clock_replies);
  return true;
}
