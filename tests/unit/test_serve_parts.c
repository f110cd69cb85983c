/* What transom-serve and its peers take apart or remember, without a socket. */
#include "common/ivshmem_peer.h"
#include "host/serve/control_line.h"
#include "host/serve/fd_store.h"
#include "host/serve/peer_process.h"
#include "host/serve/region_state.h"
#include "host/serve/serve_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- messages as bytes ---- */

static void message_is_little_endian(void **state) {
  int pair[2];
  uint8_t bytes[8];
  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  assert_int_equal(ivshmem_message_send(pair[0], -2, -1), 0);
  assert_int_equal(read(pair[1], bytes, 8), 8);
  assert_memory_equal(bytes, "\xfe\xff\xff\xff\xff\xff\xff\xff", 8);
  assert_int_equal(ivshmem_message_send(pair[0], 0x0102, -1), 0);
  assert_int_equal(read(pair[1], bytes, 8), 8);
  assert_memory_equal(bytes, "\x02\x01\0\0\0\0\0\0", 8);
  close(pair[0]);
  close(pair[1]);
}

static void message_in_pieces(void **state) {
  int pair[2], fd;
  int64_t value;
  struct ivshmem_reader reader;
  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  ivshmem_reader_init(&reader);
  for (int i = 0; i < 8; i++) {
    assert_int_equal(ivshmem_reader_take(&reader, pair[1], &value, &fd), -EAGAIN);
    assert_int_equal(write(pair[0], i == 0 ? "\5" : "\0", 1), 1);
  }
  assert_int_equal(ivshmem_reader_take(&reader, pair[1], &value, &fd), 0);
  assert_int_equal(value, 5);
  assert_int_equal(fd, -1);
  close(pair[0]);
  assert_int_equal(ivshmem_reader_take(&reader, pair[1], &value, &fd), -EPIPE);
  close(pair[1]);
}

