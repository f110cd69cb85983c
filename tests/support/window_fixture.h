/* Viewers under an X server of the test's own, on a region that the test publishes into, and what another X client sees of their windows.
 * For cmocka tests, one thread, one fixture at a time. */
#ifndef TRANSOM_TESTS_SUPPORT_WINDOW_FIXTURE_H
#define TRANSOM_TESTS_SUPPORT_WINDOW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/test_publisher.h"
#include "support/viewer_process.h"
#include "support/x_display.h"

#define WINDOW_PATIENCE_MS 20000 /* until a test that waits in vain gives up */
#define WINDOW_STEP_MS 20
#define WINDOW_EXTRA_MAX 8

struct window_test {
  struct x_display display;
  struct test_publisher publisher;
  struct viewer_process viewers[2];
  unsigned viewer_count;
  unsigned long windows[2];
  const char *renderer;                /* --renderer */
  const char *driver;                  /* SDL_RENDER_DRIVER; NULL = SDL's choice */
  const char *fault;                   /* TRANSOM_PRESENT_FAULT; NULL = none */
  const char *extra[WINDOW_EXTRA_MAX]; /* more words for the viewer */
  bool counts_leaks;                   /* Vulkan: without the validation layer, which leaks */
  bool quiet;                          /* the agent is to be found dead: its heart stands still */
};

/* Lets some time pass: the publisher's heart beats, what viewers say is taken. */
void window_pass_time(struct window_test *test);

#define WAIT_FOR(test, condition)                                                                                                          \
  do {                                                                                                                                     \
    int left_ms = WINDOW_PATIENCE_MS;                                                                                                      \
    for (; !(condition) && left_ms > 0; left_ms -= WINDOW_STEP_MS)                                                                         \
      window_pass_time(test);                                                                                                              \
    assert_true(condition);                                                                                                                \
  } while (0)

/* Starts one and waits for its window. */
void window_start_viewer(struct window_test *test, const char *title, const char *extra);
void window_publish_first(struct window_test *test);

struct placement {
  uint32_t window_width, window_height;
  int32_t x, y; /* of the picture's left top pixel; outside the picture all is black */
  uint32_t scale;
};

struct placement window_one_to_one(const struct window_test *test);

/* What the guest's screen shows at (x, y), cursor included; NULL: the publisher's picture alone. */
typedef uint32_t (*window_pixel)(const struct window_test *test, uint32_t x, uint32_t y);

/* Wrong pixels of the window; UINT32_MAX when it has not even the right size. */
uint32_t window_count_wrong(struct window_test *test, unsigned viewer, struct placement at, window_pixel pixel);

/* The newest picture is seen without one wrong pixel. */
void window_assert_seen(struct window_test *test, unsigned viewer, struct placement at);
void window_assert_pixels(struct window_test *test, unsigned viewer, struct placement at, window_pixel pixel);
uint64_t window_brightness(struct window_test *test);
bool window_is_titled(struct window_test *test, const char *words);

/* Stops viewers with SIGINT: they end well, and the validation layer had nothing to say. */
void window_end_viewers(struct window_test *test);
/* Whatever became of a test, nothing of it stands in the next one's way. */
void window_clean_up(struct window_test *test);

#endif
