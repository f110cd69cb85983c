/* The gate against hostile and against merely older or newer agents. The mapping ends at a guard page: one byte too far is a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/region_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define REGION_BYTES (UINT64_C(4) << 20)
#define GUARD_BYTES UINT64_C(65536)

struct gate {
  uint8_t *memory;
  uint8_t *good; /* a copy of the honest region's first bytes, to restore */
  struct transom_region region;
  struct transom_region_plan plan;
};
#define GOOD_BYTES (UINT64_C(512) << 10)

static int setup(void **state) {
  struct gate *gate = calloc(1, sizeof *gate);
  struct transom_region_request request = {.head_count = 1,
                                           .slot_count = 3,
                                           .frame_bytes_max = {100000},
                                           .features_offered = TRANSOM_FEATURES_KNOWN,
                                           .agent_name = "agent",
                                           .guest_name = "guest"};
  gate->memory = mmap(NULL, REGION_BYTES + GUARD_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(gate->memory, MAP_FAILED);
  assert_int_equal(mprotect(gate->memory + REGION_BYTES, GUARD_BYTES, PROT_NONE), 0);
  assert_int_equal(region_plan(REGION_BYTES, &request, &gate->plan), 0);
  assert_int_equal(region_format(gate->memory, &request, &gate->plan, 77, &gate->region), 0);
  gate->good = malloc(GOOD_BYTES);
  memcpy(gate->good, gate->memory, GOOD_BYTES);
  *state = gate;
  return 0;
}

static int teardown(void **state) {
  struct gate *gate = *state;
  munmap(gate->memory, REGION_BYTES + GUARD_BYTES);
  free(gate->good);
  free(gate);
  return 0;
}

/* Header and table; all sections up to the cursor's header. */
static void restore(struct gate *gate) {
  memcpy(gate->memory, gate->good, 16384);
  memcpy(gate->memory + TRANSOM_GUEST_AREA_OFFSET, gate->good + TRANSOM_GUEST_AREA_OFFSET, GOOD_BYTES - TRANSOM_GUEST_AREA_OFFSET);
}

static int attach(struct gate *gate) {
  enum transom_compatibility compatibility;
  return validate_attach(gate->memory, REGION_BYTES, TRANSOM_FEATURES_KNOWN, &gate->region, &compatibility);
}

static struct transom_header *header_of(struct gate *gate) { return (struct transom_header *)gate->memory; }

static struct transom_section *section_of(struct gate *gate, uint32_t type) {
  struct transom_section *table = (struct transom_section *)(gate->memory + header_of(gate)->section_table_offset);
  for (uint32_t i = 0; i < header_of(gate)->section_count; i++) {
    if (table[i].type == type)
      return &table[i];
  }
  fail_msg("no section of type %u", type);
  return NULL;
}

static struct transom_frame_queue *queue_of(struct gate *gate) {
  return (struct transom_frame_queue *)(gate->memory + section_of(gate, TRANSOM_SECTION_FRAME_QUEUE)->offset);
}

/* ---- what an accepted region must be ---- */

static void assert_span(const struct gate *gate, const volatile void *from, uint64_t bytes, uint64_t align) {
  uint64_t offset = (uint64_t)((uintptr_t)from - (uintptr_t)gate->memory);
  assert_true(offset >= TRANSOM_HEADER_BYTES_MIN && offset < REGION_BYTES && bytes <= REGION_BYTES - offset);
  assert_true(offset + bytes <= TRANSOM_HOST_AREA_OFFSET || offset >= TRANSOM_HOST_AREA_OFFSET + TRANSOM_HOST_AREA_BYTES);
  assert_int_equal(offset % align, 0);
}

static void assert_queue_sound(const struct gate *gate, const struct transom_queue_view *queue) {
  assert_in_range(queue->slot_count, TRANSOM_SLOTS_MIN, TRANSOM_SLOTS_MAX);
  assert_in_range(queue->descriptor_bytes, TRANSOM_DESCRIPTOR_BYTES_MIN, TRANSOM_RECORD_BYTES_MAX);
  assert_in_range(queue->progress_bytes, TRANSOM_PROGRESS_BYTES_MIN, TRANSOM_RECORD_BYTES_MAX);
  assert_span(gate, queue->newest, sizeof *queue->newest, 64);
  assert_span(gate, queue->revoked, TRANSOM_CONSUMERS_MAX * 8, 64);
  assert_span(gate, queue->descriptors, (uint64_t)queue->slot_count * queue->descriptor_bytes, 8);
  assert_span(gate, queue->progress, (uint64_t)queue->slot_count * queue->progress_bytes, 8);
  assert_span(gate, queue->slots, queue->slot_count * queue->slot_bytes, TRANSOM_SLOT_ALIGN);
  if (queue->history_count)
    assert_span(gate, queue->history, (uint64_t)queue->history_count * queue->history_bytes, 8);
}

static void assert_sound(const struct gate *gate) {
  const struct transom_region *region = &gate->region;
  if (region->status)
    assert_span(gate, region->status, sizeof *region->status, 64);
  if (region->clock_replies)
    assert_span(gate, region->clock_replies, TRANSOM_CONSUMERS_MAX * sizeof *region->clock_replies, 64);
  for (uint32_t i = 0; i < region->head_count; i++)
    assert_queue_sound(gate, &region->queues[i]);
  for (uint32_t i = 0; i < TRANSOM_HEADS_MAX; i++) {
    const struct transom_cursor_view *cursor = &region->cursors[i];
    if (!cursor->state)
      continue;
    assert_span(gate, cursor->state, cursor->state_bytes, 64);
    assert_span(gate, cursor->shapes, (uint64_t)cursor->shape_count * cursor->shape_bytes, 8);
    assert_true(cursor->shape_record_bytes < cursor->shape_bytes);
  }
  for (uint32_t i = 0; i < TRANSOM_CHANNELS; i++) {
    if (region->to_host[i].data)
      assert_span(gate, region->to_host[i].data, region->to_host[i].data_bytes, 8);
    if (region->to_guest[i].data)
      assert_span(gate, region->to_guest[i].consumer, sizeof(struct transom_guest_ring), 64);
  }
}

/* ---- hostile matrices: every 16, 32 and 64 bit field of a structure, at every boundary ---- */

static const uint64_t boundaries[] = {0,
                                      1,
                                      7,
                                      8,
                                      15,
                                      16,
                                      63,
                                      64,
                                      65,
                                      127,
                                      128,
                                      255,
                                      256,
                                      1023,
                                      1024,
                                      1025,
                                      4095,
                                      4096,
                                      65535,
                                      65536,
                                      65537,
                                      TRANSOM_HOST_AREA_OFFSET + 64,
                                      TRANSOM_GUEST_AREA_OFFSET - 64,
                                      TRANSOM_GUEST_AREA_OFFSET,
                                      REGION_BYTES - 65536,
                                      REGION_BYTES - 64,
                                      REGION_BYTES - 1,
                                      REGION_BYTES,
                                      REGION_BYTES + 1,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffff00,
                                      0xffffffff,
                                      UINT64_C(0x100000000),
                                      UINT64_C(1) << 34,
                                      UINT64_C(0x7fffffffffffffff),
                                      UINT64_C(0x8000000000000000),
                                      UINT64_MAX - 65535,
                                      UINT64_MAX - 63,
                                      UINT64_MAX};

static uint32_t mutate(struct gate *gate, uint8_t *structure, size_t bytes) {
  static const size_t widths[] = {2, 4, 8};
  uint32_t accepted = 0;
  for (uint32_t w = 0; w < 3; w++) {
    for (size_t at = 0; at + widths[w] <= bytes; at += widths[w]) {
      for (uint32_t i = 0; i < sizeof boundaries / sizeof boundaries[0]; i++) {
        memcpy(structure + at, &boundaries[i], widths[w]); /* little-endian */
        if (attach(gate) == 0) {
          assert_sound(gate);
          accepted++;
        }
        restore(gate);
      }
    }
  }
  assert_int_equal(attach(gate), 0);
  return accepted;
}

static void hostile_header_matrix(void **state) {
  struct gate *gate = *state;
  mutate(gate, gate->memory, 64);
}

static void hostile_section_matrix(void **state) {
  struct gate *gate = *state;
  for (uint32_t i = 0; i < header_of(gate)->section_count; i++)
    mutate(gate, gate->memory + header_of(gate)->section_table_offset + i * sizeof(struct transom_section), sizeof(struct transom_section));
}

static void hostile_queue_matrix(void **state) {
  struct gate *gate = *state;
  mutate(gate, (uint8_t *)queue_of(gate), sizeof(struct transom_frame_queue));
}

static void hostile_cursor_and_ring_matrix(void **state) {
  struct gate *gate = *state;
  mutate(gate, gate->memory + section_of(gate, TRANSOM_SECTION_CURSOR)->offset, sizeof(struct transom_cursor));
  mutate(gate, gate->memory + section_of(gate, TRANSOM_SECTION_RING_TO_HOST)->offset + 64, 8);
}

/* Several fields at once, from a fixed seed. */
static void hostile_combinations(void **state) {
  struct gate *gate = *state;
  uint64_t random = 88172645463325252;
  uint32_t accepted = 0;
  uint8_t *table = gate->memory + header_of(gate)->section_table_offset, *queue = (uint8_t *)queue_of(gate);
  size_t table_bytes = header_of(gate)->section_count * sizeof(struct transom_section);
  for (uint32_t round = 0; round < 3000; round++) {
    for (uint32_t i = 0; i < 1 + round % 4; i++) {
      random ^= random << 13, random ^= random >> 7, random ^= random << 17;
      uint64_t value = boundaries[random % (sizeof boundaries / sizeof boundaries[0])];
      bool in_table = random >> 40 & 1;
      memcpy(in_table ? table + (random >> 16) % table_bytes / 4 * 4 : queue + (random >> 16) % 64 / 4 * 4, &value, 4);
    }
    if (attach(gate) == 0) {
      assert_sound(gate);
      accepted++;
    }
    restore(gate);
  }
  assert_true(accepted > 0);
}

/* ---- single rules, each with its answer ---- */

#define REFUSED(gate, change)                                                                                                              \
  do {                                                                                                                                     \
    change;                                                                                                                                \
    assert_int_equal(attach(gate), -EBADMSG);                                                                                              \
    restore(gate);                                                                                                                         \
  } while (0)

static void sections_must_not_overlap(void **state) {
  struct gate *gate = *state;
  struct transom_section *status = section_of(gate, TRANSOM_SECTION_AGENT_STATUS), *clock = section_of(gate, TRANSOM_SECTION_CLOCK);
  REFUSED(gate, status->offset = 0);
  REFUSED(gate, status->offset = header_of(gate)->section_table_offset);
  REFUSED(gate, status->offset = TRANSOM_HOST_AREA_OFFSET);
  REFUSED(gate, status->offset = TRANSOM_GUEST_AREA_OFFSET - 64);
  REFUSED(gate, status->offset = clock->offset);
  REFUSED(gate, status->offset = clock->offset + clock->bytes - 64);
  REFUSED(gate, status->offset = REGION_BYTES);
  REFUSED(gate, status->offset += 8); /* not on a line */
  REFUSED(gate, status->bytes = UINT64_MAX);
  REFUSED(gate, status->bytes = UINT64_MAX - status->offset + 1);
  REFUSED(gate, status->type = TRANSOM_SECTION_CLOCK); /* two clocks */
  REFUSED(gate, header_of(gate)->section_table_offset = 64);
  REFUSED(gate, header_of(gate)->section_table_offset = TRANSOM_HOST_AREA_OFFSET);
  REFUSED(gate, header_of(gate)->section_table_offset = 0xfffffff8);
  REFUSED(gate, header_of(gate)->section_count = TRANSOM_SECTIONS_MAX + 1);
}

static void slots_stay_inside_their_section(void **state) {
  struct gate *gate = *state;
  struct transom_frame_queue *queue = queue_of(gate);
  REFUSED(gate, queue->slot_count = 4);
  REFUSED(gate, queue->slot_bytes += TRANSOM_SLOT_ALIGN);
  REFUSED(gate, queue->slot_bytes = 0);
  REFUSED(gate, queue->slot_bytes = UINT64_C(1) << 63);
  REFUSED(gate, queue->slot_bytes -= 4096);
  REFUSED(gate, queue->slots_offset -= TRANSOM_SLOT_ALIGN);
  REFUSED(gate, queue->slots_offset += 4096);
  REFUSED(gate, queue->head = 1);
  REFUSED(gate, queue->descriptor_bytes = TRANSOM_DESCRIPTOR_BYTES_MIN - 8);
  REFUSED(gate, queue->descriptor_bytes += 4);
  REFUSED(gate, queue->history_count = TRANSOM_HISTORY_MAX + 1);
  REFUSED(gate, queue->progress_bytes = 0);
  REFUSED(gate, queue->words_offset += 8);
}

static void host_area_never_moves(void **state) {
  struct gate *gate = *state;
  REFUSED(gate, header_of(gate)->host_area_offset += 4096);
  REFUSED(gate, header_of(gate)->host_area_bytes -= 64);
  REFUSED(gate, header_of(gate)->region_bytes = REGION_BYTES + 1);
  REFUSED(gate, header_of(gate)->header_bytes = TRANSOM_HEADER_BYTES_MIN - 1);
  REFUSED(gate, header_of(gate)->header_bytes = TRANSOM_HOST_AREA_OFFSET + 1);
}

static void mapping_itself_is_checked(void **state) {
  struct gate *gate = *state;
  enum transom_compatibility compatibility;
  assert_int_equal(validate_attach(gate->memory + 64, REGION_BYTES - 64, 0, &gate->region, &compatibility), -EINVAL);
  assert_int_equal(validate_attach(gate->memory, TRANSOM_REGION_BYTES_MIN - 1, 0, &gate->region, &compatibility), -EINVAL);
  assert_int_equal(validate_attach(gate->memory, TRANSOM_REGION_BYTES_MAX + 1, 0, &gate->region, &compatibility), -EINVAL);
  assert_int_equal(validate_attach(gate->memory, REGION_BYTES / 2, 0, &gate->region, &compatibility), -EBADMSG);
}

static void failed_attach_writes_nothing(void **state) {
  struct gate *gate = *state;
  struct transom_region before = gate->region;
  header_of(gate)->section_entry_bytes = 24;
  assert_int_equal(attach(gate), -EBADMSG);
  assert_memory_equal(&before, &gate->region, sizeof before);
}

/* ---- versions ---- */

static void versions_are_told_apart(void **state) {
  struct gate *gate = *state;
  enum transom_compatibility compatibility;
  const uint64_t known = TRANSOM_FEATURES_KNOWN;
  header_of(gate)->layout_major = 0;
  assert_int_equal(validate_attach(gate->memory, REGION_BYTES, known, &gate->region, &compatibility), -EPROTO);
  assert_int_equal(compatibility, TRANSOM_AGENT_TOO_OLD);
  header_of(gate)->layout_major = 2;
  assert_int_equal(validate_attach(gate->memory, REGION_BYTES, known, &gate->region, &compatibility), -EPROTO);
  assert_int_equal(compatibility, TRANSOM_AGENT_TOO_NEW);
  restore(gate);
  header_of(gate)->features_required = UINT64_C(1) << 40;
  assert_int_equal(validate_attach(gate->memory, REGION_BYTES, known, &gate->region, &compatibility), -EPROTO);
  assert_int_equal(compatibility, TRANSOM_FEATURE_MISSING);
  restore(gate);
  header_of(gate)->magic = 0;
  assert_int_equal(validate_attach(gate->memory, REGION_BYTES, known, &gate->region, &compatibility), -EAGAIN);
  assert_int_equal(compatibility, TRANSOM_NOT_FORMATTED);
  header_of(gate)->magic = UINT64_C(0x4b564d4652202020);
  assert_int_equal(validate_attach(gate->memory, REGION_BYTES, known, &gate->region, &compatibility), -EAGAIN);
  assert_int_equal(compatibility, TRANSOM_FOREIGN);
}

static void older_header_is_zero_filled(void **state) {
  struct gate *gate = *state;
  header_of(gate)->header_bytes = TRANSOM_HEADER_BYTES_MIN;
  assert_int_equal(attach(gate), 0);
  assert_string_equal(gate->region.agent_name, "");
  header_of(gate)->header_bytes = 96; /* with one name */
  assert_int_equal(attach(gate), 0);
  assert_string_equal(gate->region.agent_name, "agent");
  assert_string_equal(gate->region.guest_name, "");
}

/* Longer header, longer entries, unknown sections, unknown majors, unknown features: all of it passes. */
static void newer_minor_is_accepted(void **state) {
  struct gate *gate = *state;
  struct transom_header *header = header_of(gate);
  const uint32_t entry_bytes = 48;
  uint8_t table[(TRANSOM_SECTIONS_MAX + 2) * 48] = {0};
  struct transom_section *unknown = (struct transom_section *)(void *)&table[header->section_count * entry_bytes];
  for (uint32_t i = 0; i < header->section_count; i++) {
    memcpy(&table[i * entry_bytes], gate->memory + header->section_table_offset + i * sizeof(struct transom_section), 32);
    ((struct transom_section *)(void *)&table[i * entry_bytes])->version_minor = 3;
  }
  *unknown = (struct transom_section){.type = 999, .instance = 12345, .version_major = 7, .offset = 8192 + 8, .bytes = 24};
  memcpy(gate->memory + header->section_table_offset, table, (header->section_count + 1u) * entry_bytes);
  header->section_count++;
  header->section_entry_bytes = entry_bytes;
  header->header_bytes = 256;
  header->layout_minor = 9;
  header->features_offered |= UINT64_C(1) << 50;
  assert_int_equal(attach(gate), 0);
  assert_int_equal(gate->region.layout_minor, 9);
  assert_int_equal(gate->region.head_count, 1);
  assert_non_null(gate->region.status);
  assert_sound(gate);
}

static void section_of_another_major_is_missing(void **state) {
  struct gate *gate = *state;
  section_of(gate, TRANSOM_SECTION_CURSOR)->version_major = 2;
  section_of(gate, TRANSOM_SECTION_CLOCK)->version_major = 0;
  section_of(gate, TRANSOM_SECTION_AGENT_STATUS)->type = 500;
  assert_int_equal(attach(gate), 0);
  assert_null(gate->region.cursors[0].state);
  assert_null(gate->region.clock_replies);
  assert_null(gate->region.status);
  assert_int_equal(gate->region.head_count, 1);
  section_of(gate, TRANSOM_SECTION_FRAME_SLOTS)->version_major = 2;
  assert_int_equal(attach(gate), 0);
  assert_int_equal(gate->region.head_count, 0);
}

static void names_are_made_harmless(void **state) {
  struct gate *gate = *state;
  memset(header_of(gate)->agent_name, 'x', 32); /* no end */
  memcpy(header_of(gate)->guest_name, "a\033[31m\n\xc3\xa9%s", 12);
  assert_int_equal(attach(gate), 0);
  assert_int_equal(strlen(gate->region.agent_name), 31);
  assert_string_equal(gate->region.guest_name, "a?[31m???%s");
}

#define GATE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      GATE_TEST(hostile_header_matrix),
      GATE_TEST(hostile_section_matrix),
      GATE_TEST(hostile_queue_matrix),
      GATE_TEST(hostile_cursor_and_ring_matrix),
      GATE_TEST(hostile_combinations),
      GATE_TEST(sections_must_not_overlap),
      GATE_TEST(slots_stay_inside_their_section),
      GATE_TEST(host_area_never_moves),
      GATE_TEST(mapping_itself_is_checked),
      GATE_TEST(failed_attach_writes_nothing),
      GATE_TEST(versions_are_told_apart),
      GATE_TEST(older_header_is_zero_filled),
      GATE_TEST(newer_minor_is_accepted),
      GATE_TEST(section_of_another_major_is_missing),
      GATE_TEST(names_are_made_harmless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
