#include "support/fake_qmp.h"

#include "support/manual_event_loop.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUIRE(condition)                                                                                                                 \
  do {                                                                                                                                     \
    if (!(condition)) {                                                                                                                    \
      fprintf(stderr, "fake_qmp: %s failed in %s\n", #condition, __func__);                                                                \
      abort();                                                                                                                             \
    }                                                                                                                                      \
  } while (0)

void fake_qmp_start(struct fake_qmp *fake, struct event_loop *loop) {
  memset(fake, 0, sizeof(*fake));
  fake->loop = loop;
  const char *temporary = getenv("TMPDIR");
  snprintf(fake->directory, sizeof(fake->directory), "%.40s/qmp-XXXXXX", temporary ? temporary : "/tmp");
  REQUIRE(mkdtemp(fake->directory));
  snprintf(fake->path, sizeof(fake->path), "%s/socket", fake->directory);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, fake->path);
  fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  fake->peer = -1;
  REQUIRE(bind(fake->listener, (const struct sockaddr *)&address, sizeof(address)) == 0 && listen(fake->listener, 4) == 0);
}

void fake_qmp_stop(struct fake_qmp *fake) {
  fake_qmp_hang_up(fake);
  close(fake->listener);
  unlink(fake->path);
  rmdir(fake->directory);
}

void fake_qmp_accept(struct fake_qmp *fake) {
  manual_event_loop_settle(fake->loop);
  struct pollfd wait = {.fd = fake->listener, .events = POLLIN};
  REQUIRE(poll(&wait, 1, 0) == 1);
  fake->peer = accept(fake->listener, NULL, NULL);
  REQUIRE(fake->peer >= 0);
  fake->used = 0;
}

void fake_qmp_hang_up(struct fake_qmp *fake) {
  if (fake->peer >= 0)
    close(fake->peer);
  fake->peer = -1;
  manual_event_loop_settle(fake->loop);
}

void fake_qmp_greet(struct fake_qmp *fake) {
  fake_qmp_send(fake, "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}}, \"capabilities\": [\"oob\"]}}\r\n");
  const char *line = fake_qmp_next(fake);
  REQUIRE(line && strstr(line, "\"qmp_capabilities\""));
  fake_qmp_reply(fake, line, "{}");
}

void fake_qmp_send(struct fake_qmp *fake, const char *text) {
  for (size_t left = strlen(text); left > 0;) {
    const ssize_t sent = send(fake->peer, text, left, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      text += sent;
      left -= (size_t)sent;
    }
    struct pollfd gone = {.fd = fake->peer, .events = 0};
    if (poll(&gone, 1, 0) == 1)
      return; /* the client has hung up: the test will see */
    manual_event_loop_settle(fake->loop);
  }
}

const char *fake_qmp_next(struct fake_qmp *fake) {
  manual_event_loop_settle(fake->loop);
  const ssize_t count = recv(fake->peer, fake->in + fake->used, sizeof(fake->in) - fake->used, MSG_DONTWAIT);
  fake->used += count > 0 ? (size_t)count : 0;
  const char *newline = memchr(fake->in, '\n', fake->used);
  if (!newline)
    return NULL;
  const size_t length = (size_t)(newline - fake->in);
  REQUIRE(length < sizeof(fake->line));
  memcpy(fake->line, fake->in, length);
  fake->line[length] = '\0';
  fake->used -= length + 1;
  memmove(fake->in, newline + 1, fake->used);
  return fake->line;
}

unsigned fake_qmp_id(const char *line) {
  const char *id = strstr(line, "\"id\":");
  REQUIRE(id);
  return (unsigned)strtoul(id + 5, NULL, 10);
}

void fake_qmp_reply(struct fake_qmp *fake, const char *line, const char *result) {
  char text[1024];
  snprintf(text, sizeof(text), "{\"return\": %s, \"id\": %u}\r\n", result, fake_qmp_id(line));
  fake_qmp_send(fake, text);
}

void fake_qmp_refuse(struct fake_qmp *fake, const char *line, const char *reason) {
  char text[1024];
  snprintf(text, sizeof(text), "{\"error\": {\"class\": \"GenericError\", \"desc\": \"%s\"}, \"id\": %u}\r\n", reason, fake_qmp_id(line));
  fake_qmp_send(fake, text);
}
