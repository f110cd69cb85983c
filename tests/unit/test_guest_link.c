/* The link through every change of its life, on a clock of the test's own. */
#include "common/ivshmem_peer.h"
#include "host/event/event_loop.h"
#include "host/link/controller_claim.h"
#include "host/link/guest_link_internal.h"
#include "host/link/private_server.h"
#include "host/link/shared_memory.h"
#include "protocol/atomics.h"
#include "protocol/control_message.h"
#include "support/region_file.h"
#include "support/serve_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define BYTES (8u << 20)
#define MS UINT64_C(1000000)

static uint64_t test_now_ns;
static uint64_t test_clock(void) { return test_now_ns; }

struct fixture {
  struct event_loop *loop;
  struct region_file file;
  struct transom_region region; /* the agent's */
  struct guest_link *link;
  int states, sessions, messages;
  uint32_t message_type;
};

static void on_state(enum guest_link_state state, const char *text, void *user_data) {
  (void)state, (void)text;
  ((struct fixture *)user_data)->states++;
}

static void on_session(void *user_data) { ((struct fixture *)user_data)->sessions++; }

static void on_message(uint32_t type, const void *payload, uint32_t bytes, void *user_data) {
  struct fixture *fixture = user_data;
  (void)payload, (void)bytes;
  fixture->messages++;
  fixture->message_type = type;
}

static const struct guest_link_events link_events = {.state = on_state, .session = on_session, .message = on_message};

static struct guest_link *create_link(struct fixture *fixture, const char *region) {
  const struct guest_link_options options = {.region = region};
  struct guest_link *link = guest_link_create(fixture->loop, &options, &link_events, fixture);
  assert_non_null(link);
  guest_link_set_clock(link, test_clock);
  return link;
}

static int setup(void **state) {
  struct fixture *fixture = calloc(1, sizeof *fixture);
  test_now_ns = 1000 * MS;
  fixture->loop = event_loop_create(EVENT_LOOP_EPOLL);
  *state = fixture;
  return region_file_create(&fixture->file, BYTES) ? 0 : -1;
}

static int teardown(void **state) {
  struct fixture *fixture = *state;
  guest_link_destroy(fixture->link);
  event_loop_destroy(fixture->loop);
  region_file_remove(&fixture->file);
  free(fixture);
  return 0;
}

static void tick_after(struct fixture *fixture, uint64_t ns) {
  test_now_ns += ns;
  guest_link_tick(fixture->link);
}

static void format(struct fixture *fixture, uint64_t epoch) {
  assert_true(region_file_format(fixture->file.base, BYTES, epoch, &fixture->region));
}

static void beat(struct fixture *fixture) {
  wire_store64(&fixture->region.status->heartbeat, wire_load64(&fixture->region.status->heartbeat) + 1);
}

#define assert_state(fixture, expected) assert_int_equal(guest_link_state((fixture)->link), expected)

static void open_running(struct fixture *fixture) {
  format(fixture, 11);
  fixture->link = create_link(fixture, fixture->file.path);
  guest_link_tick(fixture->link);
  assert_state(fixture, GUEST_LINK_RUNNING);
}

static void no_region_then_waiting_then_running(void **state) {
  struct fixture *fixture = *state;
  char elsewhere[80];
  snprintf(elsewhere, sizeof elsewhere, "%s.later", fixture->file.path);
  fixture->link = create_link(fixture, elsewhere);
  guest_link_tick(fixture->link);
  assert_state(fixture, GUEST_LINK_NO_REGION);
  assert_non_null(strstr(guest_link_text(fixture->link), "start the VM"));
  assert_int_equal(rename(fixture->file.path, elsewhere), 0);
  tick_after(fixture, 500 * MS); /* once a second */
  assert_state(fixture, GUEST_LINK_NO_REGION);
  tick_after(fixture, 500 * MS);
  assert_state(fixture, GUEST_LINK_WAITING);
  assert_null(guest_link_session(fixture->link));
  format(fixture, 11);
  tick_after(fixture, 100 * MS);
  assert_state(fixture, GUEST_LINK_RUNNING);
  assert_string_equal(guest_link_text(fixture->link), "test-agent 1.0 on nowhere");
  assert_int_equal(fixture->sessions, 1);
  struct guest_session *session = guest_link_session(fixture->link);
  assert_int_equal(session->region.epoch, 11);
  assert_int_equal(session->frame_eventfd, -1);
  assert_true(session->may_hold);
  assert_int_equal(wire_load64(&fixture->region.host->consumers[0].epoch), 11);
  guest_session_release(session);
  unlink(elsewhere);
}

