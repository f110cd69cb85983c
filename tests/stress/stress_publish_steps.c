/* Publishing never waits: two consumers, each a process of its own, are stopped, continued and killed at random points of what they do, and
 * whatever they are in the middle of, no publish takes more than its fixed number of accesses to the shared memory, and no picture is torn.
 *
 * The publisher is this process, on memory that counts. */
#include "stress/frame_actors.h"
#include "stress/stress_settings.h"
#include "support/child_process.h"
#include "support/counted_memory.h"
#include "support/temp_region.h"

#include "protocol/atomics.h"

#include <errno.h>
#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define REGION_BYTES (UINT64_C(4) << 20)
#define BAND_ROWS 8u
#define BANDS ((FRAME_ACTORS_HEIGHT + BAND_ROWS - 1) / BAND_ROWS)
#define FRAMES_BETWEEN_MAX 40u

/* A look at every consumer's line: one load each, and the whole of those that have joined with two looks at the epoch around it. */
#define LINES_STEPS (TRANSOM_CONSUMERS_MAX + FRAME_ACTORS_READERS * (1 + sizeof(struct transom_consumer_line) / 8))
/* begin: the lines, a hold taken away from each; the claim; a descriptor with two sequences more; the announcement. A skip is less. */
#define BEGIN_STEPS (LINES_STEPS + FRAME_ACTORS_READERS * 2 + 1 + (2 + sizeof(struct transom_descriptor) / 8) + 1)
/* complete: two stamps; the state; a record of the history with two sequences more; the newest word */
#define COMPLETE_STEPS (2 + 1 + (2 + sizeof(struct transom_damage_history) / 8) + 1)
/* Who is to be rung: the lines, at the announcement, after each band and at the end. */
#define SIGNAL_STEPS ((2 + BANDS) * LINES_STEPS)
#define PUBLISH_STEPS_MAX (BEGIN_STEPS + BANDS + COMPLETE_STEPS + SIGNAL_STEPS)

struct child {
  struct frame_reader_actor actor;
  pid_t pid;
  bool stopped;
};

struct run {
  struct temp_region memory;
  struct frame_board *board;
  struct test_random random;
  struct fake_guest guest;
  struct child children[FRAME_ACTORS_READERS];
  uint64_t stops, kills, frames, skipped, most;
  uint64_t skip_run;
};

static void body(void *user_data) { frame_reader_actor_run(user_data); }

static void start_child(struct run *run, struct child *child) {
  child->actor.random.state = test_random_next(&run->random);
  child->stopped = false;
  child->pid = child_process_start(body, &child->actor);
  assert_true(child->pid > 0);
}

/* As transom-serve does it for the dead; the line is not used again at once. */
static void kill_child(struct run *run, struct child *child) {
  volatile struct transom_host_area *host = (volatile struct transom_host_area *)(run->memory.base + TRANSOM_HOST_AREA_OFFSET);
  child_process_kill(child->pid);
  wire_publish64(&host->consumers[child->actor.line].epoch, 0);
  wire_publish64(&host->consumers[child->actor.line].hold, 0);
  child->actor.line = (child->actor.line + FRAME_ACTORS_READERS) % TRANSOM_CONSUMERS_MAX;
  start_child(run, child);
  run->kills++;
}

static void stop_or_continue(struct run *run, struct child *child) {
  if (child->stopped) {
    child_process_continue(child->pid);
  } else {
    child_process_stop(child->pid);
    run->stops++;
  }
  child->stopped = !child->stopped;
}

