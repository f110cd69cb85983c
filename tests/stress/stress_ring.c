/* Both rings of the control channel between a host and a guest that send as fast as they can: every message arrives once, whole and in
 * order, within a session. As two processes the host is killed at random and comes back with a new session; as two threads it opens a new
 * session by itself. The ring has no pixels, so ThreadSanitizer sees all of it. */
#include "common/thread.h"
#include "protocol/ring.h"
#include "stress/stress_settings.h"
#include "support/child_process.h"
#include "support/fake_guest.h"
#include "support/temp_region.h"
#include "support/test_random.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define REGION_BYTES (UINT64_C(4) << 20)

struct ring_score {
  _Atomic uint64_t received, sent, full, sessions;
  _Atomic uint64_t faults; /* lost, doubled, torn, or a ring closed although both ends are honest */
};

struct ring_board {
  _Atomic bool stop;
  struct ring_score host, guest;
};

/* One side, with an end of either ring. */
struct ring_actor {
  struct ring_board *board;
  struct ring_score *score;
  struct transom_ring_view to_host, to_guest;
  bool is_host;
  uint32_t reopen_one_in; /* threads: the host begins a new session by itself */
  struct test_random random;
  struct transom_ring out, in;
  uint32_t sent, received; /* numbers within the session */
  uint8_t payload[RING_PAYLOAD_BYTES_MAX], expected[RING_PAYLOAD_BYTES_MAX];
};

static uint32_t size_of(uint32_t session, uint32_t number) {
  const uint64_t dice = test_random_mix((uint64_t)session << 32 | number);
  return (uint32_t)(dice % 16 == 0 ? (dice >> 8) % (RING_PAYLOAD_BYTES_MAX + 1) : (dice >> 8) % 100);
}

static void fill(uint8_t *payload, uint32_t session, uint32_t number, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; i += 8) {
    const uint64_t word = test_random_mix((uint64_t)session << 32 ^ (uint64_t)number << 12 ^ i);
    memcpy(payload + i, &word, bytes - i < 8 ? bytes - i : 8);
  }
}

static void open_session(struct ring_actor *actor) {
  const uint32_t session = actor->is_host ? (uint32_t)test_random_next(&actor->random) | 1 : 0;
  ring_init(&actor->out, actor->is_host ? &actor->to_guest : &actor->to_host,
            actor->is_host ? TRANSOM_RING_HOST_SENDS : TRANSOM_RING_GUEST_SENDS, session);
  ring_init(&actor->in, actor->is_host ? &actor->to_host : &actor->to_guest,
            actor->is_host ? TRANSOM_RING_HOST_RECEIVES : TRANSOM_RING_GUEST_RECEIVES, session);
  actor->sent = actor->received = 0;
  actor->score->sessions++;
}

static bool outgoing_is_open(struct ring_actor *actor) {
  const uint32_t before = actor->out.session;
  const bool open = ring_is_open(&actor->out);
  if (actor->out.session != before)
    actor->sent = 0;
  return open;
}

static bool incoming_is_open(struct ring_actor *actor) {
  const uint32_t before = actor->in.session;
  const bool open = ring_is_open(&actor->in);
  if (actor->in.session != before)
    actor->received = 0;
  return open;
}

static bool send_one(struct ring_actor *actor) {
  if (!outgoing_is_open(actor))
    return false;
  const uint32_t session = actor->out.session, bytes = size_of(session, actor->sent);
  fill(actor->payload, session, actor->sent, bytes);
  const int result = ring_send(&actor->out, actor->sent + 1, actor->payload, bytes);
  if (result == 0) {
    actor->sent++;
    actor->score->sent++;
  } else if (result == -EAGAIN) {
    actor->score->full++;
  } else if (result != -ENOTCONN) {
    actor->score->faults++;
  }
  return result == 0;
}

static bool receive_one(struct ring_actor *actor) {
  uint32_t type, bytes;
  if (!incoming_is_open(actor))
    return false;
  const uint32_t session = actor->in.session;
  const int result = ring_receive(&actor->in, &type, actor->payload, &bytes);
  if (result == -EAGAIN || result == -ENOTCONN)
    return false;
  if (result == 0)
    fill(actor->expected, session, actor->received, size_of(session, actor->received));
  if (result != 0 || type != actor->received + 1 || bytes != size_of(session, actor->received) ||
      memcmp(actor->payload, actor->expected, bytes) != 0)
    actor->score->faults++;
  actor->received++;
  actor->score->received++;
  return true;
}

