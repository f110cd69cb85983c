/* transom-serve under a service manager: killed in the middle of things, it comes back with the same region, ids and eventfds. */
#include "common/ivshmem_peer.h"
#include "protocol/layout.h"
#include "support/service_manager.h"

#include <errno.h>
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

struct fixture {
  struct service_manager manager;
  char directory[64];
  char region_socket[96], control_socket[96], usb_socket[96];
};

static bool start(struct fixture *fixture) {
  const char *const command[] = {TRANSOM_SERVE, "--socket", fixture->region_socket, "--size", "1M", NULL};
  return service_manager_start(&fixture->manager, command);
}

static int setup(void **state) {
  struct fixture *fixture = calloc(1, sizeof *fixture);
  *state = fixture;
  strcpy(fixture->directory, "/tmp/transom-test-XXXXXX");
  if (!mkdtemp(fixture->directory))
    return -1;
  snprintf(fixture->region_socket, sizeof fixture->region_socket, "%s/region.sock", fixture->directory);
  snprintf(fixture->control_socket, sizeof fixture->control_socket, "%s/control.sock", fixture->directory);
  snprintf(fixture->usb_socket, sizeof fixture->usb_socket, "%s/usb-input.sock", fixture->directory);
  return service_manager_init(&fixture->manager, fixture->directory) && service_manager_listen(&fixture->manager, fixture->usb_socket) &&
                 service_manager_listen(&fixture->manager, fixture->region_socket) &&
                 service_manager_listen(&fixture->manager, fixture->control_socket) && start(fixture)
             ? 0
             : -1;
}

static int teardown(void **state) {
  struct fixture *fixture = *state;
  service_manager_finish(&fixture->manager);
  static const char *const files[] = {"region.sock", "control.sock", "usb-input.sock", "usb-audio.sock", "region.state",
                                      "serve.lock",  "log"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture->directory, files[i]);
    unlink(path);
  }
  rmdir(fixture->directory);
  free(fixture);
  return 0;
}

static void connect_peer(const struct fixture *fixture, struct ivshmem_peer *peer) {
  assert_int_equal(ivshmem_peer_connect(peer, fixture->region_socket, LIMIT_MS), 0);
}

static void wait_readable(int fd) {
  struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
  assert_int_equal(poll(&poll_fd, 1, LIMIT_MS), 1);
}

static ino_t inode(int fd) {
  struct stat status;
  assert_int_equal(fstat(fd, &status), 0);
  return status.st_ino;
}

static void comes_back_with_everything(void **state) {
  struct fixture *fixture = *state;
  struct ivshmem_peer guest, viewer, newcomer;
  connect_peer(fixture, &guest);
  connect_peer(fixture, &viewer);
  service_manager_await(&fixture->manager, "greeted-1", true);
  assert_int_equal(service_manager_kill(&fixture->manager, SIGKILL), -SIGKILL);

  /* nobody notices */
  assert_int_equal(ivshmem_peer_dispatch(&guest), 0);
  assert_int_equal(ivshmem_peer_ring(&guest, 1, 0), 0);
  wait_readable(viewer.vectors[0]);

  assert_true(start(fixture));
  connect_peer(fixture, &newcomer);
  assert_int_equal(newcomer.id, 2);
  assert_int_equal(inode(newcomer.region), inode(guest.region));
  assert_int_equal(ivshmem_peer_ring(&newcomer, 0, 1), 0);
  wait_readable(guest.vectors[1]);
  assert_int_equal(ivshmem_peer_ring(&guest, 2, 1), 0);
  wait_readable(newcomer.vectors[1]);

  ivshmem_peer_close(&viewer);
  service_manager_await(&fixture->manager, "peer-1", false);
  struct pollfd news = {.fd = guest.socket, .events = POLLIN};
  assert_int_equal(poll(&news, 1, 0), 0); /* nothing was said to it since its greeting */
  ivshmem_peer_close(&guest);
  ivshmem_peer_close(&newcomer);
}