static void publish(struct run *run) {
  const uint64_t before = counted_memory_steps();
  const int result = fake_guest_publish(&run->guest);
  const uint64_t steps = counted_memory_steps() - before;
  assert_true(result == 0 || result == -EBUSY || result == -ECANCELED);
  run->most = steps > run->most ? steps : run->most;
  run->frames++;
  run->board->writer.attempts++;
  run->board->writer.published += result == 0;
  run->skip_run = result == -EBUSY ? run->skip_run + 1 : 0;
  if (run->skip_run > run->board->writer.skip_run_max)
    run->board->writer.skip_run_max = run->skip_run;
  if (steps > PUBLISH_STEPS_MAX)
    fail_msg("frame %llu took %llu accesses, more than %llu", (unsigned long long)run->frames, (unsigned long long)steps,
             (unsigned long long)PUBLISH_STEPS_MAX);
}

static void disturb(struct run *run) {
  struct child *child = &run->children[test_random_below(&run->random, FRAME_ACTORS_READERS)];
  if (test_random_one_in(&run->random, 2))
    kill_child(run, child);
  else
    stop_or_continue(run, child);
}

static void begin(struct run *run, uint32_t slot_count) {
  const struct fake_guest_options options = {.width = FRAME_ACTORS_WIDTH,
                                             .height = FRAME_ACTORS_HEIGHT,
                                             .slot_count = slot_count,
                                             .band_rows = BAND_ROWS,
                                             .abandon_every = 13,
                                             .epoch = test_random_next(&run->random) | 1,
                                             .step_ns = FRAME_ACTORS_STEP_NS,
                                             .store = memory_copy_stream};
  assert_int_equal(temp_region_init(&run->memory, REGION_BYTES), 0);
  run->board = mmap(NULL, sizeof *run->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(run->board != MAP_FAILED);
  assert_int_equal(fake_guest_init(&run->guest, run->memory.base, REGION_BYTES, &options), 0);
  for (uint32_t i = 0; i < FRAME_ACTORS_READERS; i++) {
    run->children[i].actor = (struct frame_reader_actor){.board = run->board,
                                                         .base = run->memory.base,
                                                         .bytes = REGION_BYTES,
                                                         .reader = i,
                                                         .line = i,
                                                         .copy = memory_copy_load,
                                                         .stall_one_in = 16};
    start_child(run, &run->children[i]);
  }
}

static bool saw_pictures(const struct run *run) {
  bool all = true;
  for (uint32_t i = 0; i < FRAME_ACTORS_READERS; i++)
    all = all && run->board->readers[i].shown > 0;
  return all;
}

static void end(struct run *run) {
  run->board->stop = true;
  for (uint32_t i = 0; i < FRAME_ACTORS_READERS; i++) {
    if (run->children[i].stopped)
      child_process_continue(run->children[i].pid);
    assert_true(child_process_join(run->children[i].pid));
  }
  printf("%llu stops, %llu kills, %llu frames: %llu accesses at most, of %llu\n", (unsigned long long)run->stops,
         (unsigned long long)run->kills, (unsigned long long)run->frames, (unsigned long long)run->most,
         (unsigned long long)PUBLISH_STEPS_MAX);
  const bool good = frame_board_is_good(run->board);
  munmap(run->board, sizeof *run->board);
  temp_region_finish(&run->memory);
  assert_true(good);
}

/* 2 slots: nothing may be held, and frames are skipped. 3: one hold fits. 4: both do. */
static void stopped_and_killed(uint32_t slot_count, uint64_t disturbances, uint64_t seed) {
  static struct run run;
  run = (struct run){.random.state = seed};
  begin(&run, slot_count);
  while (run.stops + run.kills < disturbances || !saw_pictures(&run)) {
    disturb(&run);
    for (uint32_t frames = 1 + test_random_below(&run.random, FRAMES_BETWEEN_MAX); frames > 0; frames--)
      publish(&run);
  }
  end(&run);
}

static void no_publish_takes_more_than_its_steps(void **state) {
  const uint64_t seed = stress_seed(), disturbances = stress_count(10000);
  (void)state;
  memory_copy_init();
  for (uint32_t slots = 2; slots <= 4; slots++)
    stopped_and_killed(slots, (disturbances + 2) / 3, seed + slots);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(no_publish_takes_more_than_its_steps)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