static void silence_and_return(void **state) {
  struct fixture *fixture = *state;
  open_running(fixture);
  tick_after(fixture, 2999 * MS);
  assert_state(fixture, GUEST_LINK_RUNNING);
  tick_after(fixture, 1 * MS);
  assert_state(fixture, GUEST_LINK_AGENT_LOST);
  struct guest_session *session = guest_link_session(fixture->link); /* the last picture stays */
  assert_non_null(session);
  guest_session_release(session);
  beat(fixture);
  tick_after(fixture, 250 * MS);
  assert_state(fixture, GUEST_LINK_RUNNING);
  assert_int_equal(fixture->sessions, 1);
}

static void agent_restarts(void **state) {
  struct fixture *fixture = *state;
  open_running(fixture);
  struct guest_session *old = guest_link_session(fixture->link);
  region_close(&fixture->region);
  tick_after(fixture, 250 * MS);
  assert_state(fixture, GUEST_LINK_WAITING);
  assert_null(guest_link_session(fixture->link));
  format(fixture, 12);
  tick_after(fixture, 100 * MS);
  assert_state(fixture, GUEST_LINK_RUNNING);
  assert_int_equal(fixture->sessions, 2);
  struct guest_session *now = guest_link_session(fixture->link);
  assert_ptr_not_equal(now, old);
  assert_int_equal(wire_load64(&now->consumer.line->epoch), 12);
  guest_session_release(old); /* writes nothing: its epoch is gone */
  assert_int_equal(wire_load64(&now->consumer.line->epoch), 12);
  guest_session_release(now);
  format(fixture, 13); /* at once, without our seeing the gap */
  tick_after(fixture, 250 * MS);
  assert_state(fixture, GUEST_LINK_RUNNING);
  assert_int_equal(fixture->sessions, 3);
}

static void old_session_outlives_the_link(void **state) {
  struct fixture *fixture = *state;
  open_running(fixture);
  struct guest_session *session = guest_link_session(fixture->link);
  guest_link_destroy(fixture->link);
  fixture->link = NULL;
  assert_int_equal(wire_load64(&session->region.header->epoch), 11);
  assert_int_equal(wire_load64(&session->consumer.line->epoch), 11);
  guest_session_release(session);
  assert_int_equal(wire_load64(&fixture->region.host->consumers[0].epoch), 0);
}

static void incompatible_and_broken(void **state) {
  struct fixture *fixture = *state;
  struct transom_header *header = fixture->file.base;
  format(fixture, 11);
  header->layout_major = TRANSOM_LAYOUT_MAJOR + 1;
  fixture->link = create_link(fixture, fixture->file.path);
  guest_link_tick(fixture->link);
  assert_state(fixture, GUEST_LINK_INCOMPATIBLE);
  assert_non_null(strstr(guest_link_text(fixture->link), "too new"));
  assert_non_null(strstr(guest_link_text(fixture->link), "update this viewer"));
  int states = fixture->states;
  tick_after(fixture, 100 * MS);
  assert_int_equal(fixture->states, states); /* said once */
  header->layout_major = TRANSOM_LAYOUT_MAJOR;
  header->section_table_offset = 0xfffffff0;
  tick_after(fixture, 100 * MS);
  assert_state(fixture, GUEST_LINK_BROKEN);
  header->epoch = header->magic = 0;
  tick_after(fixture, 100 * MS);
  assert_state(fixture, GUEST_LINK_WAITING);
  format(fixture, 12);
  tick_after(fixture, 100 * MS);
  assert_state(fixture, GUEST_LINK_RUNNING);
}

