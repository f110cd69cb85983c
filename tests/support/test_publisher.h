/* An agent in the test's own process: formats a region file and publishes known pictures into it by the protocol's writer. */
#ifndef TRANSOM_TESTS_SUPPORT_TEST_PUBLISHER_H
#define TRANSOM_TESTS_SUPPORT_TEST_PUBLISHER_H

#include "protocol/cursor.h"
#include "protocol/frame_writer.h"
#include "protocol/region_format.h"

#define TEST_PUBLISHER_REGION_BYTES (UINT64_C(256) << 20)
#define TEST_PUBLISHER_WIDTH_MAX 5120u
#define TEST_PUBLISHER_HEIGHT_MAX 2160u
#define TEST_PUBLISHER_PIXELS_MAX (3840u * 2160u) /* whatever the shape */

struct test_publisher {
  char path[64]; /* by which a viewer opens the region */
  bool is_file;
  int fd;
  uint8_t *base;
  struct transom_region region;
  struct transom_consumers consumers;
  struct transom_frame_writer writer;
  struct transom_cursor_writer cursor;
  enum transom_format format;
  bool talks; /* has message rings: whoever sets it serves them */
  bool pq;    /* RGB10A2 alone: the same codes, but SMPTE ST 2084's */
  uint32_t width, height, rotation;
  uint64_t status_sequence;
  volatile uint8_t *pixels; /* of the frame begun last ... */
  uint32_t pitch_bytes;
  struct transom_damage copy; /* ... what has to go there ... */
  uint32_t rows_done;         /* ... and how far it is */
  uint64_t *screen;           /* for each pixel the sequence that drew it last */
};

/* A region of zeros: no agent yet. As transom-serve makes one, a sealed memfd; or a file in /dev/shm (or $TMPDIR), which may be cut. */
bool test_publisher_init(struct test_publisher *publisher);
bool test_publisher_init_file(struct test_publisher *publisher);
void test_publisher_finish(struct test_publisher *publisher);

/* Formats with a new epoch and says "running". */
void test_publisher_format(struct test_publisher *publisher, uint64_t epoch);
void test_publisher_mode(struct test_publisher *publisher, enum transom_format format, uint32_t width, uint32_t height, uint32_t rotation);

/* Moves the heartbeat: to be called while waiting for anything. */
void test_publisher_beat(struct test_publisher *publisher);

/* One frame in which `rect` has changed; returns its sequence. */
uint64_t test_publisher_publish(struct test_publisher *publisher, struct transom_rect rect);
uint64_t test_publisher_publish_whole(struct test_publisher *publisher);

/* The same in steps: the frame is announced; rows become valid as they are copied; the last step completes or abandons it. */
bool test_publisher_begin(struct test_publisher *publisher, struct transom_rect rect); /* false: no slot is free */
bool test_publisher_begin_all(struct test_publisher *publisher, const struct transom_rect *rects, uint32_t count); /* several */
void test_publisher_rows(struct test_publisher *publisher, uint32_t rows_valid);
void test_publisher_complete(struct test_publisher *publisher);
void test_publisher_abandon(struct test_publisher *publisher);

/* 0x00RRGGBB of the guest's screen as it should be seen, upright. */
uint32_t test_publisher_pixel(const struct test_publisher *publisher, uint32_t x, uint32_t y);
uint32_t test_publisher_shown_width(const struct test_publisher *publisher);
uint32_t test_publisher_shown_height(const struct test_publisher *publisher);

#endif
