#include "support/test_publisher.h"

#include "common/clock.h"
#include "protocol/atomics.h"
#include "support/test_picture.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FRAME_BYTES_MAX (TEST_PUBLISHER_PIXELS_MAX * 8u)

static bool map(struct test_publisher *publisher) {
  if (publisher->fd < 0 || ftruncate(publisher->fd, (off_t)TEST_PUBLISHER_REGION_BYTES) != 0)
    return false;
  publisher->base = mmap(NULL, TEST_PUBLISHER_REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, publisher->fd, 0);
  publisher->screen = calloc(TEST_PUBLISHER_PIXELS_MAX, sizeof *publisher->screen);
  return publisher->base != MAP_FAILED && publisher->screen;
}

static void begin(struct test_publisher *publisher) {
  *publisher = (struct test_publisher){.width = 640, .height = 400, .format = TRANSOM_FORMAT_BGRA8};
}

bool test_publisher_init(struct test_publisher *publisher) {
  begin(publisher);
  publisher->fd = memfd_create("test region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  snprintf(publisher->path, sizeof publisher->path, "/proc/%d/fd/%d", (int)getpid(), publisher->fd);
  return map(publisher) && fcntl(publisher->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0;
}

bool test_publisher_init_file(struct test_publisher *publisher) {
  const char *directory = getenv("TMPDIR");
  begin(publisher);
  snprintf(publisher->path, sizeof publisher->path, "%.40s/transom-XXXXXX", directory ? directory : "/dev/shm");
  publisher->fd = mkstemp(publisher->path);
  publisher->is_file = true;
  return map(publisher);
}

void test_publisher_finish(struct test_publisher *publisher) {
  munmap(publisher->base, TEST_PUBLISHER_REGION_BYTES);
  close(publisher->fd);
  if (publisher->is_file)
    unlink(publisher->path);
  free(publisher->screen);
}

void test_publisher_format(struct test_publisher *publisher, uint64_t epoch) {
  struct transom_region_request request = {.head_count = 1,
                                           .slot_count = 3,
                                           .frame_bytes_max = {FRAME_BYTES_MAX},
                                           .features_offered = TRANSOM_FEATURE_BANDS | TRANSOM_FEATURE_DAMAGE | TRANSOM_FEATURE_HISTORY |
                                                               TRANSOM_FEATURE_CURSOR | (publisher->talks ? TRANSOM_FEATURE_MESSAGES : 0),
                                           .agent_name = "test publisher",
                                           .guest_name = "test"};
  struct transom_region_plan *plan = malloc(sizeof *plan);
  int error = plan ? region_plan(TEST_PUBLISHER_REGION_BYTES, &request, plan) : -1;
  error = error ? error : region_format(publisher->base, &request, plan, epoch, &publisher->region);
  assert(error == 0);
  (void)error;
  free(plan);
  consumers_init(&publisher->consumers, &publisher->region);
  frame_writer_init(&publisher->writer, &publisher->region, &publisher->consumers, 0);
  cursor_writer_init(&publisher->cursor, &publisher->region.cursors[0]);
  publisher->status_sequence = 0;
  region_set_status(&publisher->region, ++publisher->status_sequence, TRANSOM_AGENT_RUNNING, "");
  test_publisher_beat(publisher);
}

void test_publisher_mode(struct test_publisher *publisher, enum transom_format format, uint32_t width, uint32_t height, uint32_t rotation) {
  assert(width <= TEST_PUBLISHER_WIDTH_MAX && height <= TEST_PUBLISHER_HEIGHT_MAX && width * height <= TEST_PUBLISHER_PIXELS_MAX);
  publisher->format = format;
  publisher->width = width;
  publisher->height = height;
  publisher->rotation = rotation;
}

void test_publisher_beat(struct test_publisher *publisher) {
  volatile uint64_t *heartbeat = &publisher->region.status->heartbeat;
  wire_store64(heartbeat, wire_load64(heartbeat) + 1);
}

/* What the slot lacks, of rows [rows_done, end): the copy follows begin()'s orders, so a wrong order shows. */
static void copy_rows(struct test_publisher *publisher, uint32_t end) {
  for (uint32_t i = 0; i < publisher->copy.count; i++) {
    struct transom_rect rect = publisher->copy.rects[i];
    for (uint32_t y = rect.y; y < (uint32_t)rect.y + rect.height; y++)
      for (uint32_t x = rect.x; x < (uint32_t)rect.x + rect.width && y >= publisher->rows_done && y < end; x++)
        test_picture_draw(publisher->pixels, publisher->pitch_bytes, publisher->format, publisher->screen[y * publisher->width + x],
                          (struct transom_rect){(uint16_t)x, (uint16_t)y, 1, 1});
  }
  publisher->rows_done = end;
}

bool test_publisher_begin_all(struct test_publisher *publisher, const struct transom_rect *rects, uint32_t count) {
  uint32_t pixel_bytes = validate_format_bytes(publisher->format);
  struct transom_frame_info info = {.format = publisher->format,
                                    .width = publisher->width,
                                    .height = publisher->height,
                                    .pitch_bytes = (publisher->width * pixel_bytes + 255) / 256 * 256,
                                    .rotation = publisher->rotation,
                                    .flags = publisher->pq ? TRANSOM_FRAME_PQ : 0,
                                    .acquired_ns = clock_raw_ns()};
  uint64_t sequence = publisher->writer.sequence + 1;
  for (uint32_t i = 0; i < count; i++) {
    damage_add(&info.damage, rects[i]);
    for (uint32_t y = rects[i].y; y < (uint32_t)rects[i].y + rects[i].height; y++)
      for (uint32_t x = rects[i].x; x < (uint32_t)rects[i].x + rects[i].width; x++)
        publisher->screen[y * publisher->width + x] = sequence;
  }
  info.copy_started_ns = clock_raw_ns();
  publisher->pitch_bytes = info.pitch_bytes;
  publisher->rows_done = 0;
  if (frame_writer_begin(&publisher->writer, &info, clock_raw_ns(), &publisher->pixels, &publisher->copy) != 0)
    return false;
  if (publisher->copy.full) {
    publisher->copy.count = 1;
    publisher->copy.rects[0] = (struct transom_rect){0, 0, (uint16_t)publisher->width, (uint16_t)publisher->height};
  }
  return true;
}

bool test_publisher_begin(struct test_publisher *publisher, struct transom_rect rect) {
  return test_publisher_begin_all(publisher, &rect, 1);
}

void test_publisher_rows(struct test_publisher *publisher, uint32_t rows_valid) {
  copy_rows(publisher, rows_valid);
  frame_writer_rows(&publisher->writer, rows_valid);
}

void test_publisher_complete(struct test_publisher *publisher) {
  copy_rows(publisher, publisher->height);
  frame_writer_complete(&publisher->writer, clock_raw_ns(), clock_raw_ns());
  test_publisher_beat(publisher);
}

void test_publisher_abandon(struct test_publisher *publisher) { frame_writer_abandon(&publisher->writer); }

uint64_t test_publisher_publish(struct test_publisher *publisher, struct transom_rect rect) {
  if (test_publisher_begin(publisher, rect))
    test_publisher_complete(publisher);
  return publisher->writer.sequence;
}

uint64_t test_publisher_publish_whole(struct test_publisher *publisher) {
  return test_publisher_publish(publisher, (struct transom_rect){0, 0, (uint16_t)publisher->width, (uint16_t)publisher->height});
}

uint32_t test_publisher_shown_width(const struct test_publisher *publisher) {
  return publisher->rotation & 1 ? publisher->height : publisher->width;
}

uint32_t test_publisher_shown_height(const struct test_publisher *publisher) {
  return publisher->rotation & 1 ? publisher->width : publisher->height;
}

uint32_t test_publisher_pixel(const struct test_publisher *publisher, uint32_t x, uint32_t y) {
  uint32_t from_x = x, from_y = y;
  switch (publisher->rotation) { /* quarter turns clockwise: undo them */
  case 1:
    from_x = y, from_y = publisher->height - 1 - x;
    break;
  case 2:
    from_x = publisher->width - 1 - x, from_y = publisher->height - 1 - y;
    break;
  case 3:
    from_x = publisher->width - 1 - y, from_y = x;
    break;
  }
  return test_picture_colour(publisher->screen[from_y * publisher->width + from_x], from_x, from_y);
}