static void another_programs_region_is_named(void **state) {
  struct fixture *fixture = *state;
  struct transom_header *header = fixture->file.base;
  header->magic = UINT64_C(0x1122334455667788);
  fixture->link = create_link(fixture, fixture->file.path);
  guest_link_tick(fixture->link);
  assert_state(fixture, GUEST_LINK_BROKEN);
  assert_non_null(strstr(guest_link_text(fixture->link), "another program's"));
  format(fixture, 13);
  tick_after(fixture, 100 * MS);
  assert_state(fixture, GUEST_LINK_RUNNING);
}

static void file_is_replaced(void **state) {
  struct fixture *fixture = *state;
  open_running(fixture);
  struct region_file other;
  struct transom_region region;
  assert_true(region_file_create(&other, BYTES));
  assert_true(region_file_format(other.base, BYTES, 21, &region));
  assert_int_equal(rename(other.path, fixture->file.path), 0);
  tick_after(fixture, 1000 * MS);
  assert_state(fixture, GUEST_LINK_RUNNING);
  struct guest_session *session = guest_link_session(fixture->link);
  assert_int_equal(session->region.epoch, 21);
  guest_session_release(session);
  munmap(other.base, other.bytes);
}

static void file_of_no_region_size(void **state) {
  struct fixture *fixture = *state;
  assert_int_equal(truncate(fixture->file.path, 4096), 0);
  fixture->link = create_link(fixture, fixture->file.path);
  guest_link_tick(fixture->link);
  assert_state(fixture, GUEST_LINK_NO_REGION);
  assert_non_null(strstr(guest_link_text(fixture->link), "size"));
}

static void missing_head_is_waited_for(void **state) {
  struct fixture *fixture = *state;
  format(fixture, 11);
  const struct guest_link_options options = {.region = fixture->file.path, .head = 3};
  fixture->link = guest_link_create(fixture->loop, &options, &link_events, fixture);
  guest_link_set_clock(fixture->link, test_clock);
  guest_link_tick(fixture->link);
  assert_state(fixture, GUEST_LINK_NO_HEAD);
  assert_string_equal(guest_link_text(fixture->link), "the guest shows nothing on its screen 3");
  fixture->region.header->epoch = 0; /* the agent formats anew */
  tick_after(fixture, 100 * MS);
  assert_state(fixture, GUEST_LINK_WAITING);
}

static void names_that_are_none(void **state) {
  struct fixture *fixture = *state;
  static const char *const names[] = {"", "server:"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const struct guest_link_options options = {.region = names[i]};
    assert_null(guest_link_create(fixture->loop, &options, NULL, NULL));
    assert_int_equal(errno, EINVAL);
  }
}

static void lines_are_claimed_by_lock(void **state) {
  struct fixture *fixture = *state;
  struct shared_memory *memory[TRANSOM_CONSUMERS_MAX], *extra;
  for (uint32_t i = 0; i < TRANSOM_CONSUMERS_MAX; i++) {
    assert_int_equal(shared_memory_open(fixture->file.path, 0, &memory[i]), 0);
    assert_int_equal(memory[i]->line, i);
  }
  assert_int_equal(shared_memory_open(fixture->file.path, 0, &extra), -EUSERS);
  shared_memory_release(memory[5]);
  assert_int_equal(shared_memory_open(fixture->file.path, 0, &memory[5]), 0);
  assert_int_equal(memory[5]->line, 5);
  assert_int_equal(shared_memory_lock_controller(memory[2]), 0);
  assert_int_equal(shared_memory_lock_controller(memory[3]), -EAGAIN);
  for (uint32_t i = 0; i < TRANSOM_CONSUMERS_MAX; i++)
    shared_memory_release(memory[i]);
}

