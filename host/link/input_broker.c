#define LOG_MODULE "broker"
#include "host/link/input_broker.h"

#include "common/line_socket.h"
#include "common/log.h"
#include "common/unix_socket_linux.h"
#include "host/devices/held_keys.h"
#include "host/event/event_loop.h"
#include "host/link/broker_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct input_broker {
  struct event_loop *loop;
  char path[UNIX_SOCKET_PATH_BYTES_MAX]; /* of control.sock */
  struct input_broker_events events;
  void *user_data;
  struct line_socket lines; /* fd -1: not connected */
  struct event_source *source;
  struct event_source *timer; /* connected: the heartbeat; else the next try */
  bool take;                  /* said once: who was replaced does not take it back by itself */
  bool granted;
  bool plays_host_keys;    /* the server does */
  unsigned host_keys_left; /* presses, until the next heartbeat */
  bool unreachable_said;
  int qmp;                  /* our duplicate; -1: none */
  struct held_keys held;    /* where there is no server */
  struct held_keys *shared; /* the server's, or NULL */
};

static bool say(struct input_broker *broker, const char *line, int fd) { return line_socket_send(broker->lines.fd, line, fd) == 0; }

static void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

/* ---- held keys ---- */

static void copy_held(struct held_keys *to, const struct held_keys *from) {
  for (size_t i = 0; i < HELD_KEYS_WORDS; i++)
    atomic_store_explicit(&to->words[i], atomic_load_explicit(&from->words[i], memory_order_relaxed), memory_order_relaxed);
}