/* Somebody leaves while there is no server: the next one clears his line, and his id is free. */
static void departure_without_a_server(void **state) {
  struct fixture *fixture = *state;
  struct ivshmem_peer guest, viewer, again;
  connect_peer(fixture, &guest);
  connect_peer(fixture, &viewer);
  service_manager_await(&fixture->manager, "greeted-1", true);
  service_manager_kill(&fixture->manager, SIGKILL);
  uint8_t *base = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, guest.region, 0);
  struct transom_host_area *host = (void *)(base + TRANSOM_HOST_AREA_OFFSET);
  host->consumers[0].epoch = host->consumers[1].epoch = 77;
  ivshmem_peer_close(&viewer);
  assert_true(start(fixture));
  service_manager_await(&fixture->manager, "peer-1", false);
  connect_peer(fixture, &again);
  assert_int_equal(again.id, 1);
  assert_int_equal(host->consumers[1].epoch, 0);
  assert_int_equal(host->consumers[0].epoch, 77);
  munmap(base, 1 << 20);
  ivshmem_peer_close(&again);
  ivshmem_peer_close(&guest);
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

/* Reads what the server says about input until it has sent this. */
static void await_text(int socket, const char *text) {
  char said[2048];
  size_t filled = 0;
  do {
    wait_readable(socket);
    ssize_t count = recv(socket, said + filled, sizeof said - 1 - filled, 0); /* descriptors that come with it are closed by the kernel */
    assert_true(count > 0);
    filled += (size_t)count;
    said[filled] = 0;
  } while (!strstr(said, text));
}

/* Input is not kept over a restart: both ends notice, come again, and find each other. Their sockets were there all the time. */
static void usb_channel_is_found_again(void **state) {
  struct fixture *fixture = *state;
  char byte;
  for (int life = 0; life < 2; life++) {
    int qemu = connect_to(fixture->usb_socket), viewer = connect_to(fixture->control_socket);
    assert_int_equal(send(viewer, "input\n", 6, 0), 6);
    if (life == 1)
      assert_true(start(fixture)); /* who came meanwhile is served then */
    await_text(viewer, "usb input\n");
    assert_int_equal(service_manager_kill(&fixture->manager, SIGKILL), -SIGKILL);
    wait_readable(qemu);
    assert_true(recv(qemu, &byte, 1, 0) <= 0);
    while (recv(viewer, &byte, 1, 0) > 0)
      continue;
    close(qemu);
    close(viewer);
  }
}

/* A crash between "stored" and "told to the end": that peer is dropped, so that nobody half-knows it. */
static void half_greeted_peer_is_dropped(void **state) {
  struct fixture *fixture = *state;
  struct ivshmem_peer guest, viewer;
  connect_peer(fixture, &guest);
  connect_peer(fixture, &viewer);
  service_manager_await(&fixture->manager, "greeted-1", true);
  service_manager_kill(&fixture->manager, SIGKILL);
  service_manager_rename(&fixture->manager, "greeted-1", "unknown"); /* undo the last step */
  assert_true(start(fixture));
  do
    wait_readable(viewer.socket);
  while (ivshmem_peer_dispatch(&viewer) == 0);
  assert_int_equal(viewer.socket, -1);
  ivshmem_peer_dispatch(&guest);
  assert_true(guest.socket >= 0);
  ivshmem_peer_close(&viewer);
  ivshmem_peer_close(&guest);
}

static int control_connect(const struct fixture *fixture) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, fixture->control_socket);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static void ask(int fd, uint32_t id, const char *answers) {
  char line[64], answer[64] = "";
  int length = snprintf(line, sizeof line, "peer %u\ncontroller\n", id);
  assert_int_equal(write(fd, line, (size_t)length), length);
  for (size_t filled = 0; filled < strlen(answers);) {
    wait_readable(fd);
    ssize_t count = read(fd, answer + filled, sizeof answer - 1 - filled);
    assert_true(count > 0);
    filled += (size_t)count;
  }
  assert_string_equal(answer, answers);
}