/* Pages that the file no longer has read as zeros, and the owner is told to open anew. */
static void shrunk_file_reads_as_zeros(void **state) {
  struct fixture *fixture = *state;
  struct shared_memory *memory;
  assert_int_equal(shared_memory_open(fixture->file.path, 0, &memory), 0);
  assert_true(shared_memory_is_current(memory, fixture->file.path));
  assert_int_equal(truncate(fixture->file.path, 4096), 0);
  assert_false(shared_memory_is_current(memory, fixture->file.path));
  assert_int_equal(((volatile uint8_t *)memory->base)[BYTES - 1], 0);
  assert_true(atomic_load(&memory->is_cut));
  assert_int_equal(truncate(fixture->file.path, (off_t)BYTES), 0); /* as long as before, but our mapping is not it any more */
  assert_false(shared_memory_is_current(memory, fixture->file.path));
  shared_memory_release(memory);
}

/* Beyond the mapping there is nothing that could be reached. */
static void mapping_lies_between_guards(void **state) {
  struct fixture *fixture = *state;
  struct shared_memory *memory;
  for (int side = 0; side < 2; side++) {
    pid_t child = fork();
    if (child == 0) {
      signal(SIGSEGV, SIG_DFL);
      if (shared_memory_open(fixture->file.path, 0, &memory))
        _exit(2);
      volatile uint8_t *base = memory->base;
      _exit(side ? base[memory->bytes] : base[-1]);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  }
}

/* ---- messages ---- */

static void open_agent_rings(struct fixture *fixture, struct transom_ring *send, struct transom_ring *receive) {
  ring_init(send, &fixture->region.to_host[TRANSOM_CHANNEL_CONTROL], TRANSOM_RING_GUEST_SENDS, 0);
  ring_init(receive, &fixture->region.to_guest[TRANSOM_CHANNEL_CONTROL], TRANSOM_RING_GUEST_RECEIVES, 0);
}

static void run_until_controller(struct fixture *fixture) {
  while (!guest_link_is_controller(fixture->link))
    assert_true(event_loop_run_once(fixture->loop, 10000) >= 0);
}

static void messages_both_ways(void **state) {
  struct fixture *fixture = *state;
  struct transom_ring send, receive;
  uint8_t payload[RING_PAYLOAD_BYTES_MAX];
  uint32_t type, bytes;
  open_running(fixture);
  assert_int_equal(guest_link_send(fixture->link, TRANSOM_CONTROL_REDRAW, NULL, 0), -ENOTCONN);
  run_until_controller(fixture);
  open_agent_rings(fixture, &send, &receive);
  assert_true(ring_is_open(&send));
  assert_true(ring_is_open(&receive));
  tick_after(fixture, 50 * MS);
  assert_int_equal(ring_receive(&receive, &type, payload, &bytes), 0);
  assert_int_equal(type, TRANSOM_CONTROL_HELLO);
  assert_int_equal(bytes, sizeof(struct transom_control_hello));
  assert_int_equal(guest_link_send(fixture->link, TRANSOM_CONTROL_REDRAW, NULL, 0), 0);
  assert_int_equal(ring_receive(&receive, &type, payload, &bytes), 0);
  assert_int_equal(type, TRANSOM_CONTROL_REDRAW);
  assert_int_equal(ring_send(&send, TRANSOM_CONTROL_HELLO, payload, 64), 0);
  tick_after(fixture, 50 * MS);
  assert_int_equal(fixture->messages, 1);
  assert_int_equal(fixture->message_type, TRANSOM_CONTROL_HELLO);
}

/* An index that no honest guest has: the session ends, a new one is offered, nobody crashes. */
static void spoilt_ring_begins_anew(void **state) {
  struct fixture *fixture = *state;
  struct transom_ring send, receive;
  open_running(fixture);
  run_until_controller(fixture);
  open_agent_rings(fixture, &send, &receive);
  assert_true(ring_is_open(&send));
  uint32_t session = send.session;
  send.view.producer->index = 0x12345677;
  tick_after(fixture, 50 * MS);
  assert_true(ring_is_open(&send));
  assert_int_not_equal(send.session, session);
  assert_state(fixture, GUEST_LINK_RUNNING);
}

static void second_viewer_is_no_controller(void **state) {
  struct fixture *fixture = *state;
  open_running(fixture);
  run_until_controller(fixture);
  struct guest_link *second = create_link(fixture, fixture->file.path);
  guest_link_tick(second);
  while (event_loop_run_once(fixture->loop, 0) > 0)
    ;
  assert_int_equal(guest_link_state(second), GUEST_LINK_RUNNING);
  assert_false(guest_link_is_controller(second));
  assert_int_equal(guest_link_send(second, TRANSOM_CONTROL_REDRAW, NULL, 0), -ENOTCONN);
  guest_link_destroy(second);
}

static void link_that_only_watches_asks_for_no_rings(void **state) {
  struct fixture *fixture = *state;
  format(fixture, 11);
  const struct guest_link_options options = {.region = fixture->file.path, .only_watches = true};
  struct guest_link *watching = guest_link_create(fixture->loop, &options, NULL, NULL);
  guest_link_set_clock(watching, test_clock);
  guest_link_tick(watching);
  assert_int_equal(guest_link_state(watching), GUEST_LINK_RUNNING);
  while (event_loop_run_once(fixture->loop, 5) > 0)
    ;
  assert_false(guest_link_is_controller(watching));
  fixture->link = create_link(fixture, fixture->file.path);
  guest_link_tick(fixture->link);
  run_until_controller(fixture);
  guest_link_destroy(watching);
}

static void agent_says_why_there_is_no_picture(void **state) {
  struct fixture *fixture = *state;
  open_running(fixture);
  region_set_status(&fixture->region, 1, TRANSOM_AGENT_UNREADABLE, "tiled buffers\x1b[2J");
  tick_after(fixture, 250 * MS);
  assert_state(fixture, GUEST_LINK_RUNNING);
  assert_string_equal(guest_link_text(fixture->link), "tiled buffers?[2J");
  region_set_status(&fixture->region, 2, TRANSOM_AGENT_RUNNING, "");
  tick_after(fixture, 250 * MS);
  assert_string_equal(guest_link_text(fixture->link), "test-agent 1.0 on nowhere");
}

/* ---- with a server ---- */

struct served {
  struct fixture *fixture;
  struct serve_process process;
  struct ivshmem_peer agent;
  uint8_t *base;
  char region[128];
};

static void begin_served(struct served *served, struct fixture *fixture) {
  static const char *const small[] = {"--size", "8M", NULL};
  served->fixture = fixture;
  assert_true(serve_process_init(&served->process));
  assert_true(serve_process_start(&served->process, small));
  assert_int_equal(ivshmem_peer_connect(&served->agent, served->process.region_socket, 10000), 0);
  served->base = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, served->agent.region, 0);
  assert_true(region_file_format(served->base, BYTES, 31, &fixture->region));
  snprintf(served->region, sizeof served->region, "server:%s", served->process.region_socket);
  fixture->link = create_link(fixture, served->region);
  guest_link_tick(fixture->link);
  assert_state(fixture, GUEST_LINK_RUNNING);
}

