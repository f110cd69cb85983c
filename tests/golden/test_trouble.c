/* Trouble while pictures are shown: hidden windows, files cut off, deaths of either side, a guest that writes nonsense. */
#include "presented.h"

#include "protocol/atomics.h"
#include "support/test_random.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LONG_KILLS 100u

/* The file is cut under the viewer, then another takes its place: it lives on, says so, and shows the picture again. */
static void cut_file_is_survived(const char *renderer) {
  struct test_publisher *publisher = &current->publisher;
  char name[sizeof publisher->path];
  test_publisher_finish(publisher);
  assert_true(test_publisher_init_file(publisher));
  presented_start(renderer, NULL, "cut");
  presented_see_some_frames(2);
  memcpy(name, publisher->path, sizeof name);
  assert_int_equal(ftruncate(publisher->fd, 1 << 20), 0); /* header and queue stay, the pixels are gone */
  assert_true(test_publisher_begin(publisher, (struct transom_rect){0, 0, 640, 400}));
  frame_writer_complete(&publisher->writer, 1, 2); /* of pixels that are not there: the viewer runs into it */
  current->quiet = true;
  WAIT_FOR(current, strcmp(current->viewers[0].state, "running") != 0);
  assert_true(viewer_process_said(&current->viewers[0], "cut short") + viewer_process_said(&current->viewers[0], "another one now") > 0);
  test_publisher_finish(publisher);
  assert_true(test_publisher_init_file(publisher));
  test_publisher_format(publisher, 0x4242);
  test_publisher_publish_whole(publisher);
  assert_int_equal(rename(publisher->path, name), 0);
  memcpy(publisher->path, name, sizeof name);
  current->quiet = false;
  WAIT_FOR(current, strcmp(current->viewers[0].state, "running") == 0);
  window_assert_seen(current, 0, window_one_to_one(current));
}

static void cut_file_is_survived_by_vulkan(void **state) {
  (void)state;
  cut_file_is_survived("vulkan");
}

static void cut_file_is_survived_by_sdl(void **state) {
  (void)state;
  current->driver = "software";
  cut_file_is_survived("sdl");
}

/* A window that nobody can see takes no pictures; nothing waits for it, and it shows the newest one when it comes back. */
static void hidden_window_is_no_hang(void **state) {
  (void)state;
  presented_start("vulkan", NULL, "hidden");
  presented_see_some_frames(2);
  for (unsigned i = 0; i < 3; i++) {
    x_display_map(&current->display, current->windows[0], false);
    for (uint32_t j = 0; j < 10; j++) {
      test_publisher_publish(&current->publisher, presented_some_rect(j));
      WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence);
    }
    x_display_map(&current->display, current->windows[0], true);
    window_assert_seen(current, 0, window_one_to_one(current));
  }
}

/* The agent is killed and starts again, at any point of a frame. */
static void agent_may_die_anywhere(void **state) {
  (void)state;
  struct test_random random = {.state = 7};
  presented_start("vulkan", NULL, "agent dies");
  window_assert_seen(current, 0, window_one_to_one(current));
  for (unsigned i = 0; i < presented_repeat(LONG_KILLS); i++) {
    assert_true(test_publisher_begin(&current->publisher, (struct transom_rect){0, 0, 640, 400}));
    test_publisher_rows(&current->publisher, test_random_below(&random, 400));
    if (test_random_one_in(&random, 2))
      window_pass_time(current);
    test_publisher_format(&current->publisher, 0x10000 + i);
    test_publisher_publish_whole(&current->publisher);
    window_assert_seen(current, 0, window_one_to_one(current));
  }
}

/* The viewer is killed in the middle of whatever it does; the guest goes on publishing, and the next viewer shows the newest picture. */
static void viewer_may_die_anywhere(void **state) {
  (void)state;
  presented_start("vulkan", NULL, "viewer dies");
  for (unsigned i = 0; i < presented_repeat(LONG_KILLS); i++) {
    presented_see_some_frames(1 + i % 3);
    test_publisher_publish_whole(&current->publisher);
    current->viewer_count = 0;
    viewer_process_end(&current->viewers[0], SIGKILL);
    viewer_process_forget(&current->viewers[0]);
    for (uint32_t j = 0; j < 20; j++) { /* each gets its slot: nobody waits for the dead */
      uint64_t before = current->publisher.writer.sequence;
      assert_int_equal(test_publisher_publish(&current->publisher, presented_some_rect(j)), before + 1);
    }
    window_start_viewer(current, "viewer dies", NULL);
    window_assert_seen(current, 0, window_one_to_one(current));
  }
}

