#include "protocol/region_format.h"

#include "protocol/atomics.h"
#include "protocol/record.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define SECTION_TABLE_OFFSET 4096u
#define QUEUE_WORDS_OFFSET 64u
#define QUEUE_REVOKED_OFFSET 128u
#define QUEUE_DESCRIPTORS_OFFSET 256u

TRANSOM_ASSERT(QUEUE_REVOKED_OFFSET + TRANSOM_CONSUMERS_MAX * 8 == QUEUE_DESCRIPTORS_OFFSET, "the revocation words have another size");
TRANSOM_ASSERT(SECTION_TABLE_OFFSET + TRANSOM_SECTIONS_MAX * sizeof(struct transom_section) <= TRANSOM_HOST_AREA_OFFSET,
               "the section table reaches into the host area");

static uint64_t align_up(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }
static uint64_t align_down(uint64_t value, uint64_t to) { return value / to * to; }

/* ---- the plan ---- */

static uint32_t progress_offset(uint32_t slot_count) {
  return QUEUE_DESCRIPTORS_OFFSET + slot_count * (uint32_t)sizeof(struct transom_descriptor);
}

static uint32_t history_offset(uint32_t slot_count) {
  return progress_offset(slot_count) + slot_count * (uint32_t)sizeof(struct transom_progress);
}

static uint32_t history_count(uint64_t features) { return features & TRANSOM_FEATURE_HISTORY ? TRANSOM_HISTORY_MAX : 0; }

static uint64_t queue_bytes(uint32_t slot_count, uint64_t features) {
  return history_offset(slot_count) + history_count(features) * sizeof(struct transom_damage_history);
}

#define CURSOR_SECTION_BYTES (128u + (uint64_t)TRANSOM_CURSOR_SHAPES * TRANSOM_CURSOR_SHAPE_STRIDE)

/* Sections are laid one behind the other; `*end` moves. */
static void add_section(struct transom_region_plan *plan, uint64_t *end, uint32_t type, uint32_t instance, uint64_t bytes) {
  assert(plan->section_count < TRANSOM_SECTIONS_MAX);
  uint64_t offset = align_up(*end, type == TRANSOM_SECTION_FRAME_SLOTS ? TRANSOM_SLOT_ALIGN : TRANSOM_LINE_BYTES);
  plan->sections[plan->section_count++] = (struct transom_section){
      .type = type, .instance = instance, .version_major = TRANSOM_SECTION_MAJOR, .offset = offset, .bytes = bytes};
  *end = offset + bytes;
}

static void add_channel(struct transom_region_plan *plan, uint64_t *end, uint32_t channel, uint32_t data_bytes) {
  add_section(plan, end, TRANSOM_SECTION_RING_TO_HOST, channel, sizeof(struct transom_guest_ring) + data_bytes);
  add_section(plan, end, TRANSOM_SECTION_RING_TO_GUEST, channel, sizeof(struct transom_guest_ring));
}

/* Everything but the slots. */
static void plan_small_sections(const struct transom_region_request *request, struct transom_region_plan *plan, uint64_t *end) {
  uint64_t features = request->features_offered;
  add_section(plan, end, TRANSOM_SECTION_AGENT_STATUS, 0, sizeof(struct transom_agent_status));
  if (features & TRANSOM_FEATURE_CLOCK)
    add_section(plan, end, TRANSOM_SECTION_CLOCK, 0, TRANSOM_CONSUMERS_MAX * sizeof(struct transom_clock_reply));
  if (features & TRANSOM_FEATURE_MESSAGES)
    add_channel(plan, end, TRANSOM_CHANNEL_CONTROL, TRANSOM_RING_CONTROL_BYTES);
  if (features & TRANSOM_FEATURE_CLIPBOARD)
    add_channel(plan, end, TRANSOM_CHANNEL_CLIPBOARD, TRANSOM_RING_CLIPBOARD_BYTES);
  for (uint32_t head = 0; head < plan->head_count; head++) {
    add_section(plan, end, TRANSOM_SECTION_FRAME_QUEUE, head, queue_bytes(plan->slot_count, features));
    if (features & TRANSOM_FEATURE_CURSOR)
      add_section(plan, end, TRANSOM_SECTION_CURSOR, head, CURSOR_SECTION_BYTES);
  }
}

