/* Stock QEMU as a peer of transom-serve: it gets its id and the region, rings and is rung, and does not notice that the server is killed
 * and comes back. No guest kernel: SeaBIOS gives the device its addresses, and the test plays the guest's driver over QEMU's qtest socket.
 */
#include "common/ivshmem_peer.h"
#include "support/service_manager.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define QEMU "qemu-system-x86_64"
#define LIMIT_MS 60000
#define POLL_MS 50 /* for what announces itself by nothing: a socket that appears, SeaBIOS at work */
#define REGION_BYTES (16u << 20)
#define DOORBELL_REGISTER 12
#define ID_REGISTER 8

struct fixture {
  struct service_manager manager;
  char directory[64];
  char region_socket[128];
  pid_t qemu;
  int qmp, qtest;
  uint64_t registers, memory; /* BAR0 and BAR2 */
  uint64_t memory_bytes;
};

static bool start_server(struct fixture *fixture) {
  const char *const command[] = {TRANSOM_SERVE, "--socket", fixture->region_socket, "--size", "16M", NULL};
  return service_manager_start(&fixture->manager, command);
}

static void make_path(const struct fixture *fixture, char path[128], const char *file) {
  snprintf(path, 128, "%s/%s", fixture->directory, file);
}

static void run_qemu(const struct fixture *fixture) {
  char chardev[160], qmp[160], qtest[160], log[128];
  snprintf(chardev, sizeof chardev, "socket,id=transom,path=%s", fixture->region_socket);
  snprintf(qmp, sizeof qmp, "unix:%s/qmp,server=on,wait=off", fixture->directory);
  snprintf(qtest, sizeof qtest, "unix:%s/qtest,server=on,wait=off", fixture->directory);
  make_path(fixture, log, "qemu.log");
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
  execlp(QEMU, QEMU, "-M", "q35,accel=tcg", "-m", "64", "-nodefaults", "-display", "none", "-no-reboot", "-chardev", chardev, "-device",
         "ivshmem-doorbell,chardev=transom,vectors=2", "-qmp", qmp, "-qtest", qtest, "-qtest-log", "/dev/null", (char *)NULL);
  _exit(127);
}

static void nap(void) { nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL); }

static int connect_when_there(const struct fixture *fixture, const char *file) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char path[128];
  make_path(fixture, path, file);
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  for (int waited_ms = 0; waited_ms < LIMIT_MS; waited_ms += POLL_MS) {
    if (!connect(fd, (struct sockaddr *)&address, sizeof address))
      return fd;
    nap();
  }
  fail_msg("QEMU did not open %s", path);
  return -1;
}

static void wait_readable(int fd) {
  struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
  assert_int_equal(poll(&poll_fd, 1, LIMIT_MS), 1);
}

static void read_line(int fd, char *line, size_t capacity) {
  for (size_t i = 0; i < capacity - 1; i++) {
    wait_readable(fd);
    assert_int_equal(read(fd, line + i, 1), 1);
    line[i + 1] = 0;
    if (line[i] == '\n')
      return;
  }
  fail_msg("an endless line from QEMU");
}

/* Sends a QMP command and returns the line of its answer. */
static void qmp(const struct fixture *fixture, const char *command, char *answer, size_t capacity) {
  assert_int_equal(write(fixture->qmp, command, strlen(command)), strlen(command));
  do
    read_line(fixture->qmp, answer, capacity);
  while (!strstr(answer, "\"return\"") && !strstr(answer, "\"error\""));
}

/* "BARn: ... at 0xSTART [0xEND]" of our device in `info pci`. */
static bool find_bar(const char *text, int number, uint64_t *start, uint64_t *bytes) {
  char label[16];
  snprintf(label, sizeof label, "BAR%d:", number);
  const char *device = strstr(text, "1af4:1110");
  const char *bar = device ? strstr(device, label) : NULL;
  const char *at = bar ? strstr(bar, " at 0x") : NULL;
  uint64_t end;
  if (!at || sscanf(at, " at 0x%" SCNx64 " [0x%" SCNx64 "]", start, &end) != 2 || *start == UINT64_MAX)
    return false;
  *bytes = end - *start + 1;
  return true;
}