/* Who was controller has the right to be it again, even if another viewer asks first. */
static void controller_keeps_its_right(void **state) {
  struct fixture *fixture = *state;
  struct ivshmem_peer first, second;
  connect_peer(fixture, &first);
  connect_peer(fixture, &second);
  int control = control_connect(fixture);
  ask(control, 0, "ok\ngranted\n");
  service_manager_await(&fixture->manager, "greeted-1", true);
  service_manager_kill(&fixture->manager, SIGKILL);
  close(control);
  assert_true(start(fixture));
  int other = control_connect(fixture);
  ask(other, 1, "ok\nbusy\n");
  control = control_connect(fixture);
  ask(control, 0, "ok\ngranted\n");
  close(control);
  close(other);
  ivshmem_peer_close(&first);
  ivshmem_peer_close(&second);
}

/* Its descriptors were not kept (the store was emptied): no second region while somebody has the first. */
static void refuses_without_its_descriptors(void **state) {
  struct fixture *fixture = *state;
  struct ivshmem_peer guest;
  connect_peer(fixture, &guest);
  service_manager_await(&fixture->manager, "greeted-0", true);
  service_manager_kill(&fixture->manager, SIGKILL);
  service_manager_forget(&fixture->manager);
  assert_false(start(fixture));
  assert_int_equal(service_manager_wait(&fixture->manager), 1);
  ivshmem_peer_close(&guest);
}

/* Some eventfds were lost: peers hold the old ones, so new ones would never be rung. */
static void refuses_with_half_of_its_descriptors(void **state) {
  struct fixture *fixture = *state;
  struct ivshmem_peer guest;
  connect_peer(fixture, &guest);
  service_manager_await(&fixture->manager, "greeted-0", true);
  service_manager_kill(&fixture->manager, SIGKILL);
  service_manager_rename(&fixture->manager, "vector-9-1", "unknown");
  assert_false(start(fixture));
  assert_int_equal(service_manager_wait(&fixture->manager), 1);
  ivshmem_peer_close(&guest);
}

/* Stopped and started (systemctl restart): the same as a crash. */
static void orderly_restart(void **state) {
  struct fixture *fixture = *state;
  struct ivshmem_peer guest, viewer;
  connect_peer(fixture, &guest);
  service_manager_await(&fixture->manager, "greeted-0", true);
  assert_int_equal(service_manager_kill(&fixture->manager, SIGTERM), 0);
  assert_int_equal(ivshmem_peer_dispatch(&guest), 0);
  assert_true(start(fixture));
  connect_peer(fixture, &viewer);
  assert_int_equal(viewer.id, 1);
  assert_int_equal(inode(viewer.region), inode(guest.region));
  ivshmem_peer_close(&guest);
  ivshmem_peer_close(&viewer);
}

/* Killed at any moment while peers come and go: whoever is connected stays connected, and the next server is sound. */
static void killed_at_any_moment(void **state) {
  struct fixture *fixture = *state;
  struct ivshmem_peer guest;
  connect_peer(fixture, &guest);
  service_manager_await(&fixture->manager, "greeted-0", true);
  for (int round = 0; round < 10; round++) {
    struct ivshmem_peer viewer;
    int result = 0;
    for (int i = 0; i <= round; i++) {
      result = ivshmem_peer_connect(&viewer, fixture->region_socket, LIMIT_MS);
      if (!result && i < round)
        ivshmem_peer_close(&viewer);
    }
    service_manager_kill(&fixture->manager, SIGKILL);
    assert_true(start(fixture));
    if (!result)
      ivshmem_peer_close(&viewer);
    assert_int_equal(ivshmem_peer_dispatch(&guest), 0);
    assert_int_equal(guest.id, 0);
  }
  struct ivshmem_peer last;
  connect_peer(fixture, &last);
  assert_int_equal(ivshmem_peer_ring(&guest, last.id, 1), 0);
  wait_readable(last.vectors[1]);
  ivshmem_peer_close(&last);
  ivshmem_peer_close(&guest);
}

int main(void) {
#define MANAGED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      MANAGED(comes_back_with_everything),
      MANAGED(departure_without_a_server),
      MANAGED(usb_channel_is_found_again),
      MANAGED(half_greeted_peer_is_dropped),
      MANAGED(controller_keeps_its_right),
      MANAGED(refuses_without_its_descriptors),
      MANAGED(refuses_with_half_of_its_descriptors),
      MANAGED(orderly_restart),
      MANAGED(killed_at_any_moment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
