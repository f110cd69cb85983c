/* The doorbell against its lost wake-up: a publisher that rings only those who armed, a consumer that sleeps in poll() on its eventfd.
 *
 * After each short burst the publisher waits until the consumer has finished with the last frame of it. If the consumer ever went to
 * sleep on a frame that was there, both wait for ever: the generous time-out of either poll() is the failure. Nothing else is timed. */
#include "common/cpu_pause.h"
#include "common/thread.h"
#include "protocol/frame_reader.h"
#include "stress/stress_settings.h"
#include "support/child_process.h"
#include "support/fake_guest.h"
#include "support/temp_region.h"
#include "support/test_random.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define REGION_BYTES (UINT64_C(4) << 20)
#define CONSUMER_LINE 3u
#define CONSUMER_PEER 5u

struct doorbell_board {
  _Atomic bool stop;
  _Atomic uint64_t finished; /* sequence that the consumer has done with */
  _Atomic uint64_t sleeps, rings, strays, faults;
};

struct doorbell {
  struct temp_region memory;
  struct doorbell_board *board;
  int bell, acknowledge; /* eventfds */
  struct fake_guest *guest;
  struct test_random consumer_random, publisher_random;
};

static void write_eventfd(int fd) {
  const uint64_t one = 1;
  if (write(fd, &one, sizeof one) != sizeof one)
    abort();
}

/* False when nobody rang for far too long. */
static bool wait_eventfd(int fd) {
  uint64_t count;
  struct pollfd waiting = {.fd = fd, .events = POLLIN};
  return poll(&waiting, 1, STRESS_LOST_MS) == 1 && read(fd, &count, sizeof count) == sizeof count;
}

/* Shifts the two sides against each other, by a few instructions up to a few microseconds. */
static void dawdle(struct test_random *random) {
  for (uint32_t pauses = test_random_below(random, 1u << test_random_below(random, 8)); pauses > 0; pauses--)
    cpu_pause();
}

static void ring(const struct transom_bell *bell, void *owner) {
  struct doorbell *doorbell = owner;
  if (bell->peer_id != CONSUMER_PEER || bell->vector != TRANSOM_VECTOR_FRAME)
    doorbell->board->strays++;
  doorbell->board->rings++;
  write_eventfd(doorbell->bell);
}

/* ---- consumer ---- */
static bool finish_newest(struct doorbell *doorbell, struct transom_frame_reader *reader) {
  struct transom_frame frame;
  if (frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, doorbell->board->finished, &frame) != 0)
    return false;
  doorbell->board->finished = frame.sequence;
  frame_reader_release(reader, &frame);
  write_eventfd(doorbell->acknowledge);
  return true;
}

static bool sleep_until_rung(struct doorbell *doorbell, struct transom_consumer *consumer, struct transom_frame_reader *reader) {
  bool rung = true;
  if (consumer_arm_frame(consumer) != 0)
    return false;
  if (test_random_one_in(&doorbell->consumer_random, 2))
    dawdle(&doorbell->consumer_random);
  if (!frame_reader_has_newer(reader, TRANSOM_ACQUIRE_COMPLETE, doorbell->board->finished) && !doorbell->board->stop) {
    doorbell->board->sleeps++;
    rung = wait_eventfd(doorbell->bell);
  }
  consumer_disarm_frame(consumer);
  return rung;
}

static void consumer_body(void *user_data) {
  struct doorbell *doorbell = user_data;
  struct transom_region region;
  enum transom_compatibility compatibility;
  struct transom_consumer consumer;
  struct transom_frame_reader reader;
  if (validate_attach(doorbell->memory.base, REGION_BYTES, TRANSOM_FEATURES_KNOWN, &region, &compatibility) != 0 ||
      consumer_join(&consumer, &region, CONSUMER_LINE, 0, CONSUMER_PEER, TRANSOM_WAKE_COMPLETE, TRANSOM_FEATURE_DOORBELL) != 0) {
    doorbell->board->faults++;
    return;
  }
  frame_reader_init(&reader, &consumer);
  while (!doorbell->board->stop) {
    if (finish_newest(doorbell, &reader))
      dawdle(&doorbell->consumer_random);
    else if (!sleep_until_rung(doorbell, &consumer, &reader)) {
      doorbell->board->faults++;
      return;
    }
  }
  consumer_leave(&consumer);
}

