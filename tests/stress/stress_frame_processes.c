/* A writer and two readers, each a process of its own on one memfd, stopped, continued and killed at random moments.
 *
 * The writer publishes what it is granted, so that "the publisher never waits" is counted in frames and not in time: a grant that does not
 * come back is a blocked publisher. The parent does what transom-serve would: it clears the lines of the dead. */
#include "protocol/atomics.h"
#include "stress/frame_actors.h"
#include "stress/stress_settings.h"
#include "support/child_process.h"
#include "support/temp_region.h"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define REGION_BYTES (UINT64_C(4) << 20)
#define GRANT_MAX 200u

struct reader_child {
  struct frame_reader_actor actor;
  pid_t pid;
  bool stopped;
  uint64_t stopped_hold;  /* what its line said when it stood still */
  uint64_t stopped_epoch; /* the epoch that this hold belongs to; 0 = nothing to check */
  uint64_t frames;        /* attempts since */
};

struct fire {
  struct temp_region memory;
  struct frame_board *board;
  struct test_random random;
  struct frame_writer_actor *writer;
  pid_t writer_pid;
  int grant[2], done[2]; /* pipes */
  struct reader_child readers[FRAME_ACTORS_READERS];
  uint64_t kills, kills_wanted, revocations, stops;
};

static void writer_body(void *user_data) {
  struct fire *fire = user_data;
  uint32_t frames;
  frame_writer_actor_format(fire->writer);
  while (read(fire->grant[0], &frames, sizeof frames) == sizeof frames && frames > 0) {
    frame_writer_actor_run(fire->writer, frames);
    if (write(fire->done[1], &frames, sizeof frames) != sizeof frames)
      break;
  }
}

static void reader_body(void *user_data) { frame_reader_actor_run(user_data); }

static void start_writer(struct fire *fire) {
  fire->writer->random.state = test_random_next(&fire->random);
  fire->writer_pid = child_process_start(writer_body, fire);
  assert_true(fire->writer_pid > 0);
}

static void start_reader(struct fire *fire, struct reader_child *child) {
  child->actor.random.state = test_random_next(&fire->random);
  child->stopped = false;
  child->stopped_epoch = 0;
  child->pid = child_process_start(reader_body, &child->actor);
  assert_true(child->pid > 0);
}

static volatile struct transom_consumer_line *line_of(const struct fire *fire, const struct reader_child *child) {
  volatile struct transom_host_area *host = (volatile struct transom_host_area *)(fire->memory.base + TRANSOM_HOST_AREA_OFFSET);
  return &host->consumers[child->actor.line];
}

/* As transom-serve does it: the epoch first, so that the rest of the line means nothing any more. */
static void clear_line(volatile struct transom_consumer_line *line) {
  wire_publish64(&line->epoch, 0);
  wire_publish64(&line->hold, 0);
}

static void kill_reader(struct fire *fire, struct reader_child *child) {
  child_process_kill(child->pid);
  clear_line(line_of(fire, child));
  child->actor.line = (child->actor.line + FRAME_ACTORS_READERS) % TRANSOM_CONSUMERS_MAX;
  start_reader(fire, child);
  fire->kills++;
}

static void toggle_reader(struct fire *fire, struct reader_child *child) {
  if (child->stopped) {
    child_process_continue(child->pid);
    child->stopped = false;
    return;
  }
  child_process_stop(child->pid);
  child->stopped = true;
  child->stopped_hold = wire_load64(&line_of(fire, child)->hold);
  child->stopped_epoch = child->stopped_hold ? wire_load64(&line_of(fire, child)->epoch) : 0;
  child->frames = 0;
  fire->stops++;
}

/* The hold of a reader that stood still for long enough has been taken away, by name. Called while the writer waits for a grant. */
static void check_revocation(struct fire *fire, struct reader_child *child) {
  struct transom_region region;
  enum transom_compatibility compatibility;
  if (!child->stopped || !child->stopped_epoch || child->frames <= 2 * FRAME_ACTORS_SILENT_FRAMES)
    return;
  assert_int_equal(validate_attach(fire->memory.base, REGION_BYTES, TRANSOM_FEATURES_KNOWN, &region, &compatibility), 0);
  if (region.epoch == child->stopped_epoch) {
    assert_true(wire_load64(&region.queues[0].revoked[child->actor.line]) == child->stopped_hold);
    fire->revocations++;
  }
  child->stopped_epoch = 0;
}

static void spin_a_moment(struct fire *fire) {
  for (uint32_t spins = test_random_below(&fire->random, 200000); spins > 0; spins--)
    __asm__ volatile("" ::: "memory");
}

static void close_pipes(struct fire *fire) {
  close(fire->grant[0]);
  close(fire->grant[1]);
  close(fire->done[0]);
  close(fire->done[1]);
}

