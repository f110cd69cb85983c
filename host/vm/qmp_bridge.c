#define LOG_MODULE "libvirt"
#include "host/vm/qmp_bridge.h"

#include "common/log.h"
#include "host/vm/libvirt_connection.h"
#include "host/vm/quiet_thread.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_BYTES_MAX 65536u
#define STOP_WAIT_S 1

struct qmp_bridge {
  const char *uri, *domain;
  char directory[80], path[108];
  int listener, stop_fd;
  pthread_t thread;
  sem_t ended;
  atomic_bool stopping;
  pthread_mutex_t lock; /* of client: its lines are written whole */
  int client;           /* -1 = none */

  /* the bridge's thread */
  struct libvirt_connection *connection;
  char line[LINE_BYTES_MAX];
  size_t used;
};

static bool send_line(struct qmp_bridge *bridge, const char *line) {
  pthread_mutex_lock(&bridge->lock);
  size_t length = strlen(line);
  bool sent = bridge->client >= 0 && send(bridge->client, line, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length &&
              send(bridge->client, "\r\n", 2, MSG_NOSIGNAL | MSG_DONTWAIT) == 2;
  pthread_mutex_unlock(&bridge->lock);
  return sent;
}

/* A VM that is off refuses each command, as a monitor would; its client stays, and hears when it runs. */
static char *ask_libvirt(struct qmp_bridge *bridge, const char *command) {
  char error[LIBVIRT_ERROR_BYTES];
  if (!bridge->connection)
    bridge->connection = libvirt_connection_open(bridge->uri, false, error, sizeof error);
  char *answer = bridge->connection ? libvirt_monitor(bridge->connection, bridge->domain, command, error, sizeof error) : NULL;
  if (answer)
    return answer;
  log_debug("no answer to a monitor command: %s", error);
  libvirt_connection_close(bridge->connection); /* a new daemon needs a new connection */
  bridge->connection = NULL;
  return strdup("{\"error\":{\"class\":\"GenericError\",\"desc\":\"libvirt reaches no monitor\"}}");
}

/* libvirt numbers its commands itself: the client's own id is taken out of the question and put into the answer. */
static char *exchange(struct qmp_bridge *bridge, cJSON *command) {
  cJSON *id = cJSON_DetachItemFromObject(command, "id");
  const cJSON *verb = cJSON_GetObjectItem(command, "execute");
  bool is_greeting = cJSON_IsString(verb) && strcmp(verb->valuestring, "qmp_capabilities") == 0;
  char *question = cJSON_PrintUnformatted(command);
  char *answer = is_greeting ? strdup("{\"return\":{}}") : question ? ask_libvirt(bridge, question) : NULL;
  cJSON_free(question);
  cJSON *reply = answer ? cJSON_Parse(answer) : NULL;
  free(answer);
  if (reply) {
    cJSON_DeleteItemFromObject(reply, "id");
    if (id)
      cJSON_AddItemToObject(reply, "id", id);
    id = NULL;
  }
  cJSON_Delete(id);
  char *text = reply ? cJSON_PrintUnformatted(reply) : NULL;
  cJSON_Delete(reply);
  return text;
}

static bool serve_line(struct qmp_bridge *bridge, const char *line) {
  cJSON *command = cJSON_Parse(line);
  char *answer = cJSON_IsObject(command) ? exchange(bridge, command) : NULL;
  cJSON_Delete(command);
  bool sent = answer && send_line(bridge, answer);
  cJSON_free(answer);
  return sent;
}

static bool serve_lines(struct qmp_bridge *bridge) {
  char *newline;
  while ((newline = memchr(bridge->line, '\n', bridge->used))) {
    *newline = 0;
    if (!serve_line(bridge, bridge->line))
      return false;
    size_t consumed = (size_t)(newline - bridge->line) + 1;
    bridge->used -= consumed;
    memmove(bridge->line, newline + 1, bridge->used);
  }
  return bridge->used < LINE_BYTES_MAX;
}

static void set_client(struct qmp_bridge *bridge, int client) {
  pthread_mutex_lock(&bridge->lock);
  int old = bridge->client;
  bridge->client = client;
  pthread_mutex_unlock(&bridge->lock);
  if (old >= 0)
    close(old);
}

static void greet(struct qmp_bridge *bridge) {
  int client = accept4(bridge->listener, NULL, NULL, SOCK_CLOEXEC);
  if (client < 0)
    return;
  set_client(bridge, client);
  bridge->used = 0;
  if (!send_line(bridge, "{\"QMP\":{\"version\":{},\"capabilities\":[]}}"))
    set_client(bridge, -1);
}

static bool read_client(struct qmp_bridge *bridge) {
  ssize_t got = recv(bridge->client, bridge->line + bridge->used, LINE_BYTES_MAX - bridge->used, 0);
  if (got < 0 && errno == EINTR)
    return true;
  if (got <= 0)
    return false;
  bridge->used += (size_t)got;
  return serve_lines(bridge);
}

static void *run(void *user_data) {
  struct qmp_bridge *bridge = user_data;
  while (!atomic_load(&bridge->stopping)) {
    struct pollfd fds[2] = {{.fd = bridge->stop_fd, .events = POLLIN},
                            {.fd = bridge->client >= 0 ? bridge->client : bridge->listener, .events = POLLIN}};
    if (poll(fds, 2, -1) < 0 || !fds[1].revents)
      continue;
    if (bridge->client < 0)
      greet(bridge);
    else if (!read_client(bridge))
      set_client(bridge, -1);
  }
  set_client(bridge, -1);
  libvirt_connection_close(bridge->connection);
  sem_post(&bridge->ended);
  return NULL;
}

static bool open_socket(struct qmp_bridge *bridge) {
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(bridge->directory, sizeof bridge->directory, "%.48s/transom-qmp-XXXXXX", runtime && runtime[0] ? runtime : "/tmp");
  if (!mkdtemp(bridge->directory))
    return false;
  snprintf(bridge->path, sizeof bridge->path, "%s/qmp.sock", bridge->directory);
  memcpy(address.sun_path, bridge->path, sizeof address.sun_path);
  bridge->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return bridge->listener >= 0 && bind(bridge->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
         listen(bridge->listener, 1) == 0;
}

static void release(struct qmp_bridge *bridge) {
  if (bridge->listener >= 0)
    close(bridge->listener);
  if (bridge->stop_fd >= 0)
    close(bridge->stop_fd);
  sem_destroy(&bridge->ended);
  pthread_mutex_destroy(&bridge->lock);
  free(bridge);
}

static void remove_socket(const struct qmp_bridge *bridge) {
  unlink(bridge->path);
  rmdir(bridge->directory);
}

struct qmp_bridge *qmp_bridge_start(const char *uri, const char *domain, char *error, size_t capacity) {
  struct qmp_bridge *bridge = calloc(1, sizeof *bridge);
  if (!bridge) {
    snprintf(error, capacity, "out of memory");
    return NULL;
  }
  *bridge = (struct qmp_bridge){.uri = uri, .domain = domain, .listener = -1, .client = -1, .stop_fd = eventfd(0, EFD_CLOEXEC)};
  sem_init(&bridge->ended, 0, 0);
  pthread_mutex_init(&bridge->lock, NULL);
  if (bridge->stop_fd >= 0 && open_socket(bridge) && quiet_thread_create(&bridge->thread, run, bridge) == 0)
    return bridge;
  snprintf(error, capacity, "cannot offer the monitor in %s: %s", bridge->directory, strerror(errno));
  remove_socket(bridge);
  release(bridge);
  return NULL;
}

const char *qmp_bridge_path(const struct qmp_bridge *bridge) { return bridge->path; }

void qmp_bridge_event(struct qmp_bridge *bridge, const char *event) {
  char line[96];
  snprintf(line, sizeof line, "{\"event\":\"%.40s\",\"timestamp\":{\"seconds\":0,\"microseconds\":0}}", event);
  send_line(bridge, line);
}

void qmp_bridge_stop(struct qmp_bridge *bridge) {
  uint64_t one = 1;
  if (!bridge)
    return;
  atomic_store(&bridge->stopping, true);
  remove_socket(bridge);
  if (write(bridge->stop_fd, &one, sizeof one) < 0)
    log_debug("%s", strerror(errno));
  if (!quiet_thread_join(bridge->thread, &bridge->ended, STOP_WAIT_S))
    return; /* libvirt holds it; the program is about to end */
  release(bridge);
}
