/* A formatted region in ordinary memory, a publisher and up to four consumers of head 0. For cmocka tests, one thread. */
#ifndef TRANSOM_TESTS_QUEUE_FIXTURE_H
#define TRANSOM_TESTS_QUEUE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>

#include "protocol/frame_reader.h"
#include "protocol/frame_writer.h"
#include "protocol/region_format.h"

#define QUEUE_FIXTURE_BYTES (UINT64_C(1) << 20)
#define QUEUE_FIXTURE_WIDTH 64u
#define QUEUE_FIXTURE_HEIGHT 32u
#define QUEUE_FIXTURE_CONSUMERS 4u
#define QUEUE_FIXTURE_FEATURES                                                                                                             \
  (TRANSOM_FEATURE_BANDS | TRANSOM_FEATURE_DAMAGE | TRANSOM_FEATURE_HISTORY | TRANSOM_FEATURE_CLOCK | TRANSOM_FEATURE_DOORBELL)

struct queue_fixture {
  uint8_t *memory;
  uint64_t epoch;
  uint32_t slot_count;
  struct transom_region region;      /* the agent's */
  struct transom_region host_region; /* the consumers' */
  struct transom_consumers consumers;
  struct transom_frame_writer writer;
  struct transom_consumer lines[QUEUE_FIXTURE_CONSUMERS];
  struct transom_frame_reader readers[QUEUE_FIXTURE_CONSUMERS];
  uint64_t now_ns;
  uint32_t slot;              /* of the frame begun last */
  struct transom_damage copy; /* what begin() asked for */
};

int queue_fixture_setup(void **state); /* three slots */
int queue_fixture_setup_two_slots(void **state);
int queue_fixture_teardown(void **state);

/* Formats anew with another epoch; the host's view stays the old one until queue_fixture_attach(). */
void queue_fixture_format(struct queue_fixture *fixture, uint32_t slot_count);
void queue_fixture_attach(struct queue_fixture *fixture);

/* Joins line `index` and returns its reader. */
struct transom_frame_reader *queue_fixture_consumer(struct queue_fixture *fixture, uint32_t index);

/* A frame of the usual size; damage NULL = none. */
struct transom_frame_info queue_fixture_info(const struct transom_damage *damage);
int queue_fixture_try_begin(struct queue_fixture *fixture, const struct transom_damage *damage);
void queue_fixture_begin(struct queue_fixture *fixture, const struct transom_damage *damage);
void queue_fixture_publish(struct queue_fixture *fixture, const struct transom_damage *damage); /* begin and complete */

struct transom_damage queue_fixture_rect(uint16_t x, uint16_t y, uint16_t width, uint16_t height);
bool queue_fixture_covers(const struct transom_damage *damage, uint32_t x, uint32_t y);

#endif
