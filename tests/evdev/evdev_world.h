/* What each case of the uinput tests starts from: a reader on a real event loop, its owner, and what the owner was told. */
#ifndef TRANSOM_TESTS_EVDEV_EVDEV_WORLD_H
#define TRANSOM_TESTS_EVDEV_EVDEV_WORLD_H

#include "host/event/event_loop.h"
#include "host/input/evdev_reader.h"

#include "support/uinput_device.h"

#define WORLD_EVENTS_MAX 4096
#define WORLD_LINES_MAX 32
#define WORLD_PATIENCE_NS UINT64_C(60000000000) /* emulation on a busy machine */

struct world {
  struct event_loop *loop;
  struct input_source *source;
  struct evdev_reader *reader; /* NULL when the source opens by itself */
  struct input_event events[WORLD_EVENTS_MAX];
  size_t count;
  int changes; /* devices_changed() */
  int lost;
  char lines[WORLD_LINES_MAX][256]; /* of the log */
  size_t line_count;
};

int world_set_up(void **state);
int world_tear_down(void **state);

void world_use(struct world *world, struct input_source *source);   /* instead of the reader; NULL = none */
void world_plug(struct world *world, struct uinput_device *device); /* opens it and hands it to the reader */

/* One turn of the loop: handles what waits, waits for nothing. */
void world_settle(struct world *world);
/* Turns until the condition holds; fails after WORLD_PATIENCE_NS. */
#define world_await(world, condition)                                                                                                      \
  do {                                                                                                                                     \
    const uint64_t end_ns = clock_monotonic_ns() + WORLD_PATIENCE_NS;                                                                      \
    while (!(condition) && clock_monotonic_ns() < end_ns)                                                                                  \
      event_loop_run_once((world)->loop, 50);                                                                                              \
    assert_true(condition);                                                                                                                \
  } while (0)

/* What is down by what was told: number of presses without their release. Fails on a press or release that changes nothing. */
int world_keys_down(const struct world *world);
int64_t world_sum(const struct world *world, uint16_t page, uint16_t usage);
long world_length(long length_long); /* that with TRANSOM_LONG=1, else a hundredth, at least 10 */
uint64_t world_seed(void);           /* TRANSOM_SEED, printed */
bool world_said(const struct world *world, const char *text);

#endif