static void end_served(struct served *served) {
  munmap(served->base, BYTES);
  ivshmem_peer_close(&served->agent);
  serve_process_finish(&served->process);
}

static void doorbell_brings_messages(void **state) {
  struct served served;
  struct fixture *fixture = *state;
  struct transom_ring send, receive;
  begin_served(&served, fixture);
  run_until_controller(fixture);
  open_agent_rings(fixture, &send, &receive);
  assert_true(ring_is_open(&send));
  assert_true(ring_is_open(&receive));
  assert_int_equal(ring_send(&send, TRANSOM_CONTROL_GOODBYE, NULL, 0), 0);
  struct transom_consumers consumers;
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  consumers_init(&consumers, &fixture->region);
  assert_int_equal(consumers_signal(&consumers, TRANSOM_WAKE_MESSAGE, 0, bells), 1);
  assert_int_equal(bells[0].vector, TRANSOM_VECTOR_EVENT);
  assert_int_equal(ivshmem_peer_ring(&served.agent, bells[0].peer_id, bells[0].vector), 0);
  while (!fixture->messages)
    assert_true(event_loop_run_once(fixture->loop, 10000) >= 0);
  assert_int_equal(fixture->message_type, TRANSOM_CONTROL_GOODBYE);
  end_served(&served);
}

