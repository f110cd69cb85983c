#include "support/guest_machine.h"

#include "common/clock.h"
#include "host/event/event_loop.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_NS UINT64_C(60000000000) /* emulation on a busy machine */
#define TURN_MS 100
#define WORDS_MAX 80
#define EXIT_CANNOT_RUN 77

static bool find_image(struct guest_machine *machine, const char *build_directory) {
  char command[1024], line[600];
  snprintf(command, sizeof(command), "%s/tests/guest/build_guest_image '%s' --offline", TRANSOM_SOURCE_DIRECTORY, build_directory);
  FILE *pipe = popen(command, "r");
  while (pipe && fgets(line, sizeof(line), pipe)) {
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "kernel ", 7) == 0)
      snprintf(machine->kernel, sizeof(machine->kernel), "%.500s", line + 7);
    if (strncmp(line, "initrd ", 7) == 0)
      snprintf(machine->initrd, sizeof(machine->initrd), "%.500s", line + 7);
  }
  return pipe && pclose(pipe) == 0 && machine->kernel[0] && machine->initrd[0];
}

bool guest_machine_init(struct guest_machine *machine, struct event_loop *loop, const char *build_directory) {
  memset(machine, 0, sizeof(*machine));
  machine->loop = loop;
  machine->control = -1;
  if (system("command -v qemu-system-x86_64 >/dev/null 2>&1") != 0) {
    fprintf(stderr, "cannot run here: no qemu-system-x86_64; install qemu-system-x86\n");
    return false;
  }
  if (!find_image(machine, build_directory)) {
    fprintf(stderr, "cannot run here: no guest image; tests/guest/build_guest_image makes it (./check does so)\n");
    return false;
  }
  const char *temporary = getenv("TMPDIR");
  snprintf(machine->directory, sizeof(machine->directory), "%.40s/guest-XXXXXX", temporary ? temporary : "/tmp");
  assert_non_null(mkdtemp(machine->directory));
  snprintf(machine->usb_socket, sizeof(machine->usb_socket), "%s/usb", machine->directory);
  snprintf(machine->qmp_socket, sizeof(machine->qmp_socket), "%s/qmp", machine->directory);
  snprintf(machine->control_socket, sizeof(machine->control_socket), "%s/control", machine->directory);
  snprintf(machine->serial_log, sizeof(machine->serial_log), "%s/serial", machine->directory);
  return true;
}

static void hang_up(struct guest_machine *machine) {
  event_source_remove(machine->source);
  machine->source = NULL;
  if (machine->control >= 0)
    close(machine->control);
  machine->control = -1;
}

void guest_machine_kill(struct guest_machine *machine) {
  hang_up(machine);
  if (machine->qemu > 0) {
    kill(machine->qemu, SIGKILL);
    waitpid(machine->qemu, NULL, 0);
  }
  machine->qemu = 0;
  const char *const files[] = {machine->usb_socket, machine->qmp_socket, machine->control_socket, machine->serial_log};
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
    unlink(files[i]);
}

void guest_machine_finish(struct guest_machine *machine) {
  guest_machine_kill(machine);
  if (machine->directory[0] && rmdir(machine->directory))
    fprintf(stderr, "left behind: %s\n", machine->directory);
  free(machine->text);
}

void guest_machine_launch(struct guest_machine *machine, const char *const *words) {
  const char *argv[WORDS_MAX] = {"qemu-system-x86_64"};
  for (size_t i = 0; words[i]; i++) {
    assert_true(i + 2 < WORDS_MAX);
    argv[i + 1] = words[i];
  }
  machine->qemu = fork();
  assert_true(machine->qemu >= 0);
  if (machine->qemu > 0)
    return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execvp(argv[0], (char *const *)argv);
  _exit(EXIT_CANNOT_RUN);
}

static void on_control(int fd, uint32_t events, void *user_data) {
  (void)events;
  struct guest_machine *machine = user_data;
  char bytes[4096];
  const ssize_t count = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
  if (count <= 0)
    return;
  machine->text = realloc(machine->text, machine->length + (size_t)count + 1);
  assert_non_null(machine->text);
  for (ssize_t i = 0; i < count; i++)
    if (bytes[i] != '\r')
      machine->text[machine->length++] = bytes[i];
  machine->text[machine->length] = '\0';
}