/* ---- publisher ---- */
static void publish_burst(struct doorbell *doorbell) {
  for (uint32_t i = test_random_below(&doorbell->publisher_random, 3); i < 3; i++) {
    assert_int_equal(fake_guest_publish(doorbell->guest), 0);
    dawdle(&doorbell->publisher_random);
  }
  while (doorbell->board->finished != doorbell->guest->writer.sequence)
    if (!wait_eventfd(doorbell->acknowledge))
      fail_msg("the consumer sleeps on frame %llu", (unsigned long long)doorbell->guest->writer.sequence);
}

static void doorbell_init(struct doorbell *doorbell, uint64_t seed) {
  const struct fake_guest_options options = {
      .width = 64, .height = 9, .epoch = seed | 1, .step_ns = 1000, .store = pixel_copy_relaxed, .ring = ring, .owner = doorbell};
  *doorbell = (struct doorbell){.bell = eventfd(0, EFD_CLOEXEC),
                                .acknowledge = eventfd(0, EFD_CLOEXEC),
                                .guest = calloc(1, sizeof *doorbell->guest),
                                .consumer_random = {seed},
                                .publisher_random = {seed + 1}};
  assert_true(doorbell->bell >= 0 && doorbell->acknowledge >= 0 && doorbell->guest);
  assert_int_equal(temp_region_init(&doorbell->memory, REGION_BYTES), 0);
  doorbell->board = mmap(NULL, sizeof *doorbell->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(doorbell->board != MAP_FAILED);
  assert_int_equal(fake_guest_init(doorbell->guest, doorbell->memory.base, REGION_BYTES, &options), 0);
}

static void doorbell_finish(struct doorbell *doorbell, uint64_t bursts) {
  const struct doorbell_board *board = doorbell->board;
  printf("bursts %llu frames %llu sleeps %llu rings %llu strays %llu faults %llu\n", (unsigned long long)bursts,
         (unsigned long long)doorbell->guest->writer.sequence, (unsigned long long)board->sleeps, (unsigned long long)board->rings,
         (unsigned long long)board->strays, (unsigned long long)board->faults);
  const bool good = board->faults == 0 && board->strays == 0 && board->sleeps > 0;
  munmap(doorbell->board, sizeof *doorbell->board);
  temp_region_finish(&doorbell->memory);
  close(doorbell->bell);
  close(doorbell->acknowledge);
  free(doorbell->guest);
  assert_true(good);
}

static void release_consumer(struct doorbell *doorbell) {
  doorbell->board->stop = true;
  write_eventfd(doorbell->bell);
}

static void last_frame_wakes_process(void **state) {
  struct doorbell doorbell;
  const uint64_t seed = stress_seed(), bursts = stress_count(1000000);
  (void)state;
  doorbell_init(&doorbell, seed);
  const pid_t consumer = child_process_start(consumer_body, &doorbell);
  assert_true(consumer > 0);
  for (uint64_t i = 0; i < bursts; i++)
    publish_burst(&doorbell);
  release_consumer(&doorbell);
  assert_true(child_process_join(consumer));
  doorbell_finish(&doorbell, bursts);
}

static void last_frame_wakes_thread(void **state) {
  struct doorbell doorbell;
  const uint64_t seed = stress_seed(), bursts = stress_count(1000000);
  (void)state;
  doorbell_init(&doorbell, seed);
  struct thread *consumer = thread_create("stress-consumer", consumer_body, &doorbell);
  assert_non_null(consumer);
  for (uint64_t i = 0; i < bursts; i++)
    publish_burst(&doorbell);
  release_consumer(&doorbell);
  thread_join(consumer);
  doorbell_finish(&doorbell, bursts);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(last_frame_wakes_process), cmocka_unit_test(last_frame_wakes_thread)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