static void wait_for_firmware(struct fixture *fixture) {
  static char answer[65536];
  uint64_t register_bytes;
  for (int waited_ms = 0; waited_ms < LIMIT_MS; waited_ms += POLL_MS) {
    qmp(fixture, "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"info pci\"}}\n", answer, sizeof answer);
    if (find_bar(answer, 0, &fixture->registers, &register_bytes) && find_bar(answer, 2, &fixture->memory, &fixture->memory_bytes))
      return;
    nap();
  }
  fail_msg("SeaBIOS gave the device no addresses: %s", answer);
}

/* One command of the qtest protocol; its answer is "OK" or "OK value". */
static uint64_t qtest(const struct fixture *fixture, const char *format, ...) {
  char line[128];
  uint64_t value = 0;
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  assert_int_equal(write(fixture->qtest, line, (size_t)length), length);
  do
    read_line(fixture->qtest, line, sizeof line);
  while (!strncmp(line, "IRQ", 3));
  assert_int_equal(strncmp(line, "OK", 2), 0);
  sscanf(line, "OK %" SCNx64, &value);
  return value;
}

static int setup(void **state) {
  struct fixture *fixture = calloc(1, sizeof *fixture);
  *state = fixture;
  strcpy(fixture->directory, "/tmp/transom-test-XXXXXX");
  if (!mkdtemp(fixture->directory))
    return -1;
  make_path(fixture, fixture->region_socket, "region.sock");
  char control[128];
  make_path(fixture, control, "control.sock");
  if (!service_manager_init(&fixture->manager, fixture->directory) || !service_manager_listen(&fixture->manager, fixture->region_socket) ||
      !service_manager_listen(&fixture->manager, control) || !start_server(fixture))
    return -1;
  fixture->qemu = fork();
  if (fixture->qemu == 0)
    run_qemu(fixture);
  char line[1024];
  fixture->qmp = connect_when_there(fixture, "qmp");
  read_line(fixture->qmp, line, sizeof line);
  qmp(fixture, "{\"execute\":\"qmp_capabilities\"}\n", line, sizeof line);
  fixture->qtest = connect_when_there(fixture, "qtest");
  wait_for_firmware(fixture);
  return 0;
}

static int teardown(void **state) {
  static const char *const files[] = {"region.sock", "control.sock", "usb-input.sock", "usb-audio.sock", "region.state", "serve.lock",
                                      "log",         "qmp",          "qtest",          "qemu.log"};
  struct fixture *fixture = *state;
  kill(fixture->qemu, SIGKILL);
  waitpid(fixture->qemu, NULL, 0);
  close(fixture->qmp);
  close(fixture->qtest);
  service_manager_finish(&fixture->manager);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[128];
    make_path(fixture, path, files[i]);
    unlink(path);
  }
  rmdir(fixture->directory);
  free(fixture);
  return 0;
}

static void guest_rings(const struct fixture *fixture, uint32_t id, uint32_t vector) {
  qtest(fixture, "writel 0x%" PRIx64 " 0x%x\n", fixture->registers + DOORBELL_REGISTER, id << 16 | vector);
}

static void expect_bell(const struct ivshmem_peer *peer, uint32_t vector) {
  uint64_t count;
  wait_readable(peer->vectors[vector]);
  assert_int_equal(read(peer->vectors[vector], &count, sizeof count), sizeof count);
}

static void connect_viewer(const struct fixture *fixture, struct ivshmem_peer *viewer) {
  assert_int_equal(ivshmem_peer_connect(viewer, fixture->region_socket, LIMIT_MS), 0);
  assert_int_equal(viewer->vector_count, 2);
}

/* Writes by the one are read by the other, both ways. */
static void share_memory(const struct fixture *fixture, const struct ivshmem_peer *viewer, uint32_t word) {
  volatile uint32_t *map = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, viewer->region, 0);
  assert_ptr_not_equal(map, MAP_FAILED);
  map[1000] = word;
  assert_int_equal(qtest(fixture, "readl 0x%" PRIx64 "\n", fixture->memory + 4000), word);
  qtest(fixture, "writel 0x%" PRIx64 " 0x%x\n", fixture->memory + REGION_BYTES - 4, ~word);
  assert_int_equal(map[REGION_BYTES / 4 - 1], ~word);
  munmap((void *)(uintptr_t)map, REGION_BYTES);
}