/* What a guest may write while we look: nonsense into descriptors, progress lines and history. The last good picture stays, a counter
 * moves; afterwards all is well. The mapping has guard areas on both sides (host/link/shared_memory.c). */
static void scribble(struct test_random *random, uint32_t patches) {
  const struct transom_queue_view *queue = &current->publisher.region.queues[0];
  volatile uint8_t *begin = (volatile uint8_t *)queue->newest;
  size_t bytes = (size_t)(queue->slots - begin);
  bytes = bytes > 65536 ? 65536 : bytes;
  for (uint32_t i = 0; i < patches; i++) {
    uint64_t value = test_random_one_in(random, 3) ? UINT64_MAX : test_random_next(random);
    wire_store64((volatile uint64_t *)(volatile void *)(begin + test_random_below(random, (uint32_t)bytes / 8) * 8), value);
  }
  for (uint32_t slot = 0; slot < queue->slot_count; slot++) { /* and where it hurts: sizes, pitch, rectangles of whole records */
    volatile uint64_t *record = (volatile uint64_t *)(volatile void *)(queue->descriptors + (size_t)slot * queue->descriptor_bytes);
    wire_store64(record + 1 + test_random_below(random, queue->descriptor_bytes / 8 - 2), test_random_next(random));
  }
}

static void nonsense_does_no_harm(const char *renderer) {
  struct test_random random = {.state = 11};
  presented_start(renderer, "dma-buf", "nonsense");
  window_assert_seen(current, 0, window_one_to_one(current));
  for (unsigned i = 0; i < presented_repeat(300); i++) {
    for (uint32_t j = 0; j < 20; j++) {
      test_publisher_publish(&current->publisher, presented_some_rect(j));
      scribble(&random, 40);
    }
    window_pass_time(current);
    test_publisher_format(&current->publisher, 0x90000 + i);
    test_publisher_publish_whole(&current->publisher);
    WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence);
  }
  window_assert_seen(current, 0, window_one_to_one(current));
}

static void nonsense_does_no_harm_by_import(void **state) {
  (void)state;
  nonsense_does_no_harm("vulkan");
}

static void nonsense_does_no_harm_by_staging(void **state) {
  (void)state;
  nonsense_does_no_harm("vulkan-staging");
}

static void nonsense_does_no_harm_by_sdl(void **state) {
  (void)state;
  current->driver = "software";
  nonsense_does_no_harm("sdl");
}

/* A descriptor that lies about its size, well-formed: refused, counted, and the last good picture stays. */
static void lie_is_counted(void **state) {
  (void)state;
  struct test_publisher *publisher = &current->publisher;
  presented_start("vulkan", NULL, "lie");
  window_assert_seen(current, 0, window_one_to_one(current));
  assert_true(test_publisher_begin(publisher, (struct transom_rect){0, 0, 640, 400}));
  const struct transom_queue_view *queue = &publisher->region.queues[0];
  volatile struct transom_descriptor *descriptor =
      (volatile void *)(queue->descriptors + (size_t)publisher->writer.slot * queue->descriptor_bytes);
  descriptor->height = 1u << 20;
  frame_writer_complete(&publisher->writer, 1, 2);
  WAIT_FOR(current, current->viewers[0].bad > 0);
  test_publisher_publish_whole(publisher);
  window_assert_seen(current, 0, window_one_to_one(current));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      PRESENTED_TEST(cut_file_is_survived_by_vulkan),
      PRESENTED_TEST(cut_file_is_survived_by_sdl),
      PRESENTED_TEST(hidden_window_is_no_hang),
      PRESENTED_TEST(agent_may_die_anywhere),
      PRESENTED_TEST(viewer_may_die_anywhere),
      PRESENTED_TEST(nonsense_does_no_harm_by_import),
      PRESENTED_TEST(nonsense_does_no_harm_by_staging),
      PRESENTED_TEST(nonsense_does_no_harm_by_sdl),
      PRESENTED_TEST(lie_is_counted),
  };
  return presented_run("3840x2160x24", tests);
}
