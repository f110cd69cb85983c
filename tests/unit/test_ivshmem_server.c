/* transom-serve as a process, spoken to by our own peer and by clients that mean ill. */
#include "common/ivshmem_peer.h"
#include "protocol/layout.h"
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_MS 10000

static int setup(void **state) {
  struct serve_process *process = calloc(1, sizeof *process);
  static const char *const small[] = {"--size", "1M", NULL};
  *state = process;
  return serve_process_init(process) && serve_process_start(process, small) ? 0 : -1;
}

static int teardown(void **state) {
  serve_process_finish(*state);
  free(*state);
  return 0;
}

static void connect_peer(const struct serve_process *process, struct ivshmem_peer *peer) {
  assert_int_equal(ivshmem_peer_connect(peer, process->region_socket, LIMIT_MS), 0);
}

static int connect_raw(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static void wait_readable(int fd) {
  struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
  assert_int_equal(poll(&poll_fd, 1, LIMIT_MS), 1);
}

/* Until the server has noticed that peer `id` is gone. */
static void await_departure(const struct serve_process *process, uint32_t id) {
  char line[64];
  snprintf(line, sizeof line, "peer %u (pid %d) left", id, (int)getpid());
  assert_true(serve_process_will_say(process, line));
}

static void region_is_sized_and_sealed(void **state) {
  struct ivshmem_peer peer;
  connect_peer(*state, &peer);
  struct stat status;
  assert_int_equal(fstat(peer.region, &status), 0);
  assert_int_equal(status.st_size, 1 << 20);
  assert_int_not_equal(ftruncate(peer.region, 4096), 0);
  assert_int_not_equal(ftruncate(peer.region, 2 << 20), 0);
  assert_int_equal(fcntl(peer.region, F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
                   F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  assert_int_equal(fcntl(peer.region, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  ivshmem_peer_close(&peer);
}

static void peers_meet_and_ring(void **state) {
  struct ivshmem_peer first, second;
  connect_peer(*state, &first);
  connect_peer(*state, &second);
  assert_int_equal(first.id, 0);
  assert_int_equal(second.id, 1);
  assert_int_equal(first.vector_count, 2);
  assert_int_equal(ivshmem_peer_ring(&first, 1, 1), 0);
  wait_readable(second.vectors[1]);
  assert_int_equal(ivshmem_peer_ring(&second, 0, 0), 0);
  wait_readable(first.vectors[0]);
  assert_int_equal(ivshmem_peer_ring(&first, 1, 2), -ENODEV);
  assert_int_equal(ivshmem_peer_ring(&first, 16, 0), -ENODEV);
  ivshmem_peer_close(&second);
  ivshmem_peer_close(&first);
}

/* QEMU cannot bear to hear that a peer left (see ivshmem_server.h): after the greeting nobody hears anything, whoever comes and goes. A
 * newcomer has the eventfds that everybody knows already, without what was rung for his predecessor. */
static void nobody_is_told_who_comes_and_goes(void **state) {
  struct ivshmem_peer watcher, other;
  connect_peer(*state, &watcher);
  for (int i = 0; i < 3; i++) {
    connect_peer(*state, &other);
    assert_int_equal(other.id, 1);
    struct pollfd bell = {.fd = other.vectors[0], .events = POLLIN};
    assert_int_equal(poll(&bell, 1, 0), 0);
    assert_int_equal(ivshmem_peer_ring(&watcher, 1, 0), 0);
    wait_readable(other.vectors[0]);
    ivshmem_peer_close(&other);
    await_departure(*state, 1);
    assert_int_equal(ivshmem_peer_ring(&watcher, 1, 0), 0); /* nobody is there */
    assert_int_equal(truncate(((struct serve_process *)*state)->log, 0), 0);
  }
  struct pollfd news = {.fd = watcher.socket, .events = POLLIN};
  assert_int_equal(poll(&news, 1, 0), 0);
  ivshmem_peer_close(&watcher);
}

static void smallest_free_id_is_given(void **state) {
  struct ivshmem_peer peers[3], again;
  for (int i = 0; i < 3; i++)
    connect_peer(*state, &peers[i]);
  ivshmem_peer_close(&peers[1]);
  await_departure(*state, 1);
  connect_peer(*state, &again);
  assert_int_equal(again.id, 1);
  ivshmem_peer_close(&again);
  ivshmem_peer_close(&peers[0]);
  ivshmem_peer_close(&peers[2]);
}

static uint64_t *map_header(const struct ivshmem_peer *peer) {
  void *header = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, peer->region, 0);
  assert_ptr_not_equal(header, MAP_FAILED);
  return header;
}

/* A guest that left nonsense in the header: its next start must find memory that an agent may format. A region of ours stays as it is. */
static void nonsense_goes_with_the_last_guest(void **state) {
  struct ivshmem_peer first, second, next;
  connect_peer(*state, &first);
  connect_peer(*state, &second);
  uint64_t *header = map_header(&first);
  header[0] = header[511] = 42;
  ivshmem_peer_close(&second);
  await_departure(*state, 1);
  connect_peer(*state, &next); /* everything before it has been done */
  assert_int_equal(header[0], 42);
  ivshmem_peer_close(&next);
  ivshmem_peer_close(&first);
  await_departure(*state, 0);
  connect_peer(*state, &next);
  assert_int_equal(header[0], 0);
  assert_int_equal(header[511], 0);
  header[511] = 42; /* no magic: half formatted, not foreign */
  ivshmem_peer_close(&next);
  connect_peer(*state, &next);
  assert_int_equal(header[511], 42);
  munmap(header, 4096);
  ivshmem_peer_close(&next);
}

static void sixteen_peers_and_no_more(void **state) {
  struct ivshmem_peer peers[IVSHMEM_PEERS_MAX], extra;
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++) {
    connect_peer(*state, &peers[i]);
    assert_int_equal(peers[i].id, i);
  }
  int result = ivshmem_peer_connect(&extra, ((struct serve_process *)*state)->region_socket, LIMIT_MS);
  assert_true(result == -EPROTO || result == -ECONNRESET);
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    ivshmem_peer_close(&peers[i]);
}

/* The dead peer's line and clock cell are cleared; a line of somebody else, and a region of another program, are not. */
static void line_of_the_dead_is_cleared(void **state, uint64_t magic, bool cleared) {
  struct ivshmem_peer watcher, dead;
  connect_peer(*state, &watcher);
  connect_peer(*state, &dead);
  uint8_t *base = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, watcher.region, 0);
  struct transom_header *header = (void *)base;
  struct transom_host_area *host = (void *)(base + TRANSOM_HOST_AREA_OFFSET);
  header->magic = magic;
  header->layout_major = TRANSOM_LAYOUT_MAJOR;
  for (uint32_t i = 0; i < 3; i++)
    host->consumers[i].epoch = host->consumers[i].hold = host->clocks[i].sequence = 77;
  ivshmem_peer_close(&dead);
  await_departure(*state, 1);
  assert_int_equal(host->consumers[1].epoch, cleared ? 0 : 77);
  assert_int_equal(host->consumers[1].hold, cleared ? 0 : 77);
  assert_int_equal(host->clocks[1].sequence, cleared ? 0 : 77);
  assert_int_equal(host->consumers[0].epoch, 77);
  assert_int_equal(host->consumers[2].epoch, 77);
  munmap(base, 1 << 20);
  ivshmem_peer_close(&watcher);
}

static void dead_lines_are_cleared_in_our_layout(void **state) { line_of_the_dead_is_cleared(state, TRANSOM_MAGIC, true); }
static void dead_lines_are_cleared_in_a_blank_region(void **state) { line_of_the_dead_is_cleared(state, 0, true); }
static void foreign_regions_are_left_alone(void **state) { line_of_the_dead_is_cleared(state, 12345, false); }

static void who_speaks_is_dropped(void **state) {
  int bad = connect_raw(((struct serve_process *)*state)->region_socket);
  assert_int_equal(send(bad, "garbage", 7, MSG_NOSIGNAL), 7);
  assert_true(serve_process_will_say(*state, "sent us something"));
  struct ivshmem_peer good;
  connect_peer(*state, &good);
  assert_int_equal(good.id, 0);
  close(bad);
  ivshmem_peer_close(&good);
}

/* One does not even read its greeting; 300 others come and go, and nobody waits for it. */
static void who_does_not_read_disturbs_nobody(void **state) {
  int rude = connect_raw(((struct serve_process *)*state)->region_socket);
  for (int i = 0; i < 300; i++) {
    struct ivshmem_peer other;
    connect_peer(*state, &other);
    assert_true(other.id < IVSHMEM_PEERS_MAX);
    ivshmem_peer_close(&other);
  }
  close(rude);
}

static void second_server_is_refused(void **state) {
  struct serve_process *process = *state, second = *process;
  assert_false(serve_process_start(&second, NULL));
  assert_int_equal(serve_process_wait(&second), 1);
  assert_true(serve_process_said(process, "already serves"));
  struct ivshmem_peer peer;
  connect_peer(process, &peer);
  ivshmem_peer_close(&peer);
}

static void ends_with_its_parent(void **state) {
  struct serve_process *process = *state;
  close(process->input);
  process->input = -1;
  assert_int_equal(serve_process_wait(process), 0);
  assert_int_equal(access(process->region_socket, F_OK), -1);
}

/* Killed: the socket file stays behind, and does not stop the next one. */
static void dead_socket_is_replaced(void **state) {
  struct serve_process *process = *state;
  assert_int_equal(serve_process_kill(process, SIGKILL), -SIGKILL);
  assert_int_equal(access(process->region_socket, F_OK), 0);
  assert_true(serve_process_start(process, NULL));
  struct ivshmem_peer peer;
  connect_peer(process, &peer);
  ivshmem_peer_close(&peer);
}

/* A peer outlives its server: what it holds goes on working, and nobody is offered a second region. */
static void second_region_is_refused(void **state) {
  struct serve_process *process = *state;
  struct ivshmem_peer guest, viewer;
  connect_peer(process, &guest);
  connect_peer(process, &viewer);
  serve_process_kill(process, SIGKILL);
  assert_int_equal(ivshmem_peer_ring(&guest, 1, 0), 0);
  wait_readable(viewer.vectors[0]);
  wait_readable(guest.socket);
  assert_int_equal(ivshmem_peer_dispatch(&guest), -EPIPE);
  assert_int_equal(guest.socket, -1);
  assert_int_equal(ivshmem_peer_ring(&guest, 1, 1), 0);
  assert_false(serve_process_start(process, NULL));
  assert_int_equal(serve_process_wait(process), 1);
  assert_true(serve_process_said(process, "restart the VM"));
  ivshmem_peer_close(&guest);
  ivshmem_peer_close(&viewer);
}

/* ---- control.sock ---- */

static void say(int fd, const char *line) { assert_int_equal(write(fd, line, strlen(line)), strlen(line)); }

static void hear(int fd, const char *line) {
  char answer[64] = "";
  size_t length = 0;
  do {
    wait_readable(fd);
    ssize_t count = read(fd, answer + length, 1);
    assert_int_equal(count, 1);
  } while (answer[length++] != '\n');
  assert_string_equal(answer, line);
}

static void hear_end(int fd) {
  char rest[64];
  ssize_t count;
  do {
    wait_readable(fd);
    count = read(fd, rest, sizeof rest);
  } while (count > 0);
  assert_true(count == 0 || errno == ECONNRESET);
}

static void one_controller_at_a_time(void **state) {
  struct serve_process *process = *state;
  struct ivshmem_peer peers[2];
  int control[2];
  for (int i = 0; i < 2; i++) {
    connect_peer(process, &peers[i]);
    control[i] = connect_raw(process->control_socket);
    say(control[i], i ? "peer 1\n" : "peer 0\n");
    hear(control[i], "ok\n");
  }
  say(control[0], "controller\n");
  hear(control[0], "granted\n");
  say(control[1], "controller\n");
  hear(control[1], "busy\n");
  say(control[1], "take\n");
  hear(control[0], "lost\n");
  hear(control[1], "granted\n");
  close(control[1]);
  hear(control[0], "granted\n");
  ivshmem_peer_close(&peers[0]); /* the peer goes: so does its connection here */
  hear_end(control[0]);
  close(control[0]);
  ivshmem_peer_close(&peers[1]);
}

static void control_refuses(void **state) {
  static const char *const lines[] = {
      "controller\n", "take\n", "peer 0\n", "peer 16\n", "nonsense\n", "\n", "0123456789012345678901234567890123456789"};
  struct serve_process *process = *state;
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    int control = connect_raw(process->control_socket);
    say(control, lines[i]);
    hear_end(control);
    close(control);
  }
}

int main(void) {
#define SERVED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      SERVED(region_is_sized_and_sealed),
      SERVED(peers_meet_and_ring),
      SERVED(nobody_is_told_who_comes_and_goes),
      SERVED(smallest_free_id_is_given),
      SERVED(nonsense_goes_with_the_last_guest),
      SERVED(sixteen_peers_and_no_more),
      SERVED(dead_lines_are_cleared_in_our_layout),
      SERVED(dead_lines_are_cleared_in_a_blank_region),
      SERVED(foreign_regions_are_left_alone),
      SERVED(who_speaks_is_dropped),
      SERVED(who_does_not_read_disturbs_nobody),
      SERVED(second_server_is_refused),
      SERVED(ends_with_its_parent),
      SERVED(dead_socket_is_replaced),
      SERVED(second_region_is_refused),
      SERVED(one_controller_at_a_time),
      SERVED(control_refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
