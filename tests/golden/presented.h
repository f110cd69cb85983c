/* What the tests of pictures in the viewer's window share: an X server for the program, a viewer and a publisher for each test. For cmocka
 * tests, one thread. */
#ifndef TRANSOM_TESTS_GOLDEN_PRESENTED_H
#define TRANSOM_TESTS_GOLDEN_PRESENTED_H

#include "support/window_fixture.h"

extern struct window_test *current; /* of the test that runs */

unsigned presented_repeat(unsigned full); /* a tenth of it without TRANSOM_LONG */
struct transom_rect presented_some_rect(uint32_t i);

/* A viewer on a first picture. `fault` is TRANSOM_PRESENT_FAULT, or NULL. */
void presented_start(const char *renderer, const char *fault, const char *title);

/* Published one after the other, each seen without one wrong pixel. */
void presented_see_some_frames(uint32_t count);
void presented_assert_way(const char *presenter, const char *rung); /* waits for it */

int presented_set_up(void **state);
int presented_tear_down(void **state);
#define PRESENTED_TEST(name) cmocka_unit_test_setup_teardown(name, presented_set_up, presented_tear_down)

/* Starts an X server of this size ("1920x1200x24") and runs them. The program's exit status: 77 where there is no Xvfb. */
#define presented_run(screen, tests) presented_run_with(screen, tests, NULL, NULL)
/* With something around all of them, on the same X server. */
#define presented_run_with(screen, tests, before, after)                                                                                   \
  presented_run_group(screen, #tests, tests, sizeof(tests) / sizeof *(tests), before, after)
int presented_run_group(const char *screen, const char *name, const struct CMUnitTest *tests, size_t count, CMFixtureFunction before,
                        CMFixtureFunction after);

#endif