static void ring_and_run(struct served *served, struct fixture *fixture, uint64_t epoch) {
  struct guest_session *session = guest_link_session(fixture->link);
  const uint32_t id = session->consumer.index;
  guest_session_release(session);
  assert_true(region_file_format(served->base, BYTES, epoch, &fixture->region));
  assert_int_equal(ivshmem_peer_ring(&served->agent, id, TRANSOM_VECTOR_EVENT), 0);
  assert_true(event_loop_run_once(fixture->loop, 10000) >= 0);
}

/* No tick is needed; but a guest that does nothing else than begin anew is heard ten times a second at most. */
static void a_new_epoch_is_rung_for(void **state) {
  struct served served;
  struct fixture *fixture = *state;
  begin_served(&served, fixture);
  run_until_controller(fixture);
  ring_and_run(&served, fixture, 32);
  while (fixture->sessions < 2)
    assert_true(event_loop_run_once(fixture->loop, 10000) >= 0);
  assert_state(fixture, GUEST_LINK_RUNNING);
  ring_and_run(&served, fixture, 33);
  while (event_loop_run_once(fixture->loop, 0) > 0)
    ;
  assert_int_equal(fixture->sessions, 2);
  test_now_ns += 100 * MS;
  ring_and_run(&served, fixture, 34);
  while (fixture->sessions < 3)
    assert_true(event_loop_run_once(fixture->loop, 10000) >= 0);
  assert_state(fixture, GUEST_LINK_RUNNING);
  end_served(&served);
}

static void empty_rings_are_throttled(void **state) {
  struct served served;
  struct fixture *fixture = *state;
  begin_served(&served, fixture);
  struct guest_session *session = guest_link_session(fixture->link);
  uint32_t id = session->consumer.index;
  for (uint32_t i = 0; i < WAKE_THROTTLE_EMPTY_MAX; i++) {
    assert_int_equal(guest_link_throttle(fixture->link)->count, 0);
    assert_int_equal(ivshmem_peer_ring(&served.agent, id, TRANSOM_VECTOR_EVENT), 0);
    struct pollfd bell = {.fd = session->event_eventfd, .events = POLLIN};
    while (poll(&bell, 1, 0) == 1)
      assert_true(event_loop_run_once(fixture->loop, 10000) >= 0);
  }
  assert_int_equal(guest_link_throttle(fixture->link)->count, 1);
  assert_int_equal(wire_load32(&session->consumer.line->armed_event), 0);
  ivshmem_peer_ring(&served.agent, id, TRANSOM_VECTOR_EVENT); /* nobody waits for it now */
  while (event_loop_run_once(fixture->loop, 0) > 0)
    ;
  struct pollfd bell = {.fd = session->event_eventfd, .events = POLLIN};
  assert_int_equal(poll(&bell, 1, 0), 1);
  beat(fixture);
  tick_after(fixture, WAKE_THROTTLE_PAUSE_NS); /* trusted again */
  assert_int_not_equal(wire_load32(&session->consumer.line->armed_event), 0);
  guest_session_release(session);
  end_served(&served);
}

/* Bells with news, and bells spread over time, are never throttled. */
static void throttle_spares_honest_guests(void **state) {
  struct wake_throttle throttle = {0};
  (void)state;
  for (uint32_t i = 0; i < 1000; i++)
    assert_false(wake_throttle_note(&throttle, true, i));
  for (uint32_t i = 0; i < 1000; i++)
    assert_false(wake_throttle_note(&throttle, false, i * WAKE_THROTTLE_WINDOW_NS / (WAKE_THROTTLE_EMPTY_MAX - 1)));
  assert_int_equal(throttle.count, 0);
}