/* Returns the region's bytes that this plan takes, for whatever region. */
static uint64_t plan_sections(const struct transom_region_request *request, uint32_t slot_count, struct transom_region_plan *plan) {
  uint64_t end = TRANSOM_GUEST_AREA_OFFSET;
  memset(plan, 0, sizeof *plan);
  plan->head_count = request->head_count;
  plan->slot_count = slot_count;
  plan_small_sections(request, plan, &end);
  for (uint32_t head = 0; head < plan->head_count; head++) {
    plan->slot_bytes[head] = align_up(request->frame_bytes_max[head], TRANSOM_SLOT_ALIGN);
    add_section(plan, &end, TRANSOM_SECTION_FRAME_SLOTS, head, slot_count * plan->slot_bytes[head]);
    plan->slots_offset[head] = plan->sections[plan->section_count - 1].offset;
  }
  return end;
}

static bool request_honest(const struct transom_region_request *request) {
  if (request->head_count < 1 || request->head_count > TRANSOM_HEADS_MAX)
    return false;
  if (request->slot_count != 0 && (request->slot_count < TRANSOM_SLOTS_MIN || request->slot_count > TRANSOM_SLOTS_MAX))
    return false;
  for (uint32_t head = 0; head < request->head_count; head++) {
    if (request->frame_bytes_max[head] < 1 || request->frame_bytes_max[head] > TRANSOM_REGION_BYTES_MAX)
      return false;
  }
  return true;
}

uint64_t region_bytes_needed(const struct transom_region_request *request) {
  struct transom_region_plan plan;
  if (!request_honest(request))
    return 0;
  uint64_t bytes = plan_sections(request, request->slot_count ? request->slot_count : TRANSOM_SLOTS_MIN, &plan);
  return bytes < TRANSOM_REGION_BYTES_MIN ? TRANSOM_REGION_BYTES_MIN : bytes;
}

int region_plan(uint64_t region_bytes, const struct transom_region_request *request, struct transom_region_plan *plan) {
  struct transom_region_plan found;
  if (!request_honest(request) || region_bytes > TRANSOM_REGION_BYTES_MAX)
    return -EINVAL;
  if (region_bytes < TRANSOM_REGION_BYTES_MIN)
    return -ENOSPC;
  uint64_t end = plan_sections(request, request->slot_count ? request->slot_count : 3, &found);
  if (end > region_bytes && request->slot_count == 0)
    end = plan_sections(request, TRANSOM_SLOTS_MIN, &found);
  if (end > region_bytes)
    return -ENOSPC;
  if (found.head_count == 1) {
    found.slot_bytes[0] = align_down((region_bytes - found.slots_offset[0]) / found.slot_count, TRANSOM_SLOT_ALIGN);
    found.sections[found.section_count - 1].bytes = found.slot_count * found.slot_bytes[0];
  }
  found.region_bytes = region_bytes;
  *plan = found;
  return 0;
}

/* ---- formatting ---- */

static void zero(volatile uint8_t *base, uint64_t offset, uint64_t bytes) {
  volatile uint64_t *words = (volatile uint64_t *)(base + offset);
  for (uint64_t i = 0; i < bytes / 8; i++)
    wire_store_body64(&words[i], 0);
}

static void write_queue(volatile uint8_t *base, const struct transom_section *section, const struct transom_region_plan *plan,
                        uint64_t features) {
  struct transom_frame_queue queue = {.head = section->instance,
                                      .slot_count = plan->slot_count,
                                      .words_offset = QUEUE_WORDS_OFFSET,
                                      .revoked_offset = QUEUE_REVOKED_OFFSET,
                                      .descriptors_offset = QUEUE_DESCRIPTORS_OFFSET,
                                      .progress_offset = progress_offset(plan->slot_count),
                                      .history_offset = history_offset(plan->slot_count),
                                      .descriptor_bytes = sizeof(struct transom_descriptor),
                                      .progress_bytes = sizeof(struct transom_progress),
                                      .history_bytes = sizeof(struct transom_damage_history),
                                      .history_count = history_count(features),
                                      .slots_offset = plan->slots_offset[section->instance],
                                      .slot_bytes = plan->slot_bytes[section->instance]};
  wire_write(base + section->offset, &queue, sizeof queue);
}

static void write_cursor(volatile uint8_t *base, const struct transom_section *section) {
  struct transom_cursor cursor = {.head = section->instance,
                                  .shape_count = TRANSOM_CURSOR_SHAPES,
                                  .state_offset = 64,
                                  .shapes_offset = 128,
                                  .state_bytes = sizeof(struct transom_cursor_state),
                                  .shape_bytes = TRANSOM_CURSOR_SHAPE_STRIDE,
                                  .shape_record_bytes = sizeof(struct transom_cursor_shape)};
  wire_write(base + section->offset, &cursor, sizeof cursor);
}

