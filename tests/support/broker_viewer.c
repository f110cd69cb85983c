/* A viewer that is nothing but its input thread: what a test kills, stops, and runs as another user.
 *
 *   broker_viewer CONTROL_SOCKET [--take] [--usb | --qmp SOCKET]      the sink that `press` and `release` go to
 *
 * Says on standard output, a line each: granted, refused WHY, devices-refused WHY, device NODE NAME, device-removed NODE,
 * host-keys, no-host-keys WHY, device-dead NODE ERRNO (a read failed), key NODE CODE VALUE, usb input|audio, usb-end input|audio, sink
 * ready, sink gone, revoked WHY. Hears on standard input: take, press PAGE USAGE, release PAGE USAGE (hexadecimal), host-key PAGE USAGE
 * 1|0 (answered by `asked`), grab, ungrab, stutter (half a QMP command; answered by `stuttered`). */
#include "host/event/event_loop.h"
#include "host/input/input_sink.h"
#include "host/input/input_sink_usb_hid.h"
#include "host/link/input_broker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEVICES_MAX 16

struct device {
  struct event_source *source; /* NULL: free */
  int fd;
  char node[64];
};

struct viewer {
  struct event_loop *loop;
  struct input_broker *broker;
  struct input_sink *sink; /* NULL: none */
  bool is_usb;
  int qmp_socket; /* the QMP sink's; -1: not connected */
  struct device devices[DEVICES_MAX];
  struct event_source *usb[2];
  int usb_socket[2];
};

static struct viewer viewer;
static const char *const channels[] = {"input", "audio"};

static void forget_device(struct device *device) {
  event_source_remove(device->source);
  device->source = NULL;
  close(device->fd);
}

static void on_device_readable(int fd, uint32_t events, void *user_data) {
  struct device *device = user_data;
  struct input_event event;
  (void)events;
  if (read(fd, &event, sizeof event) == (ssize_t)sizeof event) {
    if (event.type == EV_KEY)
      printf("key %s %u %d\n", device->node, event.code, (int)event.value);
    return;
  }
  if (errno == EAGAIN)
    return;
  printf("device-dead %s %d\n", device->node, errno);
  forget_device(device);
}

static void on_device_added(int fd, const struct input_device_info *info, void *user_data) {
  (void)user_data;
  printf("device %s %s\n", info->node, info->name);
  for (int i = 0; i < DEVICES_MAX; i++) {
    struct device *device = &viewer.devices[i];
    if (device->source)
      continue;
    device->fd = fd;
    snprintf(device->node, sizeof device->node, "%s", info->node);
    device->source = event_loop_add_fd(viewer.loop, fd, EVENT_READABLE, on_device_readable, device);
    return;
  }
  close(fd);
}

static void on_usb_readable(int fd, uint32_t events, void *user_data) {
  const long which = (long)(intptr_t)user_data;
  char bytes[4096];
  (void)events;
  const ssize_t count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count > 0)
    return;
  printf("usb-end %s\n", channels[which]);
  event_source_remove(viewer.usb[which]);
  viewer.usb[which] = NULL;
  close(fd);
}

static void on_usb_channel(enum usb_channel which, int socket, void *user_data) {
  (void)user_data;
  printf("usb %s\n", channels[which]);
  if (viewer.is_usb && which == USB_CHANNEL_INPUT) {
    input_sink_usb_hid_attach(viewer.sink, socket);
    return;
  }
  if (viewer.usb[which]) {
    event_source_remove(viewer.usb[which]);
    close(viewer.usb_socket[which]);
  }
  viewer.usb_socket[which] = socket;
  viewer.usb[which] = event_loop_add_fd(viewer.loop, socket, EVENT_READABLE, on_usb_readable, (void *)(intptr_t)which);
}

static void on_granted(void *user_data) {
  (void)user_data;
  printf("granted\n");
}

static void on_refused(const char *why, void *user_data) {
  (void)user_data;
  printf("refused %s\n", why);
}

static void on_devices_refused(const char *why, void *user_data) {
  (void)user_data;
  printf("devices-refused %s\n", why);
}

static void on_host_keys(void *user_data) {
  (void)user_data;
  printf("host-keys\n");
}

static void on_host_keys_refused(const char *why, void *user_data) {
  (void)user_data;
  printf("no-host-keys %s\n", why);
}

static void on_device_removed(const char *node, void *user_data) {
  (void)user_data;
  printf("device-removed %s\n", node);
}

/* As a good viewer does: a grab outlives its descriptor, because the server has another. */
static void let_go_of_devices(void) {
  for (int i = 0; i < DEVICES_MAX; i++) {
    struct device *device = &viewer.devices[i];
    if (!device->source)
      continue;
    on_device_readable(device->fd, EVENT_READABLE, device); /* says so when it is dead */
    if (!device->source)
      continue;
    ioctl(device->fd, EVIOCGRAB, 0);
    forget_device(device);
  }
}

static void on_revoked(const char *why, void *user_data) {
  (void)user_data;
  printf("revoked %s\n", why);
  let_go_of_devices();
  if (viewer.sink)
    viewer.sink->impl->reset(viewer.sink);
}

static void on_qmp_connected(int socket, void *user_data) {
  (void)user_data;
  viewer.qmp_socket = socket;
  input_broker_share_qmp(viewer.broker, socket);
}