/* The server dies: the session goes on. A new server with a new region (the old VM is gone): the link moves there. */
static void server_dies_and_another_comes(void **state) {
  struct served served;
  struct fixture *fixture = *state;
  begin_served(&served, fixture);
  serve_process_kill(&served.process, SIGKILL);
  while (event_loop_run_once(fixture->loop, 100) > 0)
    ;
  beat(fixture);
  tick_after(fixture, 250 * MS);
  assert_state(fixture, GUEST_LINK_RUNNING);
  tick_after(fixture, 1000 * MS);
  assert_int_equal(fixture->sessions, 1);
  struct guest_session *old = guest_link_session(fixture->link);
  assert_non_null(old);
  char state_file[128];
  snprintf(state_file, sizeof state_file, "%s/region.state", served.process.directory);
  unlink(state_file); /* as if our fake guest, which is this process, were gone */
  static const char *const small[] = {"--size", "8M", NULL};
  assert_true(serve_process_start(&served.process, small));
  tick_after(fixture, 1000 * MS);
  assert_state(fixture, GUEST_LINK_WAITING);
  assert_int_equal(old->region.epoch, 31); /* still mapped */
  guest_session_release(old);
  end_served(&served);
}

/* Ours listens when start returns, and its socket is gone when stop returns. */
static void private_server(void **state) {
  struct fixture *fixture = *state;
  char socket[80], region[96];
  snprintf(socket, sizeof socket, "%s.d", fixture->file.path);
  assert_int_equal(mkdir(socket, 0700), 0);
  strcat(socket, "/region.sock");
  snprintf(region, sizeof region, "server:%s", socket);
  const struct private_server_options options = {.program = TRANSOM_SERVE, .socket = socket, .size = "1M"};
  struct private_server *server, *second;
  assert_int_equal(private_server_start(&options, &server), 0);
  fixture->link = create_link(fixture, region);
  guest_link_tick(fixture->link);
  assert_state(fixture, GUEST_LINK_WAITING);
  assert_int_equal(private_server_start(&options, &second), -ECHILD);
  guest_link_destroy(fixture->link);
  fixture->link = NULL;
  private_server_stop(server);
  assert_int_equal(access(socket, F_OK), -1);
  const struct private_server_options nowhere = {.program = "/nonexistent/transom-serve", .socket = socket};
  assert_int_equal(private_server_start(&nowhere, &second), -ENOENT);
  char *slash = strrchr(socket, '/');
  strcpy(slash, "/serve.lock");
  unlink(socket);
  *slash = 0;
  rmdir(socket);
}

static void controller_answers(void **state) {
  (void)state;
  assert_int_equal(controller_answer_parse("ok", 2), CONTROLLER_OK);
  assert_int_equal(controller_answer_parse("granted", 7), CONTROLLER_GRANTED);
  assert_int_equal(controller_answer_parse("busy", 4), CONTROLLER_BUSY);
  assert_int_equal(controller_answer_parse("lost", 4), CONTROLLER_LOST);
  assert_int_equal(controller_answer_parse("grantedx", 8), CONTROLLER_ERROR);
  assert_int_equal(controller_answer_parse("", 0), CONTROLLER_ERROR);
}

int main(void) {
#define LINKED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      LINKED(no_region_then_waiting_then_running),
      LINKED(silence_and_return),
      LINKED(agent_restarts),
      LINKED(old_session_outlives_the_link),
      LINKED(incompatible_and_broken),
      LINKED(another_programs_region_is_named),
      LINKED(file_is_replaced),
      LINKED(file_of_no_region_size),
      LINKED(missing_head_is_waited_for),
      LINKED(names_that_are_none),
      LINKED(lines_are_claimed_by_lock),
      LINKED(shrunk_file_reads_as_zeros),
      LINKED(mapping_lies_between_guards),
      LINKED(messages_both_ways),
      LINKED(spoilt_ring_begins_anew),
      LINKED(second_viewer_is_no_controller),
      LINKED(link_that_only_watches_asks_for_no_rings),
      LINKED(agent_says_why_there_is_no_picture),
      LINKED(doorbell_brings_messages),
      LINKED(a_new_epoch_is_rung_for),
      LINKED(empty_rings_are_throttled),
      LINKED(server_dies_and_another_comes),
      LINKED(private_server),
      cmocka_unit_test(throttle_spares_honest_guests),
      cmocka_unit_test(controller_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
