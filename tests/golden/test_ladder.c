/* Every rung of the ladder is reached, named and exact, and falling leaves the window where it was. */
#include "presented.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What must be said, and what is used in the end. */
static void fall_to(const char *renderer, const char *fault, const char *said, const char *presenter, const char *rung) {
  presented_start(renderer, fault, "ladder");
  presented_see_some_frames(16); /* faults in mid-run strike after PRESENT_FAULT_FRAMES */
  presented_assert_way(presenter, rung);
  presented_see_some_frames(3);
  if (said)
    assert_true(viewer_process_said(&current->viewers[0], said) > 0);
}

static void import_is_the_first_rung(void **state) {
  (void)state;
  fall_to("vulkan", NULL, "uploading by import", "vulkan", "import");
}

static void refused_import_ends_at_staging(void **state) {
  (void)state;
  fall_to("vulkan", "import,dma-buf", "no upload by dma-buf", "vulkan", "staging");
}

static void import_of_other_memory_is_found_out(void **state) {
  (void)state;
  fall_to("vulkan", "trial", "does not read what is in the region", "vulkan", "staging");
}

static void file_that_may_shrink_is_staged(void **state) {
  (void)state;
  test_publisher_finish(&current->publisher);
  assert_true(test_publisher_init_file(&current->publisher));
  fall_to("vulkan", NULL, "may shrink", "vulkan", "staging");
}

static void device_lost_by_import_goes_on_by_staging(void **state) {
  (void)state;
  fall_to("vulkan", "lost-import,dma-buf", "presenting by import failed: VK_ERROR_DEVICE_LOST", "vulkan", "staging");
}

static void device_lost_by_staging_goes_on_by_sdl(void **state) {
  (void)state;
  current->driver = "software";
  fall_to("vulkan", "import,dma-buf,lost-staging", "presenting by vulkan has failed: going on by sdl", "sdl", "");
}

static void no_vulkan_means_sdl(void **state) {
  (void)state;
  current->driver = "software";
  fall_to("auto", "vulkan", "not by Vulkan", "sdl", "");
}

static void software_vulkan_is_no_gpu(void **state) {
  (void)state;
  current->driver = "software";
  fall_to("auto", NULL, "is no GPU", "sdl", "");
}

/* The window stays, and the viewer with its keyboard and clipboard: but there is nothing to see. */
static void nothing_left_means_headless(void **state) {
  (void)state;
  current->driver = "software";
  presented_start("auto", "vulkan,sdl", "nothing left");
  presented_assert_way("headless", "");
  test_publisher_publish_whole(&current->publisher);
  WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence);
  assert_int_equal(viewer_process_said(&current->viewers[0], "nothing can be drawn"), 1);
}

static void sdl_failing_means_headless(void **state) {
  (void)state;
  current->driver = "software";
  presented_start("auto", "vulkan,lost-sdl", "sdl fails");
  for (uint32_t i = 0; i < 10; i++) {
    test_publisher_publish(&current->publisher, presented_some_rect(i));
    WAIT_FOR(current, current->viewers[0].sequence == current->publisher.writer.sequence);
  }
  presented_assert_way("headless", "");
}

/* --renderer with one rung: that or nothing, and the exit status says so. */
static void forced_rung_does_not_fall(void **state) {
  (void)state;
  presented_start("vulkan-dma-buf", "dma-buf", "forced");
  int left_ms = WINDOW_PATIENCE_MS;
  for (uint32_t i = 0; left_ms > 0 && viewer_process_said(&current->viewers[0], "presenting by vulkan has failed") == 0; i++) {
    test_publisher_publish(&current->publisher, presented_some_rect(i));
    window_pass_time(current);
    left_ms -= WINDOW_STEP_MS;
  }
  current->viewer_count = 0;
  assert_int_equal(viewer_process_end(&current->viewers[0], 0), 1);
}

static void forced_staging_is_exact(void **state) {
  (void)state;
  fall_to("vulkan-staging", NULL, "uploading by staging", "vulkan", "staging");
}

static void vulkan_leaks_nothing(void **state) {
  (void)state;
  current->counts_leaks = true;
  fall_to("vulkan", NULL, "uploading by import", "vulkan", "import");
}

static void falling_leaks_nothing(void **state) {
  (void)state;
  current->counts_leaks = true;
  current->driver = "software";
  fall_to("vulkan", "lost-import,dma-buf,lost-staging", "going on by sdl", "sdl", "");
}

/* Waits for a line of a viewer's --stats-socket that says so; a line of before may come first. */
static void wait_for_report(const char *path, const char *words) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char text[65536];
  size_t used = 0;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
  for (text[0] = 0; !strstr(text, words); text[used] = 0) {
    ssize_t got = used < sizeof text - 1 ? read(fd, text + used, sizeof text - 1 - used) : 0;
    assert_true(got > 0);
    used += (size_t)got;
  }
  close(fd);
}

static void report_names_who_presents_now(void **state) {
  (void)state;
  char directory[] = "/tmp/transom-report-XXXXXX", path[64], option[96];
  assert_non_null(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/stats", directory);
  snprintf(option, sizeof option, "--stats-socket=%s", path);
  current->extra[0] = option;
  current->driver = "software";
  fall_to("vulkan", "lost-import,dma-buf,lost-staging", NULL, "sdl", "");
  wait_for_report(path, "\"presenter\":\"sdl\"");
  unlink(path);
  rmdir(directory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      PRESENTED_TEST(import_is_the_first_rung),
      PRESENTED_TEST(refused_import_ends_at_staging),
      PRESENTED_TEST(import_of_other_memory_is_found_out),
      PRESENTED_TEST(file_that_may_shrink_is_staged),
      PRESENTED_TEST(device_lost_by_import_goes_on_by_staging),
      PRESENTED_TEST(device_lost_by_staging_goes_on_by_sdl),
      PRESENTED_TEST(no_vulkan_means_sdl),
      PRESENTED_TEST(software_vulkan_is_no_gpu),
      PRESENTED_TEST(nothing_left_means_headless),
      PRESENTED_TEST(sdl_failing_means_headless),
      PRESENTED_TEST(forced_rung_does_not_fall),
      PRESENTED_TEST(forced_staging_is_exact),
      PRESENTED_TEST(vulkan_leaks_nothing),
      PRESENTED_TEST(falling_leaks_nothing),
      PRESENTED_TEST(report_names_who_presents_now),
  };
  return presented_run("3840x2160x24", tests);
}