static void actor_run(void *user_data) {
  struct ring_actor *actor = user_data;
  open_session(actor);
  while (!actor->board->stop) {
    bool moved = false;
    for (uint32_t i = test_random_below(&actor->random, 40); i > 0 && send_one(actor); i--)
      moved = true;
    for (uint32_t i = test_random_below(&actor->random, 40); i > 0 && receive_one(actor); i--)
      moved = true;
    if (test_random_one_in(&actor->random, actor->reopen_one_in))
      open_session(actor);
    if (!moved)
      sched_yield();
  }
}

struct ring_pair {
  struct temp_region memory;
  struct ring_board *board;
  struct fake_guest *guest;
  struct ring_actor actors[2]; /* host, guest */
};

static void pair_init(struct ring_pair *pair, uint64_t seed) {
  const struct fake_guest_options options = {.width = 64, .height = 16, .epoch = seed | 1, .store = pixel_copy_relaxed};
  *pair = (struct ring_pair){.guest = calloc(1, sizeof *pair->guest)};
  assert_non_null(pair->guest);
  assert_int_equal(temp_region_init(&pair->memory, REGION_BYTES), 0);
  pair->board = mmap(NULL, sizeof *pair->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(pair->board != MAP_FAILED);
  assert_int_equal(fake_guest_init(pair->guest, pair->memory.base, REGION_BYTES, &options), 0);
  for (uint32_t i = 0; i < 2; i++) {
    struct ring_actor *actor = &pair->actors[i];
    actor->board = pair->board;
    actor->is_host = i == 0;
    actor->score = i == 0 ? &pair->board->host : &pair->board->guest;
    actor->to_host = pair->guest->region.to_host[TRANSOM_CHANNEL_CONTROL];
    actor->to_guest = pair->guest->region.to_guest[TRANSOM_CHANNEL_CONTROL];
    actor->random.state = seed + i;
  }
}

static void pair_finish(struct ring_pair *pair) {
  const struct ring_score *host = &pair->board->host, *guest = &pair->board->guest;
  printf("host: sessions %llu sent %llu received %llu full %llu; guest: sent %llu received %llu full %llu; faults %llu\n",
         (unsigned long long)host->sessions, (unsigned long long)host->sent, (unsigned long long)host->received,
         (unsigned long long)host->full, (unsigned long long)guest->sent, (unsigned long long)guest->received,
         (unsigned long long)guest->full, (unsigned long long)(host->faults + guest->faults));
  const bool good = host->faults == 0 && guest->faults == 0 && host->received > 0 && guest->received > 0;
  munmap(pair->board, sizeof *pair->board);
  temp_region_finish(&pair->memory);
  free(pair->guest);
  assert_true(good);
}

/* Waits for the next `messages`, both ways together. */
static void wait_for_messages(const struct ring_board *board, uint64_t messages) {
  const uint64_t until = board->host.received + board->guest.received + messages;
  while (board->host.received + board->guest.received < until && board->host.faults + board->guest.faults == 0)
    sched_yield();
}

static void rings_between_processes(void **state) {
  struct ring_pair pair;
  const uint64_t seed = stress_seed(), messages = stress_count(10000000), kills = stress_count(1000);
  (void)state;
  pair_init(&pair, seed);
  const pid_t guest = child_process_start(actor_run, &pair.actors[1]);
  struct test_random random = {seed};
  for (uint64_t i = 0; i < kills; i++) {
    pair.actors[0].random.state = test_random_next(&random);
    const pid_t host = child_process_start(actor_run, &pair.actors[0]);
    assert_true(guest > 0 && host > 0);
    wait_for_messages(pair.board, messages / kills);
    if (i + 1 == kills)
      pair.board->stop = true;
    else
      child_process_kill(host);
    if (i + 1 == kills)
      assert_true(child_process_join(host));
  }
  assert_true(child_process_join(guest));
  pair_finish(&pair);
}

static void rings_between_threads(void **state) {
  struct ring_pair pair;
  const uint64_t seed = stress_seed(), messages = stress_count(10000000);
  (void)state;
  pair_init(&pair, seed);
  pair.actors[0].reopen_one_in = 500;
  struct thread *threads[2];
  for (uint32_t i = 0; i < 2; i++)
    assert_non_null(threads[i] = thread_create("stress-ring", actor_run, &pair.actors[i]));
  wait_for_messages(pair.board, messages);
  pair.board->stop = true;
  for (uint32_t i = 0; i < 2; i++)
    thread_join(threads[i]);
  pair_finish(&pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(rings_between_processes), cmocka_unit_test(rings_between_threads)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
