/* A fast mouse against a real kernel and a slow sink: see evdev_host_cases.c. */
#include "evdev_world.h"

#include "common/clock.h"
#include "host/input/input_queue.h"
#include "support/test_random.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* An 8 kHz mouse and a sink that takes a motion every 4 ms: what arrives at the sink is what the mouse said. The kernel's own buffer holds
 * 64 events, so where the emulated machine falls behind the mouse waits: motion that the kernel drops is nobody's to count. */
#define MOUSE_HZ 8000
#define MOUSE_REPORTS_LONG (60L * MOUSE_HZ)
#define MOUSE_BACKLOG_MAX 12
#define SINK_INTERVAL_NS UINT64_C(4000000)

struct mouse_run {
  struct uinput_device mouse;
  struct input_queue queue;
  _Atomic uint64_t emitted, handled;
  uint64_t reports, waits;
  int64_t emitted_x, emitted_y, taken_x, taken_y;
  uint32_t queue_max;
};

static void on_mouse(const struct input_event *events, size_t count, void *user_data) {
  struct mouse_run *run = user_data;
  int32_t dx = 0, dy = 0;
  for (size_t i = 0; i < count; i++)
    *(events[i].usage == INPUT_USAGE_X ? &dx : &dy) += events[i].value;
  input_queue_relative(&run->queue, dx, dy);
  if (run->queue.count > run->queue_max)
    run->queue_max = run->queue.count;
  atomic_fetch_add(&run->handled, 1);
}

static void *emit_motion(void *argument) {
  struct mouse_run *run = argument;
  struct test_random random = {42};
  uint64_t next_ns = clock_monotonic_ns();
  for (uint64_t i = 0; i < run->reports; i++) {
    const int32_t dx = (int32_t)test_random_below(&random, 600) - 300, dy = (int32_t)test_random_below(&random, 600) - 299;
    while (clock_monotonic_ns() < next_ns)
      ;
    next_ns += UINT64_C(1000000000) / MOUSE_HZ;
    for (run->waits += i - atomic_load(&run->handled) >= MOUSE_BACKLOG_MAX; i - atomic_load(&run->handled) >= MOUSE_BACKLOG_MAX;)
      usleep(100);
    uinput_device_move(&run->mouse, dx ? dx : 1, dy);
    run->emitted_x += dx ? dx : 1;
    run->emitted_y += dy;
    atomic_store(&run->emitted, i + 1);
  }
  return NULL;
}

static void take_motion(struct mouse_run *run) {
  struct input_entry entry;
  if (!input_queue_take(&run->queue, true, &entry))
    return;
  run->taken_x += entry.dx;
  run->taken_y += entry.dy;
}

static void an_8_khz_mouse_loses_nothing(void **state) {
  static const struct input_source_events events = {.report = on_mouse};
  struct world *world = *state;
  struct mouse_run *run = calloc(1, sizeof(*run));
  run->reports = (uint64_t)world_length(MOUSE_REPORTS_LONG);
  uinput_device_create(&run->mouse, UINPUT_MOUSE, "fast mouse", NULL);
  world_plug(world, &run->mouse);
  world->source->events = &events;
  world->source->user_data = run;
  pthread_t thread;
  const uint64_t began_ns = clock_monotonic_ns();
  assert_int_equal(pthread_create(&thread, NULL, emit_motion, run), 0);
  for (uint64_t next_ns = began_ns; atomic_load(&run->handled) < run->reports;) {
    event_loop_run_once(world->loop, 4);
    if (clock_monotonic_ns() < next_ns)
      continue;
    take_motion(run);
    next_ns = clock_monotonic_ns() + SINK_INTERVAL_NS;
  }
  pthread_join(thread, NULL);
  while (run->queue.count)
    take_motion(run);
  print_message("%llu reports at %.0f Hz, the mouse waited %llu times, at most %u in the queue\n", (unsigned long long)run->reports,
                (double)run->reports * 1e9 / (double)(clock_monotonic_ns() - began_ns), (unsigned long long)run->waits, run->queue_max);
  assert_int_equal(run->taken_x, run->emitted_x);
  assert_int_equal(run->taken_y, run->emitted_y);
  assert_int_equal(run->queue_max, 1); /* motion waits merged */
  uinput_device_destroy(&run->mouse);
  free(run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(an_8_khz_mouse_loses_nothing, world_set_up, world_tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