/* Killed anywhere, in the middle of formatting too. What it was granted and had not read dies with it. */
static void kill_writer(struct fire *fire) {
  child_process_kill(fire->writer_pid);
  fire->kills++;
  close_pipes(fire);
  assert_int_equal(pipe(fire->grant) | pipe(fire->done), 0);
  start_writer(fire);
}

static void pause_writer(struct fire *fire) {
  child_process_stop(fire->writer_pid);
  spin_a_moment(fire);
  child_process_continue(fire->writer_pid);
}

static void wait_for_grant(struct fire *fire) {
  uint32_t frames;
  struct pollfd done = {.fd = fire->done[0], .events = POLLIN};
  if (poll(&done, 1, STRESS_LOST_MS) != 1)
    fail_msg("the publisher is blocked");
  assert_int_equal(read(fire->done[0], &frames, sizeof frames), sizeof frames);
}

static void step(struct fire *fire) {
  const uint32_t frames = 1 + test_random_below(&fire->random, GRANT_MAX);
  struct reader_child *child = &fire->readers[test_random_below(&fire->random, FRAME_ACTORS_READERS)];
  assert_int_equal(write(fire->grant[1], &frames, sizeof frames), sizeof frames);
  spin_a_moment(fire);
  const uint32_t dice = test_random_below(&fire->random, 20);
  if (dice < 2 && fire->kills < fire->kills_wanted) {
    if (dice == 0) {
      kill_writer(fire);
      return;
    }
    kill_reader(fire, child);
  } else if (dice < 10) {
    toggle_reader(fire, child);
  } else if (dice < 12) {
    pause_writer(fire);
  }
  const bool stopped_all_along = dice >= 12; /* nothing changed during this grant */
  wait_for_grant(fire);
  for (uint32_t i = 0; stopped_all_along && i < FRAME_ACTORS_READERS; i++) {
    fire->readers[i].frames += frames;
    check_revocation(fire, &fire->readers[i]);
  }
}

static void fire_start(struct fire *fire, uint32_t slot_count) {
  assert_int_equal(temp_region_init(&fire->memory, REGION_BYTES), 0);
  fire->board = mmap(NULL, sizeof *fire->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(fire->board != MAP_FAILED);
  assert_int_equal(pipe(fire->grant) | pipe(fire->done), 0);
  fire->writer = calloc(1, sizeof *fire->writer);
  assert_non_null(fire->writer);
  *fire->writer = (struct frame_writer_actor){
      .board = fire->board, .base = fire->memory.base, .bytes = REGION_BYTES, .slot_count = slot_count, .copy = memory_copy_stream};
  start_writer(fire);
  for (uint32_t i = 0; i < FRAME_ACTORS_READERS; i++) {
    fire->readers[i].actor = (struct frame_reader_actor){.board = fire->board,
                                                         .base = fire->memory.base,
                                                         .bytes = REGION_BYTES,
                                                         .reader = i,
                                                         .line = i,
                                                         .copy = memory_copy_load,
                                                         .stall_one_in = 16};
    start_reader(fire, &fire->readers[i]);
  }
}

static void fire_stop(struct fire *fire) {
  const uint32_t no_more = 0;
  fire->board->stop = true;
  assert_int_equal(write(fire->grant[1], &no_more, sizeof no_more), sizeof no_more);
  assert_true(child_process_join(fire->writer_pid));
  for (uint32_t i = 0; i < FRAME_ACTORS_READERS; i++) {
    if (fire->readers[i].stopped)
      child_process_continue(fire->readers[i].pid);
    assert_true(child_process_join(fire->readers[i].pid));
  }
  close_pipes(fire);
  free(fire->writer);
  temp_region_finish(&fire->memory);
}

/* 2 slots: no hold fits, yet readers take them. 3: one fits. 4: both fit. 6: plenty. */
static void run_with_slots(uint32_t slot_count, uint64_t frames, uint64_t kills, uint64_t seed) {
  struct fire fire = {.kills_wanted = kills, .random.state = seed};
  fire_start(&fire, slot_count);
  while (fire.board->writer.attempts < frames || fire.kills < kills)
    step(&fire);
  fire_stop(&fire);
  printf("slots %u: kills %llu stops %llu revocations-checked %llu\n", slot_count, (unsigned long long)fire.kills,
         (unsigned long long)fire.stops, (unsigned long long)fire.revocations);
  const bool good = frame_board_is_good(fire.board);
  munmap(fire.board, sizeof *fire.board);
  assert_true(good);
}

static void frames_survive_stops_and_kills(void **state) {
  static const uint32_t slots[] = {2, 3, 4, 6};
  const uint64_t seed = stress_seed(), frames = stress_count(10000000), kills = stress_count(10000);
  (void)state;
  memory_copy_init();
  for (uint32_t i = 0; i < 4; i++)
    run_with_slots(slots[i], frames / 4, kills / 4 + 1, seed + i);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(frames_survive_stops_and_kills)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