static void write_ring(volatile uint8_t *base, const struct transom_section *section) {
  volatile struct transom_guest_ring *ring = (volatile struct transom_guest_ring *)(base + section->offset);
  wire_store32(&ring->data_offset, sizeof *ring);
  wire_store32(&ring->data_bytes, (uint32_t)(section->bytes - sizeof *ring));
}

/* Nothing of an older epoch may look valid in this one, so every record is zeroed. Data of rings and pixels are found through records. */
static void write_section(volatile uint8_t *base, const struct transom_section *section, const struct transom_region_plan *plan,
                          uint64_t features) {
  switch (section->type) {
  case TRANSOM_SECTION_FRAME_SLOTS:
    break;
  case TRANSOM_SECTION_FRAME_QUEUE:
    zero(base, section->offset, section->bytes);
    write_queue(base, section, plan, features);
    break;
  case TRANSOM_SECTION_CURSOR:
    zero(base, section->offset, 128);
    for (uint32_t i = 0; i < TRANSOM_CURSOR_SHAPES; i++)
      zero(base, section->offset + 128 + (uint64_t)i * TRANSOM_CURSOR_SHAPE_STRIDE, sizeof(struct transom_cursor_shape));
    write_cursor(base, section);
    break;
  case TRANSOM_SECTION_RING_TO_HOST:
    zero(base, section->offset, sizeof(struct transom_guest_ring));
    write_ring(base, section);
    break;
  default:
    zero(base, section->offset, section->bytes);
    break;
  }
}

static void copy_text(char *to, size_t to_bytes, const char *from) {
  size_t length = 0;
  for (; from && length < to_bytes - 1 && from[length]; length++)
    to[length] = from[length];
  memset(to + length, 0, to_bytes - length);
}

/* All but magic and epoch. */
static void write_header(volatile uint8_t *base, const struct transom_region_request *request, const struct transom_region_plan *plan) {
  struct transom_header header = {.layout_major = TRANSOM_LAYOUT_MAJOR,
                                  .layout_minor = TRANSOM_LAYOUT_MINOR,
                                  .header_bytes = sizeof header,
                                  .region_bytes = plan->region_bytes,
                                  .section_table_offset = SECTION_TABLE_OFFSET,
                                  .section_count = (uint16_t)plan->section_count,
                                  .section_entry_bytes = sizeof(struct transom_section),
                                  .features_offered = request->features_offered,
                                  .features_required = request->features_required,
                                  .host_area_offset = TRANSOM_HOST_AREA_OFFSET,
                                  .host_area_bytes = TRANSOM_HOST_AREA_BYTES};
  copy_text(header.agent_name, sizeof header.agent_name, request->agent_name);
  copy_text(header.guest_name, sizeof header.guest_name, request->guest_name);
  wire_write(base + SECTION_TABLE_OFFSET, plan->sections, plan->section_count * sizeof plan->sections[0]);
  wire_write(base + 16, (const uint8_t *)&header + 16, sizeof header - 16);
}

int region_format(volatile void *base, const struct transom_region_request *request, const struct transom_region_plan *plan, uint64_t epoch,
                  struct transom_region *region) {
  assert(epoch != 0);
  volatile struct transom_header *header = (volatile struct transom_header *)base;
  volatile uint8_t *bytes = (volatile uint8_t *)base;
  if (!request_honest(request) || plan->section_count > TRANSOM_SECTIONS_MAX)
    return -EINVAL;

  wire_store64(&header->epoch, 0);
  wire_store64(&header->magic, 0);
  wire_fence_store(WIRE_FENCE_EPOCH_CLEAR);
  write_header(bytes, request, plan);
  for (uint32_t i = 0; i < plan->section_count; i++)
    write_section(bytes, &plan->sections[i], plan, request->features_offered);
  wire_publish64(&header->epoch, epoch);
  wire_publish64(&header->magic, TRANSOM_MAGIC);

  enum transom_compatibility compatibility;
  return validate_attach(base, plan->region_bytes, ~UINT64_C(0), region, &compatibility) == 0 ? 0 : -EINVAL;
}

void region_close(struct transom_region *region) { wire_publish64(&region->header->epoch, 0); }

void region_set_status(struct transom_region *region, uint64_t sequence, enum transom_agent_state state, const char *text) {
  struct transom_agent_status record = {.state = state};
  const size_t at = offsetof(struct transom_agent_status, sequence_first);
  if (!region->status)
    return;
  copy_text(record.text, sizeof record.text, text);
  record_write((volatile uint8_t *)region->status + at, (const uint8_t *)&record + at, sizeof record - at, sequence);
  wire_fence_store(WIRE_FENCE_PUBLISH_AFTER);
}
