#include "protocol/validate.h"

#include "protocol/atomics.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define PAGE_BYTES 4096u
#define CURSOR_SHAPES_MAX 16u                     /* of any newer minor */
#define RING_BYTES_MIN TRANSOM_RING_CONTROL_BYTES /* below, a message and its padding might never fit */

/* A span of the region, bounded: offset + bytes cannot overflow once span_inside() said yes. */
struct span {
  uint64_t offset, bytes;
};

static bool span_inside(struct span inner, struct span outer) {
  return inner.offset >= outer.offset && inner.bytes <= outer.bytes && inner.offset - outer.offset <= outer.bytes - inner.bytes;
}

/* Both are inside the region. Empty spans overlap nothing. */
static bool spans_overlap(struct span a, struct span b) {
  return a.bytes != 0 && b.bytes != 0 && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

static bool is_multiple(uint64_t value, uint64_t of) { return value % of == 0; }

bool validate_epoch(const struct transom_region *region) { return wire_load64(&region->header->epoch) == region->epoch; }

/* ---- single records ---- */

uint32_t validate_format_bytes(uint32_t format) {
  switch (format) {
  case TRANSOM_FORMAT_BGRA8:
  case TRANSOM_FORMAT_RGBA8:
  case TRANSOM_FORMAT_RGB10A2:
    return 4;
  case TRANSOM_FORMAT_RGBA16F:
    return 8;
  default:
    return 0;
  }
}

/* Rectangles are checked even where a flag says to ignore them: nobody has to remember that. */
static bool rects_fit(const struct transom_rect *rects, uint32_t count, uint32_t width, uint32_t height) {
  if (count > TRANSOM_DAMAGE_MAX)
    return false;
  for (uint32_t i = 0; i < count; i++) {
    if ((uint32_t)rects[i].x + rects[i].width > width || (uint32_t)rects[i].y + rects[i].height > height)
      return false;
  }
  return true;
}

static bool sequences_honest(uint64_t first, uint64_t last, uint64_t base) {
  return first == last && first >= 1 && first <= TRANSOM_SEQUENCE_MAX && base < first;
}

int validate_descriptor(const struct transom_descriptor *copy, const struct transom_queue_view *queue) {
  uint32_t pixel_bytes = validate_format_bytes(copy->format);
  if (pixel_bytes == 0 || !sequences_honest(copy->sequence_first, copy->sequence_last, copy->base_sequence))
    return -EBADMSG;
  if (copy->width < 1 || copy->width > TRANSOM_WIDTH_MAX || copy->height < 1 || copy->height > TRANSOM_HEIGHT_MAX)
    return -EBADMSG;
  if (!is_multiple(copy->pitch_bytes, TRANSOM_PITCH_ALIGN) || copy->pitch_bytes < copy->width * pixel_bytes)
    return -EBADMSG;
  if ((uint64_t)copy->pitch_bytes * copy->height > queue->slot_bytes)
    return -EBADMSG;
  if (copy->band_rows > copy->height || copy->rotation > 3)
    return -EBADMSG;
  return rects_fit(copy->damage, copy->damage_count, copy->width, copy->height) ? 0 : -EBADMSG;
}

int validate_history(const struct transom_damage_history *copy, uint32_t width, uint32_t height) {
  if (!sequences_honest(copy->sequence_first, copy->sequence_last, copy->base_sequence))
    return -EBADMSG;
  return rects_fit(copy->damage, copy->damage_count, width, height) ? 0 : -EBADMSG;
}

int validate_cursor_shape(const struct transom_cursor_shape *copy, const struct transom_cursor_view *cursor) {
  if (copy->width < 1 || copy->width > TRANSOM_CURSOR_EDGE_MAX || copy->height < 1 || copy->height > TRANSOM_CURSOR_EDGE_MAX)
    return -EBADMSG;
  if (copy->hot_x >= copy->width || copy->hot_y >= copy->height)
    return -EBADMSG;
  if (copy->type < TRANSOM_CURSOR_COLOUR || copy->type > TRANSOM_CURSOR_MASKED)
    return -EBADMSG;
  bool monochrome = copy->type == TRANSOM_CURSOR_MONOCHROME;
  uint32_t row_bytes = monochrome ? (copy->width + 7) / 8 : copy->width * 4;
  uint64_t pixel_bytes = (uint64_t)copy->pitch_bytes * copy->height * (monochrome ? 2 : 1);
  if (copy->pitch_bytes < row_bytes || pixel_bytes > copy->data_bytes)
    return -EBADMSG;
  if (copy->data_bytes > TRANSOM_CURSOR_DATA_MAX || copy->data_bytes > cursor->shape_bytes - cursor->shape_record_bytes)
    return -EBADMSG;
  return copy->sequence_first == copy->sequence_last && copy->sequence_first >= 1 ? 0 : -EBADMSG;
}

/* ---- sections: each takes the copied table entry and fills its part of the region ---- */

static volatile uint8_t *at(const struct transom_region *region, uint64_t offset) { return region->base + offset; }

/* An array of records inside a section of `bytes`. Strides are at most 1024 and counts at most 64, so nothing overflows. */
static bool array_inside(uint64_t bytes, uint32_t offset, uint32_t align, uint32_t count, uint32_t stride) {
  return is_multiple(offset, align) && span_inside((struct span){offset, (uint64_t)count * stride}, (struct span){0, bytes});
}

static bool stride_honest(uint32_t stride, uint32_t minimum) {
  return stride >= minimum && stride <= TRANSOM_RECORD_BYTES_MAX && is_multiple(stride, 8);
}

static int attach_status(struct transom_region *region, const struct transom_section *section) {
  if (section->bytes < sizeof(struct transom_agent_status))
    return -EBADMSG;
  region->status = (volatile struct transom_agent_status *)at(region, section->offset);
  return 0;
}

static int attach_clock(struct transom_region *region, const struct transom_section *section) {
  if (section->bytes < TRANSOM_CONSUMERS_MAX * sizeof(struct transom_clock_reply))
    return -EBADMSG;
  region->clock_replies = (volatile struct transom_clock_reply *)at(region, section->offset);
  return 0;
}

static int attach_ring_to_host(struct transom_region *region, const struct transom_section *section) {
  if (section->bytes < sizeof(struct transom_guest_ring))
    return -EBADMSG;
  volatile struct transom_guest_ring *ring = (volatile struct transom_guest_ring *)at(region, section->offset);
  uint32_t offset = wire_load32(&ring->data_offset), bytes = wire_load32(&ring->data_bytes);
  if (offset < sizeof *ring || !is_multiple(offset, 8) || bytes < RING_BYTES_MIN || (bytes & (bytes - 1)) != 0)
    return -EBADMSG;
  if (!span_inside((struct span){offset, bytes}, (struct span){0, section->bytes}))
    return -EBADMSG;
  region->to_host[section->instance] = (struct transom_ring_view){.producer = &ring->line,
                                                                  .consumer = &region->host->to_host[section->instance],
                                                                  .data = at(region, section->offset + offset),
                                                                  .data_bytes = bytes};
  return 0;
}

/* The data of this direction lies in the host area, in a place and size that are fixed for the major version. */
static int attach_ring_to_guest(struct transom_region *region, const struct transom_section *section) {
  if (section->bytes < sizeof(struct transom_guest_ring))
    return -EBADMSG;
  volatile struct transom_guest_ring *ring = (volatile struct transom_guest_ring *)at(region, section->offset);
  bool control = section->instance == TRANSOM_CHANNEL_CONTROL;
  region->to_guest[section->instance] =
      (struct transom_ring_view){.producer = &region->host->to_guest[section->instance],
                                 .consumer = &ring->line,
                                 .data = control ? region->host->to_guest_control : region->host->to_guest_clipboard,
                                 .data_bytes = control ? TRANSOM_RING_CONTROL_BYTES : TRANSOM_RING_CLIPBOARD_BYTES};
  return 0;
}

static int attach_cursor(struct transom_region *region, const struct transom_section *section) {
  struct transom_cursor copy;
  if (section->bytes < sizeof copy)
    return -EBADMSG;
  wire_read(&copy, at(region, section->offset), sizeof copy);
  if (copy.head != section->instance || copy.shape_count < 1 || copy.shape_count > CURSOR_SHAPES_MAX)
    return -EBADMSG;
  if (!stride_honest(copy.state_bytes, sizeof(struct transom_cursor_state)) ||
      !stride_honest(copy.shape_record_bytes, sizeof(struct transom_cursor_shape)))
    return -EBADMSG;
  if (copy.shape_bytes <= copy.shape_record_bytes || !is_multiple(copy.shape_bytes, 8))
    return -EBADMSG;
  if (!array_inside(section->bytes, copy.state_offset, TRANSOM_LINE_BYTES, 1, copy.state_bytes) ||
      !array_inside(section->bytes, copy.shapes_offset, 8, copy.shape_count, copy.shape_bytes))
    return -EBADMSG;
  region->cursors[section->instance] = (struct transom_cursor_view){.shape_count = copy.shape_count,
                                                                    .state_bytes = copy.state_bytes,
                                                                    .shape_bytes = copy.shape_bytes,
                                                                    .shape_record_bytes = copy.shape_record_bytes,
                                                                    .state = at(region, section->offset + copy.state_offset),
                                                                    .shapes = at(region, section->offset + copy.shapes_offset)};
  return 0;
}

static bool queue_arrays_honest(const struct transom_frame_queue *queue, uint64_t bytes) {
  if (queue->slot_count < TRANSOM_SLOTS_MIN || queue->slot_count > TRANSOM_SLOTS_MAX || queue->history_count > TRANSOM_HISTORY_MAX)
    return false;
  if (!stride_honest(queue->descriptor_bytes, TRANSOM_DESCRIPTOR_BYTES_MIN) ||
      !stride_honest(queue->progress_bytes, TRANSOM_PROGRESS_BYTES_MIN))
    return false;
  if (!array_inside(bytes, queue->words_offset, TRANSOM_LINE_BYTES, 1, sizeof(struct transom_newest)) ||
      !array_inside(bytes, queue->revoked_offset, TRANSOM_LINE_BYTES, TRANSOM_CONSUMERS_MAX, 8) ||
      !array_inside(bytes, queue->descriptors_offset, 8, queue->slot_count, queue->descriptor_bytes) ||
      !array_inside(bytes, queue->progress_offset, 8, queue->slot_count, queue->progress_bytes))
    return false;
  return queue->history_count == 0 || (stride_honest(queue->history_bytes, TRANSOM_HISTORY_BYTES_MIN) &&
                                       array_inside(bytes, queue->history_offset, 8, queue->history_count, queue->history_bytes));
}

/* The slots' bytes are at most 2^34 each once they fit their section, and there are at most 16: no overflow. */
static bool queue_slots_honest(const struct transom_frame_queue *queue, const struct transom_section *slots) {
  if (queue->slot_bytes == 0 || !is_multiple(queue->slot_bytes, TRANSOM_SLOT_ALIGN) ||
      !is_multiple(queue->slots_offset, TRANSOM_SLOT_ALIGN) || queue->slot_bytes > slots->bytes)
    return false;
  return span_inside((struct span){queue->slots_offset, queue->slot_count * queue->slot_bytes}, (struct span){slots->offset, slots->bytes});
}

static int attach_queue(struct transom_region *region, const struct transom_section *section, const struct transom_section *slots) {
  struct transom_frame_queue copy;
  if (section->bytes < sizeof copy)
    return -EBADMSG;
  wire_read(&copy, at(region, section->offset), sizeof copy);
  if (copy.head != section->instance || !queue_arrays_honest(&copy, section->bytes) || !queue_slots_honest(&copy, slots))
    return -EBADMSG;
  struct transom_queue_view *view = &region->queues[section->instance];
  view->slot_count = copy.slot_count;
  view->descriptor_bytes = copy.descriptor_bytes;
  view->progress_bytes = copy.progress_bytes;
  view->history_bytes = copy.history_count ? copy.history_bytes : 0;
  view->history_count = copy.history_count;
  view->slot_bytes = copy.slot_bytes;
  view->newest = (volatile struct transom_newest *)at(region, section->offset + copy.words_offset);
  view->revoked = (volatile uint64_t *)at(region, section->offset + copy.revoked_offset);
  view->descriptors = at(region, section->offset + copy.descriptors_offset);
  view->progress = at(region, section->offset + copy.progress_offset);
  view->history = copy.history_count ? at(region, section->offset + copy.history_offset) : NULL;
  view->slots = at(region, copy.slots_offset);
  return 0;
}

/* ---- the table ---- */

struct table {
  uint32_t count;
  struct transom_section entries[TRANSOM_SECTIONS_MAX];
};

/* How many instances of a type we can use; 0 = a type that we do not know. */
static uint32_t instances_max(uint32_t type) {
  switch (type) {
  case TRANSOM_SECTION_AGENT_STATUS:
  case TRANSOM_SECTION_CLOCK:
    return 1;
  case TRANSOM_SECTION_FRAME_QUEUE:
  case TRANSOM_SECTION_FRAME_SLOTS:
  case TRANSOM_SECTION_CURSOR:
    return TRANSOM_HEADS_MAX;
  case TRANSOM_SECTION_RING_TO_HOST:
  case TRANSOM_SECTION_RING_TO_GUEST:
    return TRANSOM_CHANNELS;
  default:
    return 0;
  }
}

static bool section_usable(const struct transom_section *section) {
  return section->version_major == TRANSOM_SECTION_MAJOR && section->instance < instances_max(section->type);
}

/* Unknown sections are skipped later, but they too must stay inside the region and off everything else. */
static bool table_honest(const struct table *table, const struct span *fixed, uint32_t fixed_count, uint64_t region_bytes) {
  for (uint32_t i = 0; i < table->count; i++) {
    const struct transom_section *section = &table->entries[i];
    struct span span = {section->offset, section->bytes};
    if (!span_inside(span, (struct span){0, region_bytes}))
      return false;
    if (section_usable(section) && !is_multiple(section->offset, TRANSOM_LINE_BYTES))
      return false;
    for (uint32_t j = 0; j < fixed_count; j++) {
      if (spans_overlap(span, fixed[j]))
        return false;
    }
    for (uint32_t j = 0; j < i; j++) {
      const struct transom_section *other = &table->entries[j];
      if (spans_overlap(span, (struct span){other->offset, other->bytes}))
        return false;
      if (section_usable(section) && section_usable(other) && other->type == section->type && other->instance == section->instance)
        return false;
    }
  }
  return true;
}

static const struct transom_section *find_section(const struct table *table, uint32_t type, uint32_t instance) {
  for (uint32_t i = 0; i < table->count; i++) {
    const struct transom_section *section = &table->entries[i];
    if (section_usable(section) && section->type == type && section->instance == instance)
      return section;
  }
  return NULL;
}

static int attach_section(struct transom_region *region, const struct transom_section *section) {
  switch (section->type) {
  case TRANSOM_SECTION_AGENT_STATUS:
    return attach_status(region, section);
  case TRANSOM_SECTION_CLOCK:
    return attach_clock(region, section);
  case TRANSOM_SECTION_RING_TO_HOST:
    return attach_ring_to_host(region, section);
  case TRANSOM_SECTION_RING_TO_GUEST:
    return attach_ring_to_guest(region, section);
  case TRANSOM_SECTION_CURSOR:
    return attach_cursor(region, section);
  default: /* queues and slots come in pairs: attach_heads() */
    return 0;
  }
}

/* Heads count from 0 without a gap; a queue whose slots are missing, or of an unknown major, ends the count. */
static int attach_heads(struct transom_region *region, const struct table *table) {
  for (uint32_t head = 0; head < TRANSOM_HEADS_MAX; head++) {
    const struct transom_section *queue = find_section(table, TRANSOM_SECTION_FRAME_QUEUE, head);
    const struct transom_section *slots = find_section(table, TRANSOM_SECTION_FRAME_SLOTS, head);
    if (!queue || !slots)
      return 0;
    int rc = attach_queue(region, queue, slots);
    if (rc < 0)
      return rc;
    region->head_count = head + 1;
  }
  return 0;
}

/* ---- the header ---- */

/* Copies the header once. Of a shorter one the rest reads as 0; of a longer one we do not know the rest. */
static int read_header(const volatile void *base, struct transom_header *header) {
  wire_read(header, base, sizeof *header);
  if (header->magic != TRANSOM_MAGIC || header->epoch == 0)
    return -EAGAIN;
  if (header->header_bytes < TRANSOM_HEADER_BYTES_MIN || header->header_bytes > TRANSOM_HOST_AREA_OFFSET)
    return -EBADMSG;
  if (header->header_bytes < sizeof *header)
    memset((uint8_t *)header + header->header_bytes, 0, sizeof *header - header->header_bytes);
  return 0;
}

static bool header_honest(const struct transom_header *header, uint64_t mapped_bytes) {
  if (header->region_bytes < TRANSOM_REGION_BYTES_MIN || header->region_bytes > mapped_bytes)
    return false;
  if (header->host_area_offset != TRANSOM_HOST_AREA_OFFSET || header->host_area_bytes != TRANSOM_HOST_AREA_BYTES)
    return false;
  if (header->section_count > TRANSOM_SECTIONS_MAX || !is_multiple(header->section_table_offset, 8))
    return false;
  return header->section_entry_bytes >= sizeof(struct transom_section) && header->section_entry_bytes <= TRANSOM_RECORD_BYTES_MAX &&
         is_multiple(header->section_entry_bytes, 8);
}

static void copy_name(char to[32], const char from[32]) {
  uint32_t i = 0;
  for (; i < 31 && from[i]; i++)
    to[i] = from[i] >= 0x20 && from[i] < 0x7f ? from[i] : '?';
  memset(to + i, 0, 32 - i);
}

static void fill_region(struct transom_region *region, volatile void *base, uint64_t mapped_bytes, const struct transom_header *header) {
  memset(region, 0, sizeof *region);
  region->base = (volatile uint8_t *)base;
  region->mapped_bytes = mapped_bytes;
  region->epoch = header->epoch;
  region->layout_minor = header->layout_minor;
  region->features_offered = header->features_offered;
  copy_name(region->agent_name, header->agent_name);
  copy_name(region->guest_name, header->guest_name);
  region->header = (volatile struct transom_header *)base;
  region->host = (volatile struct transom_host_area *)(region->base + TRANSOM_HOST_AREA_OFFSET);
}

static void read_table(const struct transom_region *region, const struct transom_header *header, struct table *table) {
  table->count = header->section_count;
  for (uint32_t i = 0; i < table->count; i++)
    wire_read(&table->entries[i], at(region, header->section_table_offset + (uint64_t)i * header->section_entry_bytes),
              sizeof table->entries[i]);
}

static int attach_sections(struct transom_region *region, const struct transom_header *header) {
  struct span whole = {0, header->region_bytes};
  struct span fixed[] = {{0, header->header_bytes},
                         {TRANSOM_HOST_AREA_OFFSET, TRANSOM_HOST_AREA_BYTES},
                         {header->section_table_offset, (uint64_t)header->section_count * header->section_entry_bytes}};
  if (!span_inside(fixed[2], whole) || spans_overlap(fixed[2], fixed[0]) || spans_overlap(fixed[2], fixed[1]))
    return -EBADMSG;
  struct table table;
  read_table(region, header, &table);
  if (!table_honest(&table, fixed, 3, header->region_bytes))
    return -EBADMSG;
  int rc = 0;
  for (uint32_t i = 0; i < table.count && rc == 0; i++) {
    if (section_usable(&table.entries[i]))
      rc = attach_section(region, &table.entries[i]);
  }
  return rc < 0 ? rc : attach_heads(region, &table);
}

int validate_attach(volatile void *base, uint64_t mapped_bytes, uint64_t features_known, struct transom_region *region,
                    enum transom_compatibility *compatibility) {
  *compatibility = TRANSOM_NOT_FORMATTED;
  if (!is_multiple((uintptr_t)base, PAGE_BYTES) || mapped_bytes < TRANSOM_REGION_BYTES_MIN || mapped_bytes > TRANSOM_REGION_BYTES_MAX)
    return -EINVAL;
  struct transom_header header;
  int rc = read_header(base, &header);
  *compatibility = version_check(&header, features_known);
  if (rc == -EAGAIN)
    return rc;
  if (*compatibility != TRANSOM_COMPATIBLE)
    return -EPROTO;
  if (rc == 0 && !header_honest(&header, mapped_bytes))
    rc = -EBADMSG;
  struct transom_region found;
  fill_region(&found, base, mapped_bytes, &header);
  if (rc == 0)
    rc = attach_sections(&found, &header);
  /* An agent that formats anew at this moment has cleared its epoch first: what we copied is then neither honest nor dishonest. */
  wire_fence_load(WIRE_FENCE_RECORD_READ);
  if (wire_load64(&found.header->magic) != TRANSOM_MAGIC || !validate_epoch(&found))
    return -EAGAIN;
  if (rc == 0)
    *region = found;
  return rc;
}