static int open_count(void) {
  int count = 0;
  for (int fd = 0; fd < 256; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

/* Two descriptors in one message are a fault, and neither leaks. */
static void two_descriptors_are_refused(void **state) {
  int pair[2], fds[2], fd, before;
  int64_t value;
  struct ivshmem_reader reader;
  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  fds[0] = fds[1] = pair[0];
  before = open_count();
  union {
    char bytes[CMSG_SPACE(sizeof fds)];
    struct cmsghdr align;
  } control = {{0}};
  uint64_t zero = 0;
  struct iovec piece = {&zero, 8};
  struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  control.align = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(&control.align), fds, sizeof fds);
  assert_int_equal(sendmsg(pair[0], &header, 0), 8);
  ivshmem_reader_init(&reader);
  assert_int_equal(ivshmem_reader_take(&reader, pair[1], &value, &fd), -EBADMSG);
  ivshmem_reader_finish(&reader);
  assert_int_equal(open_count(), before);
  close(pair[0]);
  close(pair[1]);
}

/* ---- a peer and what it is told ---- */

static int any_fd(void) { return eventfd(0, EFD_CLOEXEC); }

static void greeted_peer(struct ivshmem_peer *peer) {
  ivshmem_peer_init(peer);
  assert_int_equal(ivshmem_peer_feed(peer, 0, -1), 0);
  assert_int_equal(ivshmem_peer_feed(peer, 3, -1), 0);
  assert_int_equal(ivshmem_peer_feed(peer, -1, any_fd()), 0);
}

static void peer_checks_its_greeting(void **state) {
  struct ivshmem_peer peer;
  (void)state;
  int before = open_count();
  ivshmem_peer_init(&peer);
  assert_int_equal(ivshmem_peer_feed(&peer, 1, -1), -EPROTO); /* another version */
  assert_int_equal(ivshmem_peer_feed(&peer, 0, any_fd()), -EPROTO);
  assert_int_equal(ivshmem_peer_feed(&peer, 0, -1), 0);
  assert_int_equal(ivshmem_peer_feed(&peer, -1, -1), -EBADMSG);
  assert_int_equal(ivshmem_peer_feed(&peer, 16, -1), -EBADMSG);
  assert_int_equal(ivshmem_peer_feed(&peer, INT64_MAX, -1), -EBADMSG);
  assert_int_equal(ivshmem_peer_feed(&peer, 15, -1), 0);
  assert_int_equal(ivshmem_peer_feed(&peer, -1, -1), -EBADMSG); /* no region in it */
  assert_int_equal(ivshmem_peer_feed(&peer, 2, any_fd()), -EBADMSG);
  assert_int_equal(peer.region, -1);
  ivshmem_peer_close(&peer);
  assert_int_equal(open_count(), before);
}

static void peer_bounds_vectors_and_ids(void **state) {
  struct ivshmem_peer peer;
  (void)state;
  int before = open_count();
  greeted_peer(&peer);
  for (uint32_t i = 0; i < IVSHMEM_VECTORS_MAX; i++) {
    assert_int_equal(ivshmem_peer_feed(&peer, 3, any_fd()), 0);
    assert_int_equal(peer.vector_count, i + 1);
    assert_int_equal(ivshmem_peer_feed(&peer, 5, any_fd()), 0);
  }
  assert_int_equal(ivshmem_peer_feed(&peer, 3, any_fd()), -EBADMSG);
  assert_int_equal(ivshmem_peer_feed(&peer, 5, any_fd()), -EBADMSG);
  assert_int_equal(ivshmem_peer_feed(&peer, 3, -1), -EBADMSG);        /* we are told that we left */
  assert_int_equal(ivshmem_peer_feed(&peer, -1, any_fd()), -EBADMSG); /* a second region */
  assert_int_equal(ivshmem_peer_feed(&peer, 16, any_fd()), -EBADMSG);
  assert_int_equal(ivshmem_peer_feed(&peer, -7, -1), -EBADMSG);
  assert_int_equal(ivshmem_peer_feed(&peer, 9, -1), 0); /* somebody we never met left */
  assert_int_equal(ivshmem_peer_ring(&peer, 5, 7), 0);
  assert_int_equal(ivshmem_peer_feed(&peer, 5, -1), 0);
  assert_int_equal(ivshmem_peer_ring(&peer, 5, 7), -ENODEV);
  assert_int_equal(ivshmem_peer_ring(&peer, 3, 0), 0); /* ourselves */
  assert_int_equal(ivshmem_peer_ring(&peer, 99, 0), -ENODEV);
  assert_int_equal(ivshmem_peer_ring(&peer, 3, 99), -ENODEV);
  ivshmem_peer_close(&peer);
  assert_int_equal(open_count(), before);
}

static void peer_of_nobody(void **state) {
  struct ivshmem_peer peer;
  (void)state;
  assert_int_equal(ivshmem_peer_connect(&peer, "/nonexistent/region.sock", 100), -ENOENT);
  char path[200];
  memset(path, 'x', sizeof path - 1);
  path[sizeof path - 1] = 0;
  assert_int_equal(ivshmem_peer_connect(&peer, path, 100), -ENAMETOOLONG);
  assert_int_equal(ivshmem_peer_dispatch(&peer), -EPIPE);
}

/* ---- names and lines ---- */

static void fd_names(void **state) {
  (void)state;
  struct fd_store_name name = fd_store_parse("vector-15-7");
  assert_int_equal(name.kind, FD_STORE_VECTOR);
  assert_int_equal(name.id, 15);
  assert_int_equal(name.vector, 7);
  assert_int_equal(fd_store_parse("region-2").kind, FD_STORE_REGION);
  assert_int_equal(fd_store_parse("peer-0").kind, FD_STORE_PEER);
  assert_int_equal(fd_store_parse("greeted-3").kind, FD_STORE_GREETED);
  static const char *const others[] = {
      "",        "transom.socket", "region",     "region-0",    "region-9",     "peer-16", "peer--1", "peer-1-2",
      "peer-1x", "vector-1",       "vector-1-8", "vector-16-0", "vector-1-2-3", "peer- 1", "peer-+1", "peer-99999999999999999999"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_int_equal(fd_store_parse(others[i]).kind, FD_STORE_OTHER);
}

static enum control_command parse(const char *line, uint32_t *id) { return control_line_parse(line, strlen(line), id); }

static void control_lines(void **state) {
  uint32_t id = 99;
  (void)state;
  assert_int_equal(parse("controller", &id), CONTROL_CONTROLLER);
  assert_int_equal(parse("take", &id), CONTROL_TAKE);
  static const char *const unknown[] = {"",        "peer",   "peer ",    "peer 16", "peer 01",   "peer -1",
                                        "peer 1 ", "Peer 1", "peer 1\r", "taken",   "controlle", "peer 999999999999"};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
    assert_int_equal(parse(unknown[i], &id), CONTROL_UNKNOWN);
  assert_int_equal(id, 99);
  assert_int_equal(parse("peer 15", &id), CONTROL_PEER);
  assert_int_equal(id, 15);
}

static bool parse_host_key(const char *line, struct control_host_key *key) { return control_line_host_key(line, strlen(line), key); }

static void lines_of_host_keys(void **state) {
  struct control_host_key key = {0};
  uint32_t unused;
  (void)state;
  static const char *const bad[] = {"input host-key",        "input host-key ",        "input host-key 7 e3",      "input host-key 7 e3 ",
                                    "input host-key 7 e3 2", "input host-key 7 e3 11", "input host-key 7  1",      "input host-key  e3 1",
                                    "input host-key 7 E3 1", "input host-key 7 100 1", "input host-key c 400 1",   "input host-key 1 80 1",
                                    "input host-key 1 84 1", "input host-key 9 1 1",   "input host-key 10007 4 1", "input host-key 7 -4 1"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_false(parse_host_key(bad[i], &key));
    assert_int_equal(parse(bad[i], &unused), CONTROL_UNKNOWN);
  }
  assert_int_equal(key.page + key.usage, 0);
  assert_true(parse_host_key("input host-key 7 e3 1", &key));
  assert_true(key.page == 7 && key.usage == 0xe3 && key.down == 1);
  assert_true(parse_host_key("input host-key c 3ff 0", &key));
  assert_true(key.page == 0xc && key.usage == 0x3ff && key.down == 0);
  assert_true(parse_host_key("input host-key 1 81 1", &key));
  assert_int_equal(parse("input host-key 1 81 1", &unused), CONTROL_INPUT_HOST_KEY);
}

static void control_lines_from_pieces(void **state) {
  struct control_line_buffer buffer = {.filled = 0};
  int line_bytes;
  (void)state;
  assert_int_equal(control_line_feed(&buffer, "pe", 2, &line_bytes), 2);
  assert_int_equal(line_bytes, -1);
  assert_int_equal(control_line_feed(&buffer, "er 1\ntake", 9, &line_bytes), 5);
  assert_int_equal(line_bytes, 6);
  assert_memory_equal(buffer.bytes, "peer 1", 6);
  char endless[CONTROL_LINE_BYTES_MAX];
  memset(endless, 'x', sizeof endless);
  control_line_feed(&buffer, endless, sizeof endless, &line_bytes);
  assert_int_equal(line_bytes, -2);
}

static void state_survives_a_round_trip(void **state) {
  char text[4096], again[4096];
  struct region_state written = {.controller = 15}, read;
  (void)state;
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    written.peers[i] = (struct region_state_peer){true, i % 2, 4194304, UINT64_MAX};
  assert_true(region_state_format(&written, text, sizeof text) > 0);
  assert_true(region_state_parse(&read, text));
  assert_true(region_state_format(&read, again, sizeof again) > 0);
  assert_string_equal(text, again);
  assert_int_equal(region_state_format(&written, text, 64), 0);
  static const char *const bad[] = {"",
                                    "transom-serve region state 2\n",
                                    "transom-serve region state 1\nguest 16 1 1\n",
                                    "transom-serve region state 1\nguest 1 1 1",
                                    "transom-serve region state 1\nnobody 1 1 1\n",
                                    "transom-serve region state 1\ncontroller\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_false(region_state_parse(&read, bad[i]));
}

static void only_a_living_guest_counts(void **state) {
  struct region_state seen = {.controller = UINT32_MAX};
  uint64_t start = peer_process_start_ticks(getpid());
  (void)state;
  assert_true(start > 0);
  seen.peers[3] = (struct region_state_peer){true, false, getpid(), start};
  assert_int_equal(region_state_living_guest(&seen), getpid());
  seen.peers[3].start_ticks = start + 1; /* the pid was given anew */
  assert_int_equal(region_state_living_guest(&seen), 0);
  seen.peers[3] = (struct region_state_peer){true, true, getpid(), start};
  assert_int_equal(region_state_living_guest(&seen), 0);
  assert_int_equal(peer_process_start_ticks(0), 0);
  assert_int_equal(peer_process_start_ticks(-1), 0);
}

static void paths(void **state) {
  struct serve_paths paths;
  (void)state;
  assert_int_equal(serve_paths_init(&paths, "x", "/a/b/r.sock", ""), 0);
  assert_string_equal(paths.region, "/a/b/r.sock");
  assert_string_equal(paths.control, "/a/b/control.sock");
  assert_string_equal(paths.state, "/a/b/region.state");
  assert_int_equal(serve_paths_init(&paths, "x", "r.sock", "/c.sock"), 0);
  assert_string_equal(paths.control, "/c.sock");
  assert_string_equal(paths.lock, "./serve.lock");
  static const char *const names[] = {"", ".", "..", "a/b", "../x", "a\nb"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    assert_int_equal(serve_paths_init(&paths, names[i], "", ""), -EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(message_is_little_endian),
      cmocka_unit_test(message_in_pieces),
      cmocka_unit_test(two_descriptors_are_refused),
      cmocka_unit_test(peer_checks_its_greeting),
      cmocka_unit_test(peer_bounds_vectors_and_ids),
      cmocka_unit_test(peer_of_nobody),
      cmocka_unit_test(fd_names),
      cmocka_unit_test(control_lines),
      cmocka_unit_test(lines_of_host_keys),
      cmocka_unit_test(control_lines_from_pieces),
      cmocka_unit_test(state_survives_a_round_trip),
      cmocka_unit_test(only_a_living_guest_counts),
      cmocka_unit_test(paths),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
