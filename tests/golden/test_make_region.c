/* Regions of a second implementation (make_region.py, written from docs/protocol.md): older, newer and exact ones are read to the last
 * pixel, the others are refused for the right reason. */
#include "protocol/agent_status.h"
#include "protocol/cursor.h"
#include "protocol/frame_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define REGION_BYTES (UINT64_C(2) << 20)
#define EPOCH UINT64_C(0x1122334455667788)
#define WIDTH 320u
#define HEIGHT 200u

/* Runs the generator and maps what it wrote. */
static void *make(const char *variant) {
  char path[] = "/tmp/transom-golden-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  pid_t child = fork();
  if (child == 0) {
    execlp(GOLDEN_PYTHON, GOLDEN_PYTHON, "-B", GOLDEN_GENERATOR, variant, path, (char *)NULL);
    _exit(127);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  int fd_written = open(path, O_RDWR | O_CLOEXEC);
  unlink(path);
  close(fd);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  assert_int_equal(lseek(fd_written, 0, SEEK_END), REGION_BYTES);
  void *base = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd_written, 0);
  close(fd_written);
  assert_true(base != MAP_FAILED);
  return base;
}

static void attach(const char *variant, struct transom_region *region) {
  enum transom_compatibility compatibility;
  assert_int_equal(validate_attach(make(variant), REGION_BYTES, TRANSOM_FEATURES_KNOWN, region, &compatibility), 0);
  assert_int_equal(compatibility, TRANSOM_COMPATIBLE);
  assert_true(region->epoch == EPOCH);
  assert_int_equal(region->head_count, 1);
}

static void detach(struct transom_region *region) { munmap((void *)(uintptr_t)region->base, REGION_BYTES); }

static uint32_t wrong_pixels(const struct transom_frame *frame) {
  uint32_t wrong = 0;
  for (uint32_t y = 0; y < HEIGHT; y++) {
    for (uint32_t x = 0; x < WIDTH; x++) {
      const volatile uint8_t *pixel = frame->pixels + (size_t)y * frame->descriptor.pitch_bytes + x * 4;
      wrong += pixel[0] != (uint8_t)(3 * x + y) || pixel[1] != (uint8_t)(x + 5 * y) || pixel[2] != (uint8_t)(x ^ y);
    }
  }
  return wrong;
}

/* The picture as any consumer reads it. */
static void expect_picture(struct transom_region *region, uint64_t complete_ns) {
  struct transom_consumer consumer;
  struct transom_frame_reader reader;
  struct transom_frame frame;
  struct transom_damage damage;
  assert_int_equal(consumer_join(&consumer, region, 3, 0, TRANSOM_PEER_NONE, TRANSOM_WAKE_COMPLETE, TRANSOM_FEATURES_KNOWN), 0);
  frame_reader_init(&reader, &consumer);
  assert_int_equal(frame_reader_acquire(&reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame), 0);
  assert_int_equal(frame.sequence, 7);
  assert_int_equal(frame.slot, 1);
  assert_int_equal(frame.descriptor.format, TRANSOM_FORMAT_BGRA8);
  assert_int_equal(frame.descriptor.width, WIDTH);
  assert_int_equal(frame.descriptor.height, HEIGHT);
  assert_int_equal(frame.descriptor.rotation, 0);
  assert_int_equal(frame.descriptor.acquired_ns, 1000);
  assert_int_equal(frame.complete_ns, complete_ns);
  assert_int_equal(wrong_pixels(&frame), 0);
  assert_true(frame_reader_intact(&reader, &frame));
  frame_reader_damage(&reader, &frame, 6, &damage);
  assert_true(damage.full);
  frame_reader_release(&reader, &frame);
  assert_int_equal(reader.bad, 0);
  consumer_leave(&consumer);
}

static void expect_cursor_and_status(const struct transom_region *region) {
  static uint8_t pixels[TRANSOM_CURSOR_DATA_MAX];
  struct transom_cursor_reader cursor;
  struct transom_cursor_state state;
  struct transom_cursor_shape shape;
  struct transom_agent_report report;
  cursor_reader_init(&cursor, &region->cursors[0]);
  assert_int_equal(cursor_reader_state(&cursor, &state), 0);
  assert_int_equal(state.x, 100);
  assert_int_equal(state.y, -3);
  assert_int_equal(cursor_reader_shape(&cursor, &state, &shape, pixels), 0);
  assert_int_equal(shape.hot_x, 4);
  assert_int_equal(shape.hot_y, 6);
  for (uint32_t i = 0; i < 4096; i++)
    assert_int_equal(pixels[i], i & 255);
  assert_int_equal(agent_status_read(region, 0, &report), 0);
  assert_int_equal(report.state, TRANSOM_AGENT_RUNNING);
  assert_string_equal(report.text, "a picture from Python");
}

static void expect_rings_and_clock(const struct transom_region *region) {
  for (uint32_t channel = 0; channel < TRANSOM_CHANNELS; channel++) {
    assert_non_null(region->to_guest[channel].data);
    assert_int_equal(region->to_host[channel].data_bytes, channel == 0 ? 16384 : 65536);
  }
  assert_non_null(region->clock_replies);
}

static void test_exact(void **unused) {
  (void)unused;
  struct transom_region region;
  attach("exact", &region);
  assert_int_equal(region.layout_minor, 0);
  assert_string_equal(region.agent_name, "make_region.py");
  assert_string_equal(region.guest_name, "golden");
  assert_int_equal(region.queues[0].history_count, 64);
  expect_picture(&region, 4000);
  expect_cursor_and_status(&region);
  expect_rings_and_clock(&region);
  detach(&region);
}

static void test_older(void **unused) {
  (void)unused;
  struct transom_region region;
  attach("older", &region);
  assert_string_equal(region.agent_name, "");
  assert_null(region.cursors[0].state);
  assert_null(region.clock_replies);
  assert_null(region.to_host[0].data);
  assert_false(agent_status_exists(&region));
  expect_picture(&region, 0);
  detach(&region);
}

static void test_newer(void **unused) {
  (void)unused;
  struct transom_region region;
  attach("newer", &region);
  assert_int_equal(region.layout_minor, 2);
  assert_int_equal(region.queues[0].descriptor_bytes, 512);
  expect_picture(&region, 4000);
  expect_cursor_and_status(&region);
  expect_rings_and_clock(&region);
  detach(&region);
}

static void test_refused(void **unused) {
  (void)unused;
  static const struct {
    const char *variant;
    enum transom_compatibility reason;
  } cases[] = {{"major-0", TRANSOM_AGENT_TOO_OLD}, {"major-2", TRANSOM_AGENT_TOO_NEW}, {"required-feature", TRANSOM_FEATURE_MISSING}};
  for (uint32_t i = 0; i < 3; i++) {
    struct transom_region region = {.epoch = 77};
    enum transom_compatibility compatibility = TRANSOM_COMPATIBLE;
    void *base = make(cases[i].variant);
    assert_int_equal(validate_attach(base, REGION_BYTES, TRANSOM_FEATURES_KNOWN, &region, &compatibility), -EPROTO);
    assert_int_equal(compatibility, cases[i].reason);
    assert_int_equal(region.epoch, 77);
    munmap(base, REGION_BYTES);
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_exact),
      cmocka_unit_test(test_older),
      cmocka_unit_test(test_newer),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