void guest_machine_until(struct guest_machine *machine, bool (*condition)(void *user_data), void *user_data, const char *what) {
  const uint64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
  while (!condition(user_data)) {
    if (machine->qemu > 0 && waitpid(machine->qemu, NULL, WNOHANG) == machine->qemu)
      fail_msg("QEMU ended while waiting for %s", what);
    if (clock_monotonic_ns() > end_ns) {
      const size_t shown = machine->length > 2000 ? machine->length - 2000 : 0;
      fail_msg("never came: %s; the guest said last:\n%s", what, machine->text ? machine->text + shown : "");
    }
    event_loop_run_once(machine->loop, TURN_MS);
  }
}

static bool connect_control(void *user_data) {
  struct guest_machine *machine = user_data;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof(address.sun_path), "%s", machine->control_socket);
  machine->control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(machine->control, (const struct sockaddr *)&address, sizeof(address)) == 0) {
    machine->source = event_loop_add_fd(machine->loop, machine->control, EVENT_READABLE, on_control, machine);
    return true;
  }
  close(machine->control);
  machine->control = -1;
  return false;
}

void guest_machine_boot(struct guest_machine *machine, const char *const *extra) {
  char usb[160], control[160], qmp[160], serial[128];
  snprintf(usb, sizeof(usb), "socket,id=usb,path=%s,server=on,wait=off", machine->usb_socket);
  snprintf(control, sizeof(control), "socket,id=control,path=%s,server=on,wait=off", machine->control_socket);
  snprintf(qmp, sizeof(qmp), "unix:%s,server=on,wait=off", machine->qmp_socket);
  snprintf(serial, sizeof(serial), "file:%s", machine->serial_log);
  const char *accelerator = getenv("TRANSOM_ACCEL");
  /* clang-format off */
  const char *words[WORDS_MAX] = {
      "-machine", "q35", "-accel", accelerator ? accelerator : "tcg", "-cpu", "max", "-m", "512", "-nodefaults", "-display", "none",
      "-kernel", machine->kernel, "-initrd", machine->initrd, "-append", "console=ttyS0 quiet panic=-1 transom_agent=off",
      "-serial", serial, "-chardev", control, "-serial", "chardev:control", "-qmp", qmp, "-chardev", usb,
  };
  /* clang-format on */
  size_t count = 0;
  while (words[count])
    count++;
  static const char *const controller[] = {"-device", "qemu-xhci", NULL};
  for (const char *const *more = extra ? extra : controller; *more; more++)
    words[count++] = *more;
  words[count++] = "-device";
  words[count++] = "usb-redir,chardev=usb";
  machine->length = machine->read = 0;
  machine->recording = false;
  guest_machine_launch(machine, words);
  guest_machine_until(machine, connect_control, machine, "QEMU's sockets");
  guest_machine_wait(machine, "guest: control ready");
}

void guest_machine_say(struct guest_machine *machine, const char *line) {
  char text[512];
  const int length = snprintf(text, sizeof(text), "%s\n", line);
  assert_true(length > 0 && length < (int)sizeof(text));
  assert_int_equal(send(machine->control, text, (size_t)length, MSG_NOSIGNAL), length);
}

struct search {
  struct guest_machine *machine;
  const char *part;
  char *line;
};

static bool find_line(void *user_data) {
  struct search *search = user_data;
  struct guest_machine *machine = search->machine;
  while (machine->read < machine->length) {
    char *line = machine->text + machine->read, *end = strchr(line, '\n');
    if (!end)
      return false;
    machine->read = (size_t)(end - machine->text) + 1;
    *end = '\0';
    const bool found = strstr(line, search->part) != NULL;
    if (found) {
      search->line = strdup(line);
      *end = '\n';
      return true;
    }
    *end = '\n';
  }
  return false;
}

const char *guest_machine_wait(struct guest_machine *machine, const char *part) {
  static char line[1024];
  struct search search = {.machine = machine, .part = part};
  guest_machine_until(machine, find_line, &search, part);
  snprintf(line, sizeof(line), "%s", search.line);
  free(search.line);
  return line;
}

const char *guest_machine_sync(struct guest_machine *machine) {
  static unsigned number;
  static char *said;
  char word[32];
  const size_t begin = machine->read;
  snprintf(word, sizeof(word), "sync %u", ++number);
  guest_machine_say(machine, word);
  guest_machine_wait(machine, word);
  free(said);
  said = strndup(machine->text + begin, machine->read - begin - strlen(word) - 1);
  return said;
}

void guest_machine_record(struct guest_machine *machine, const char *options) {
  char line[256];
  if (machine->recording)
    guest_machine_say(machine, "quit");
  machine->recording = true;
  snprintf(line, sizeof(line), "record_input %s", options);
  guest_machine_say(machine, line);
  guest_machine_wait(machine, "recording");
}