static void qemu_is_a_peer(void **state) {
  struct fixture *fixture = *state;
  struct ivshmem_peer viewer;
  assert_int_equal(fixture->memory_bytes, REGION_BYTES);
  assert_int_equal(qtest(fixture, "readl 0x%" PRIx64 "\n", fixture->registers + ID_REGISTER), 0);
  connect_viewer(fixture, &viewer);
  assert_int_equal(viewer.id, 1);
  assert_true(viewer.others[0][1] >= 0);
  share_memory(fixture, &viewer, 0x1234567);
  guest_rings(fixture, 1, 1);
  expect_bell(&viewer, 1);
  ivshmem_peer_close(&viewer);
}

static void qemu_outlives_the_server(void **state) {
  struct fixture *fixture = *state;
  struct ivshmem_peer before, after;
  connect_viewer(fixture, &before);
  guest_rings(fixture, 1, 0);
  expect_bell(&before, 0);
  service_manager_await(&fixture->manager, "greeted-1", true);
  assert_int_equal(service_manager_kill(&fixture->manager, SIGKILL), -SIGKILL);
  guest_rings(fixture, 1, 0); /* while there is no server */
  expect_bell(&before, 0);
  share_memory(fixture, &before, 0x2345678);

  assert_true(start_server(fixture));
  connect_viewer(fixture, &after);
  assert_int_equal(after.id, 2);
  share_memory(fixture, &after, 0x3456789);
  guest_rings(fixture, 1, 1);
  expect_bell(&before, 1);
  guest_rings(fixture, 2, 0);
  expect_bell(&after, 0);
  assert_int_equal(qtest(fixture, "readl 0x%" PRIx64 "\n", fixture->registers + ID_REGISTER), 0);
  assert_int_equal(kill(fixture->qemu, 0), 0);
  ivshmem_peer_close(&before);
  ivshmem_peer_close(&after);
}

/* Forty viewers one after the other: QEMU frees a peer's eventfds when told that it left, and uses them again when the id comes back, so a
 * server that tells it corrupts its heap after a few of them (seen with 7.2). */
static void viewers_come_and_go(void **state) {
  struct fixture *fixture = *state;
  for (uint32_t i = 0; i < 40; i++) {
    struct ivshmem_peer viewer;
    connect_viewer(fixture, &viewer);
    guest_rings(fixture, viewer.id, i % 2);
    expect_bell(&viewer, i % 2);
    share_memory(fixture, &viewer, i);
    ivshmem_peer_close(&viewer);
  }
  char answer[1024];
  qmp(fixture, "{\"execute\":\"query-status\"}\n", answer, sizeof answer);
  assert_non_null(strstr(answer, "running"));
}

/* The store was lost: QEMU goes on, and gets no second region. When it has gone, a new server may begin. */
static void no_second_region_while_qemu_lives(void **state) {
  struct fixture *fixture = *state;
  service_manager_await(&fixture->manager, "greeted-0", true);
  service_manager_kill(&fixture->manager, SIGKILL);
  service_manager_forget(&fixture->manager);
  assert_false(start_server(fixture));
  assert_int_equal(service_manager_wait(&fixture->manager), 1);
  char answer[1024];
  qmp(fixture, "{\"execute\":\"query-status\"}\n", answer, sizeof answer);
  assert_non_null(strstr(answer, "running"));
  kill(fixture->qemu, SIGKILL);
  siginfo_t ended;
  assert_int_equal(waitid(P_PID, (id_t)fixture->qemu, &ended, WEXITED | WNOWAIT), 0);
  assert_true(start_server(fixture));
}

static bool qemu_is_here(void) { return system("command -v " QEMU " >/dev/null 2>&1") == 0; }

int main(void) {
#define WITH_QEMU(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      WITH_QEMU(qemu_is_a_peer),
      WITH_QEMU(viewers_come_and_go),
      WITH_QEMU(qemu_outlives_the_server),
      WITH_QEMU(no_second_region_while_qemu_lives),
  };
  signal(SIGPIPE, SIG_IGN); /* a QEMU that died fails the test, and its log stays */
  if (!qemu_is_here()) {
    fprintf(stderr, "%s is not installed: not run\n", QEMU);
    return 77;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