static bool map_held(struct input_broker *broker) {
  struct stat status;
  const int fd = line_socket_take_fd(&broker->lines);
  const bool fits =
      fd >= 0 && !fstat(fd, &status) && status.st_size >= (off_t)sizeof *broker->shared && fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK;
  void *memory = fits ? mmap(NULL, sizeof *broker->shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (fd >= 0)
    close(fd);
  if (memory == MAP_FAILED)
    return false;
  broker->shared = memory;
  copy_held(broker->shared, &broker->held);
  return true;
}

static void unmap_held(struct input_broker *broker) {
  if (!broker->shared)
    return;
  copy_held(&broker->held, broker->shared);
  munmap(broker->shared, sizeof *broker->shared);
  broker->shared = NULL;
}

void input_broker_mark(struct input_broker *broker, uint16_t page, uint16_t usage, bool down) {
  held_keys_put(broker->shared ? broker->shared : &broker->held, page, usage, down);
}

/* ---- what the server says ---- */

static void lose(struct input_broker *broker, const char *why) {
  if (!broker->granted)
    return;
  broker->granted = broker->plays_host_keys = false;
  unmap_held(broker);
  if (broker->events.revoked)
    broker->events.revoked(why, broker->user_data);
}

static void send_qmp(struct input_broker *broker) {
  if (broker->granted && broker->qmp >= 0)
    say(broker, "input qmp\n", broker->qmp);
}

static bool on_granted(struct input_broker *broker) {
  unmap_held(broker);
  if (!map_held(broker))
    return false;
  broker->granted = true;
  broker->take = false;
  send_qmp(broker);
  if (broker->events.granted)
    broker->events.granted(broker->user_data);
  return true;
}

static bool on_lost(struct input_broker *broker, const char *why) {
  lose(broker, why);
  return say(broker, "input released\n", -1);
}

static bool on_device(struct input_broker *broker, const struct input_device_info *info) {
  const int fd = line_socket_take_fd(&broker->lines);
  if (fd >= 0 && broker->events.device_added)
    broker->events.device_added(fd, info, broker->user_data);
  else if (fd >= 0)
    close(fd);
  return fd >= 0;
}

static bool on_usb(struct input_broker *broker, enum usb_channel which) {
  const int fd = line_socket_take_fd(&broker->lines);
  if (fd >= 0 && broker->events.usb_channel)
    broker->events.usb_channel(which, fd, broker->user_data);
  else if (fd >= 0)
    close(fd);
  return fd >= 0;
}

static void tell(void (*handler)(const char *text, void *user_data), struct input_broker *broker, const char *text) {
  if (handler)
    handler(text, broker->user_data);
}

static bool on_host_keys(struct input_broker *broker) {
  broker->plays_host_keys = true;
  broker->host_keys_left = INPUT_BROKER_HOST_KEYS_A_HEARTBEAT;
  if (broker->events.host_keys)
    broker->events.host_keys(broker->user_data);
  return true;
}

static bool on_line(char *line, void *user_data) {
  struct input_broker *broker = user_data;
  struct broker_line parsed;
  broker_line_parse(line, &parsed);
  switch (parsed.word) {
  case BROKER_GRANTED:
    return on_granted(broker);
  case BROKER_LOST:
    return on_lost(broker, parsed.text);
  case BROKER_DEVICE:
    return on_device(broker, &parsed.device);
  case BROKER_USB_INPUT:
    return on_usb(broker, USB_CHANNEL_INPUT);
  case BROKER_USB_AUDIO:
    return on_usb(broker, USB_CHANNEL_AUDIO);
  case BROKER_BUSY:
  case BROKER_REFUSED:
    tell(broker->events.refused, broker, parsed.text);
    return true;
  case BROKER_DEVICE_GONE:
    tell(broker->events.device_removed, broker, parsed.text);
    return true;
  case BROKER_NO_DEVICES:
    tell(broker->events.devices_refused, broker, parsed.text);
    return true;
  case BROKER_HOST_KEYS:
    return broker->granted && on_host_keys(broker);
  case BROKER_NO_HOST_KEYS:
    tell(broker->events.host_keys_refused, broker, parsed.text);
    return true;
  case BROKER_UNKNOWN:
    break;
  }
  return false;
}

/* ---- the connection ---- */

static void disconnect(struct input_broker *broker) {
  event_source_remove(broker->source);
  broker->source = NULL;
  line_socket_finish(&broker->lines);
  close_fd(&broker->lines.fd);
  event_timer_set(broker->timer, INPUT_BROKER_RETRY_NS, 0);
}

static void on_socket(int fd, uint32_t events, void *user_data) {
  struct input_broker *broker = user_data;
  (void)fd, (void)events;
  const int result = line_socket_receive(&broker->lines, on_line, broker);
  if (!result)
    return;
  if (result == -EPROTO)
    log_warning("%s: what came is not the talk of transom-serve; are its version and ours the same?", broker->path);
  disconnect(broker);
  lose(broker, "the connection to transom-serve is gone");
}

/* 0 or -errno. */
static int connect_server(struct input_broker *broker) {
  const int fd = unix_socket_connect(broker->path);
  line_socket_init(&broker->lines, fd);
  return fd < 0 ? fd : line_socket_send(fd, broker->take ? "input take\n" : "input\n", -1);
}

static void say_unreachable(struct input_broker *broker, int error) {
  char why[256];
  if (broker->unreachable_said || !broker->events.unreachable)
    return;
  broker->unreachable_said = true;
  snprintf(why, sizeof why, "no transom-serve on %s: %s", broker->path, strerror(error));
  broker->events.unreachable(why, broker->user_data);
}

static void try_connect(struct input_broker *broker) {
  const int result = connect_server(broker);
  if (!result)
    broker->source = event_loop_add_fd(broker->loop, broker->lines.fd, EVENT_READABLE, on_socket, broker);
  if (broker->source) {
    broker->unreachable_said = false;
    event_timer_set(broker->timer, INPUT_BROKER_HEARTBEAT_NS, INPUT_BROKER_HEARTBEAT_NS);
    return;
  }
  disconnect(broker);
  say_unreachable(broker, result ? -result : ENOMEM);
}

static void on_timer(void *user_data) {
  struct input_broker *broker = user_data;
  broker->host_keys_left = INPUT_BROKER_HOST_KEYS_A_HEARTBEAT;
  if (broker->lines.fd < 0)
    try_connect(broker);
  else
    say(broker, "input alive\n", -1); /* if that fails, its end is read next */
}

struct input_broker *input_broker_create(struct event_loop *loop, const char *control_socket, bool take,
                                         const struct input_broker_events *events, void *user_data) {
  const size_t length = strlen(control_socket);
  struct input_broker *broker = NULL;
  if (!length || length >= sizeof broker->path) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  broker = calloc(1, sizeof *broker);
  if (!broker)
    return NULL;
  broker->loop = loop;
  broker->events = *events;
  broker->user_data = user_data;
  broker->take = take;
  broker->qmp = -1;
  memcpy(broker->path, control_socket, length);
  line_socket_init(&broker->lines, -1);
  broker->timer = event_loop_add_timer(loop, on_timer, broker);
  if (!broker->timer) {
    free(broker);
    errno = ENOMEM;
    return NULL;
  }
  event_timer_set(broker->timer, 1, 0); /* soon, but not before our caller knows us */
  return broker;
}

void input_broker_destroy(struct input_broker *broker) {
  if (!broker)
    return;
  if (broker->lines.fd >= 0)
    say(broker, "input back\n", -1);
  event_source_remove(broker->source);
  event_source_remove(broker->timer);
  line_socket_finish(&broker->lines);
  close_fd(&broker->lines.fd);
  close_fd(&broker->qmp);
  unmap_held(broker);
  free(broker);
}

void input_broker_take(struct input_broker *broker) {
  broker->take = !broker->granted;
  if (broker->take && broker->lines.fd >= 0)
    say(broker, "input take\n", -1);
}

void input_broker_share_qmp(struct input_broker *broker, int qmp_socket) {
  close_fd(&broker->qmp);
  if (qmp_socket >= 0)
    broker->qmp = fcntl(qmp_socket, F_DUPFD_CLOEXEC, 0);
  if (broker->qmp >= 0)
    send_qmp(broker);
  else if (broker->granted)
    say(broker, "input no-qmp\n", -1);
}

/* A release that cannot be sent would leave the key down at the host; the connection's end brings it up. */
void input_broker_host_key(struct input_broker *broker, uint16_t page, uint16_t usage, bool down) {
  char line[32];
  if (!broker->plays_host_keys || (down && !broker->host_keys_left))
    return;
  broker->host_keys_left -= down;
  snprintf(line, sizeof line, "input host-key %x %x %d\n", page, usage, down);
  if (!say(broker, line, -1))
    shutdown(broker->lines.fd, SHUT_RDWR);
}
