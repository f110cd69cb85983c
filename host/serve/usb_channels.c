#define LOG_MODULE "serve"
#include "host/serve/usb_channels.h"

#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/serve/peer_process.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct usb_channel {
  struct usb_channels *owner;
  struct event_source *listener;
  int socket; /* -1: QEMU is not there */
  struct event_source *source;
  bool leased;
  bool refusal_said; /* QEMU, or who poses as it, tries once a second: one line until it changes */
};

struct usb_channels {
  struct event_loop *loop;
  const struct qemu_users *users;
  void (*connected)(int channel, void *user_data);
  void *user_data;
  struct usb_channel channels[USB_CHANNELS_COUNT];
};

static const char *const names[USB_CHANNELS_COUNT] = {"input", "audio"};

static int number_of(const struct usb_channel *channel) { return (int)(channel - channel->owner->channels); }

static void forget(struct usb_channel *channel) {
  event_source_remove(channel->source);
  channel->source = NULL;
  close(channel->socket);
  channel->socket = -1;
  channel->leased = false;
}

/* Watched for its end alone: what QEMU has said is for the viewer to read. */
static void on_end(int fd, uint32_t events, void *user_data) {
  struct usb_channel *channel = user_data;
  (void)fd;
  if (!(events & EVENT_HANGUP))
    return;
  log_info("USB %s: QEMU's end is gone", names[number_of(channel)]);
  forget(channel);
}

static bool has_ended(int socket) {
  struct pollfd poll_fd = {.fd = socket};
  return poll(&poll_fd, 1, 0) == 1 && poll_fd.revents & (POLLHUP | POLLERR);
}

/* NULL, or why this newcomer cannot be served. */
static const char *refusal(struct usb_channel *channel, int socket, pid_t *pid, uid_t *uid) {
  if (!peer_process_credentials(socket, pid, uid))
    return "nobody knows whose it is";
  if (!qemu_users_has(channel->owner->users, *uid))
    return "QEMU does not run as that user; name QEMU's with --qemu-user";
  if (channel->socket >= 0 && has_ended(channel->socket))
    forget(channel); /* QEMU was restarted faster than we looked */
  return channel->socket >= 0 ? "a QEMU has this channel already" : NULL;
}

static void on_listener(int listener, uint32_t events, void *user_data) {
  struct usb_channel *channel = user_data;
  struct usb_channels *channels = channel->owner;
  pid_t pid = 0;
  uid_t uid = (uid_t)-1;
  (void)events;
  int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0)
    return;
  const char *why = refusal(channel, socket, &pid, &uid);
  if (!why) {
    channel->source = event_loop_add_fd(channels->loop, socket, 0, on_end, channel);
    why = channel->source ? NULL : "out of memory";
  }
  if (why) {
    if (!channel->refusal_said)
      log_warning("USB %s: refused pid %d of uid %u: %s", names[number_of(channel)], (int)pid, (unsigned)uid, why);
    channel->refusal_said = true;
    close(socket);
    return;
  }
  channel->refusal_said = false;
  channel->socket = socket;
  log_info("USB %s: pid %d of uid %u is connected", names[number_of(channel)], (int)pid, (unsigned)uid);
  if (channels->connected)
    channels->connected(number_of(channel), channels->user_data);
}

struct usb_channels *usb_channels_create(struct event_loop *loop, const struct qemu_users *users) {
  struct usb_channels *channels = calloc(1, sizeof *channels);
  if (!channels)
    return NULL;
  channels->loop = loop;
  channels->users = users;
  for (int i = 0; i < USB_CHANNELS_COUNT; i++)
    channels->channels[i] = (struct usb_channel){.owner = channels, .socket = -1};
  return channels;
}

void usb_channels_destroy(struct usb_channels *channels) {
  if (!channels)
    return;
  usb_channels_end_leases(channels);
  for (int i = 0; i < USB_CHANNELS_COUNT; i++) {
    struct usb_channel *channel = &channels->channels[i];
    event_source_remove(channel->listener);
    if (channel->socket >= 0)
      forget(channel);
  }
  free(channels);
}

void usb_channels_set_connected(struct usb_channels *channels, void (*connected)(int channel, void *user_data), void *user_data) {
  channels->connected = connected;
  channels->user_data = user_data;
}

int usb_channels_listen(struct usb_channels *channels, int number, int listener) {
  struct usb_channel *channel = &channels->channels[number];
  assert(number >= 0 && number < USB_CHANNELS_COUNT && !channel->listener);
  channel->listener = event_loop_add_fd(channels->loop, listener, EVENT_READABLE, on_listener, channel);
  return channel->listener ? 0 : -errno;
}

int usb_channels_lease(struct usb_channels *channels, int number) {
  struct usb_channel *channel = &channels->channels[number];
  assert(number >= 0 && number < USB_CHANNELS_COUNT);
  if (channel->socket < 0 || channel->leased)
    return -1;
  channel->leased = true;
  return channel->socket;
}

void usb_channels_end_leases(struct usb_channels *channels) {
  for (int i = 0; i < USB_CHANNELS_COUNT; i++) {
    struct usb_channel *channel = &channels->channels[i];
    if (channel->socket < 0 || !channel->leased)
      continue;
    shutdown(channel->socket, SHUT_RDWR);
    forget(channel);
  }
}