static void on_sink_ready(bool ready, void *user_data) {
  (void)user_data;
  printf(ready ? "sink ready\n" : "sink gone\n");
}

static void on_mark(uint16_t page, uint16_t usage, bool down, void *user_data) {
  (void)user_data;
  input_broker_mark(viewer.broker, page, usage, down);
}

static void grab(int on) {
  for (int i = 0; i < DEVICES_MAX; i++)
    if (viewer.devices[i].source)
      printf("grab %s %d\n", viewer.devices[i].node, ioctl(viewer.devices[i].fd, EVIOCGRAB, on) ? errno : 0);
}

/* Half a command, as of somebody who dies in its midst. Inside braces; a string would end at the next newline. */
static void stutter(void) {
  static const char half[] = "{\"execute\": \"input-send-event\", \"arguments\": {\"events\": [{\"type\": \"key\", ";
  const bool sent = send(viewer.qmp_socket, half, sizeof half - 1, MSG_NOSIGNAL) == (ssize_t)sizeof half - 1;
  printf(sent ? "stuttered\n" : "speechless\n");
}

static void ask_for_host_key(uint16_t page, uint16_t usage, bool down) {
  input_broker_host_key(viewer.broker, page, usage, down);
  printf("asked\n");
}

static void obey(const char *line) {
  unsigned page, usage, down;
  if (!strcmp(line, "take"))
    input_broker_take(viewer.broker);
  else if (!strcmp(line, "stutter"))
    stutter();
  else if (!strcmp(line, "grab") || !strcmp(line, "ungrab"))
    grab(line[0] == 'g');
  else if (sscanf(line, "host-key %x %x %u", &page, &usage, &down) == 3)
    ask_for_host_key((uint16_t)page, (uint16_t)usage, down != 0);
  else if (viewer.sink && sscanf(line, "press %x %x", &page, &usage) == 2)
    viewer.sink->impl->key(viewer.sink, (uint16_t)page, (uint16_t)usage, true);
  else if (viewer.sink && sscanf(line, "release %x %x", &page, &usage) == 2)
    viewer.sink->impl->key(viewer.sink, (uint16_t)page, (uint16_t)usage, false);
}

static void on_command(int fd, uint32_t events, void *user_data) {
  static char bytes[4096];
  static size_t filled;
  (void)events, (void)user_data;
  const ssize_t count = read(fd, bytes + filled, sizeof bytes - 1 - filled);
  if (count <= 0) {
    event_loop_stop(viewer.loop);
    return;
  }
  filled += (size_t)count;
  bytes[filled] = 0;
  for (char *end; (end = strchr(bytes, '\n'));) {
    *end = 0;
    obey(bytes);
    memmove(bytes, end + 1, strlen(end + 1) + 1);
  }
  filled = strlen(bytes);
}

static void finish(void) {
  if (viewer.sink)
    viewer.sink->impl->destroy(viewer.sink);
  input_broker_destroy(viewer.broker);
  event_loop_destroy(viewer.loop);
}

struct options {
  const char *control, *qmp; /* NULL: no such sink */
  bool take, usb;
};

static bool read_options(struct options *options, int argc, char **argv) {
  *options = (struct options){.control = argv[1]};
  for (int i = 2; i < argc; i++) {
    options->take |= !strcmp(argv[i], "--take");
    options->usb |= !strcmp(argv[i], "--usb");
    if (!strcmp(argv[i], "--qmp") && i + 1 < argc)
      options->qmp = argv[++i];
  }
  return argc >= 2;
}

static bool open_sink(const struct options *options) {
  static const struct input_sink_qmp_guard guard = {on_qmp_connected, on_mark};
  if (options->usb)
    viewer.sink = input_sink_usb_hid_create(viewer.loop);
  else if (options->qmp)
    viewer.sink = input_sink_qmp_create(viewer.loop, options->qmp);
  viewer.is_usb = options->usb;
  if (viewer.sink)
    viewer.sink->ready = on_sink_ready;
  if (viewer.sink && !options->usb)
    input_sink_qmp_set_guard(viewer.sink, &guard, NULL);
  return viewer.sink || (!options->usb && !options->qmp);
}

int main(int argc, char **argv) {
  static const struct input_broker_events events = {.granted = on_granted,
                                                    .refused = on_refused,
                                                    .devices_refused = on_devices_refused,
                                                    .device_added = on_device_added,
                                                    .device_removed = on_device_removed,
                                                    .usb_channel = on_usb_channel,
                                                    .host_keys = on_host_keys,
                                                    .host_keys_refused = on_host_keys_refused,
                                                    .revoked = on_revoked};
  struct options options;
  if (!read_options(&options, argc, argv))
    return 2;
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  viewer.loop = event_loop_create(EVENT_LOOP_AUTO);
  viewer.broker = viewer.loop ? input_broker_create(viewer.loop, options.control, options.take, &events, NULL) : NULL;
  if (!viewer.broker || !open_sink(&options) || !event_loop_add_fd(viewer.loop, STDIN_FILENO, EVENT_READABLE, on_command, NULL))
    return 1;
  const int result = event_loop_run(viewer.loop);
  finish();
  return result ? 1 : 0;
}
