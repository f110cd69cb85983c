/* The same writer and readers as threads on one mapping, for ThreadSanitizer: it checks that every access to a word that two sides share
 * goes through protocol/atomics.h. Threads cannot be killed, so they stand still, die and come back by themselves. */
#include "common/thread.h"
#include "stress/frame_actors.h"
#include "stress/stress_settings.h"
#include "support/temp_region.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define REGION_BYTES (UINT64_C(4) << 20)

static void reader_body(void *user_data) { frame_reader_actor_run(user_data); }

static void run_with_slots(uint32_t slot_count, uint64_t frames, uint64_t seed) {
  struct temp_region memory;
  struct frame_board board = {.stop = false};
  struct frame_reader_actor readers[FRAME_ACTORS_READERS];
  struct thread *threads[FRAME_ACTORS_READERS];
  struct frame_writer_actor *writer = calloc(1, sizeof *writer);
  assert_non_null(writer);
  assert_int_equal(temp_region_init(&memory, REGION_BYTES), 0);
  for (uint32_t i = 0; i < FRAME_ACTORS_READERS; i++) {
    readers[i] = (struct frame_reader_actor){.board = &board,
                                             .base = memory.base,
                                             .bytes = REGION_BYTES,
                                             .reader = i,
                                             .line = i,
                                             .copy = pixel_copy_relaxed,
                                             .random.state = seed + i,
                                             .stall_one_in = 8,
                                             .vanish_one_in = 64};
    threads[i] = thread_create("stress-reader", reader_body, &readers[i]);
    assert_non_null(threads[i]);
  }
  *writer = (struct frame_writer_actor){.board = &board,
                                        .base = memory.base,
                                        .bytes = REGION_BYTES,
                                        .slot_count = slot_count,
                                        .copy = pixel_copy_relaxed,
                                        .random.state = seed + FRAME_ACTORS_READERS,
                                        .die_one_in = 2000};
  frame_writer_actor_format(writer);
  frame_writer_actor_run(writer, frames);
  board.stop = true;
  for (uint32_t i = 0; i < FRAME_ACTORS_READERS; i++)
    thread_join(threads[i]);
  printf("slots %u\n", slot_count);
  assert_true(frame_board_is_good(&board));
  free(writer);
  temp_region_finish(&memory);
}

static void frames_survive_threads(void **state) {
  static const uint32_t slots[] = {2, 3, 4, 6};
  const uint64_t seed = stress_seed(), frames = stress_count(10000000);
  (void)state;
  for (uint32_t i = 0; i < 4; i++)
    run_with_slots(slots[i], frames / 4, seed + i);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(frames_survive_threads)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
