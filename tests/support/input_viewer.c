/* A viewer that is nothing but its input thread, the real one, and a guest that writes down its keys: what a test captures with, kills and
 * stops, as another user. It plays QEMU's monitor itself.
 *
 *   input_viewer CONTROL_SOCKET HOST_KEYS
 *
 * Says on standard output, a line each: captured, released (and at first: ready, the guest can hear), guest +NAME, guest -NAME (QEMU's key
 * names), and what is logged, after "log ". Hears on standard input: capture, release. */
#include "common/log.h"
#include "host/app/input_thread.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct guest {
  char directory[32], path[64];
  int listener, monitor;
  char text[65536];
  size_t filled;
};

static struct guest guest;
static struct input_thread *input;
static int news;
static struct input_view shown;

static void on_log(enum log_level level, const char *line, void *user_data) {
  (void)level, (void)user_data;
  printf("log %s\n", line);
}

static void on_changed(void *user_data) {
  (void)user_data;
  eventfd_write(news, 1);
}

/* ---- the guest ---- */

static bool listen_as_monitor(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(guest.directory, "/tmp/transom-test-XXXXXX");
  if (!mkdtemp(guest.directory))
    return false;
  snprintf(guest.path, sizeof guest.path, "%s/qmp", guest.directory);
  strcpy(address.sun_path, guest.path);
  guest.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return guest.listener >= 0 && !bind(guest.listener, (struct sockaddr *)&address, sizeof address) && !listen(guest.listener, 1);
}

static void say(const char *text) {
  if (write(guest.monitor, text, strlen(text)) != (ssize_t)strlen(text))
    exit(1);
}

/* What one command presses and releases; the format is qmp_input_command.c's. */
static void note_keys(const char *line) {
  for (const char *at = line; (at = strstr(at, "\"down\":")); at++) {
    const char *name = strstr(at, "\"qcode\",\"data\":\"");
    if (!name)
      return;
    name += strlen("\"qcode\",\"data\":\"");
    printf("guest %c%.*s\n", strncmp(at, "\"down\":true", 11) ? '-' : '+', (int)strcspn(name, "\""), name);
  }
}

static void answer(const char *line) {
  char text[256];
  const char *id = strstr(line, "\"id\":"), *result = "{}";
  if (strstr(line, "query-mice"))
    result = "[{\"absolute\": true}]";
  else if (strstr(line, "query-status"))
    result = "{\"running\": true, \"status\": \"running\"}";
  note_keys(line);
  if (!id)
    exit(1);
  snprintf(text, sizeof text, "{\"return\": %s, \"id\": %lu}\r\n", result, strtoul(id + 5, NULL, 10));
  say(text);
}

static void hear_commands(void) {
  const ssize_t count = read(guest.monitor, guest.text + guest.filled, sizeof guest.text - 1 - guest.filled);
  if (count <= 0)
    exit(1);
  guest.filled += (size_t)count;
  guest.text[guest.filled] = 0;
  for (char *end; (end = strchr(guest.text, '\n'));) {
    *end = 0;
    answer(guest.text);
    guest.filled = strlen(end + 1);
    memmove(guest.text, end + 1, guest.filled + 1);
  }
}

/* ---- the user ---- */

static void obey(void) {
  char words[256];
  const ssize_t count = read(STDIN_FILENO, words, sizeof words - 1);
  if (count <= 0)
    exit(0);
  words[count] = 0;
  if (strstr(words, "capture")) {
    input_thread_step(input, CAPTURE_FOCUS, INPUT_NOTE_NONE);
    input_thread_step(input, CAPTURE_ASK, INPUT_NOTE_USER);
  } else if (strstr(words, "release")) {
    input_thread_step(input, CAPTURE_RELEASE, INPUT_NOTE_USER);
  }
}

static void look(void) {
  eventfd_t unused;
  struct input_view view = {0};
  eventfd_read(news, &unused);
  input_thread_look(input, &view);
  if (view.hears && !shown.hears)
    printf("ready\n");
  if ((view.state == CAPTURE_CAPTURED) != (shown.state == CAPTURE_CAPTURED))
    printf(view.state == CAPTURE_CAPTURED ? "captured\n" : "released\n");
  shown = view;
}

static void wait_and_handle(void) {
  struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {news, POLLIN, 0}, {guest.listener, POLLIN, 0}, {guest.monitor, POLLIN, 0}};
  if (poll(fds, guest.monitor >= 0 ? 4 : 3, -1) < 0)
    exit(1);
  if (fds[1].revents)
    look();
  if (fds[2].revents && guest.monitor < 0) {
    guest.monitor = accept4(guest.listener, NULL, NULL, SOCK_CLOEXEC);
    say("{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n");
  } else if (fds[3].revents) {
    hear_commands();
  }
  if (fds[0].revents)
    obey();
}

int main(int argc, char **argv) {
  static const struct input_thread_events events = {.changed = on_changed};
  static struct host_key_list host_keys;
  char error[128];
  setvbuf(stdout, NULL, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  log_set_sink(on_log, NULL);
  log_set_level(LOG_INFO);
  guest.monitor = -1;
  news = eventfd(0, EFD_CLOEXEC);
  if (argc != 3 || !host_key_list_parse(argv[2], &host_keys, error, sizeof error) || !listen_as_monitor())
    return 2;
  const struct input_thread_options options = {.router.host_keys = &host_keys,
                                               .sinks = {.way = INPUT_SINKS_QMP, .qmp = guest.path, .usb = ""},
                                               .control = argv[1],
                                               .input_devices = ""};
  input = input_thread_start(&options, &events, NULL, error, sizeof error);
  if (!input)
    return 1;
  for (;;)
    wait_and_handle();
}
