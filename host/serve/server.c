#define LOG_MODULE "serve"
#include "host/serve/server.h"

#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/serve/device_leases.h"
#include "host/serve/fd_store.h"
#include "host/serve/host_keyboard.h"
#include "host/serve/input_guard.h"
#include "host/serve/ivshmem_server.h"
#include "host/serve/peer_process.h"
#include "host/serve/region_memory.h"
#include "host/serve/region_state.h"
#include "host/serve/usb_channels.h"
#include "host/serve/viewer_control.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct server {
  struct server_options options;
  struct event_loop *loop;
  struct region_memory memory;
  struct ivshmem_server *peers;
  struct viewer_control *viewers;
  struct usb_channels *usb;
  struct input_guard *input;
  int lock, signals;
  int listeners[FD_STORE_LISTENERS];
  bool bound[FD_STORE_LISTENERS]; /* the socket files are ours to remove */
  struct event_source *parent;    /* its end of a pipe is watched; NULL: no parent, or it is gone */
  bool orphaned;
  struct region_state state; /* as last written */
};

/* Whoever has not said that it is a viewer may be a VM. */
static bool has_peer(const struct server *server, bool viewers_count) {
  struct ivshmem_peer_info info;
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++)
    if (ivshmem_server_peer(server->peers, i, &info) && (viewers_count || !viewer_control_is_viewer(server->viewers, i)))
      return true;
  return false;
}

static void on_left(uint32_t id, void *user_data) {
  struct server *server = user_data;
  viewer_control_peer_left(server->viewers, id);
  if (!has_peer(server, false))
    region_memory_clear_foreign(&server->memory);
  if (server->orphaned && !has_peer(server, true))
    event_loop_stop(server->loop);
}

static void on_changed(void *user_data) {
  struct server *server = user_data;
  struct region_state state = {.controller = viewer_control_controller(server->viewers)};
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++) {
    struct ivshmem_peer_info info;
    if (ivshmem_server_peer(server->peers, i, &info))
      state.peers[i] = (struct region_state_peer){true, viewer_control_is_viewer(server->viewers, i), info.pid, info.start_ticks};
  }
  char before[4096], now[4096];
  region_state_format(&server->state, before, sizeof before);
  region_state_format(&state, now, sizeof now);
  if (!strcmp(before, now))
    return;
  int result = region_state_write(&state, server->options.paths->state);
  if (result)
    log_warning("cannot write %s: %s; a restart without systemd's descriptor store will not notice a running VM",
                server->options.paths->state, strerror(-result));
  server->state = state;
}

static const struct ivshmem_server_events peer_events = {.changed = on_changed, .left = on_left};

static void on_signal(int fd, uint32_t events, void *user_data) {
  struct server *server = user_data;
  struct signalfd_siginfo info;
  (void)events;
  if (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
    event_loop_stop(server->loop);
}

/* Nothing is ever said on it; its end is the parent's end. Who still uses the region keeps us: QEMU cannot be given another, and the next
 * viewer shall find this one. */
static void on_parent(int fd, uint32_t events, void *user_data) {
  struct server *server = user_data;
  char bytes[64];
  if (!(events & EVENT_HANGUP) && read(fd, bytes, sizeof bytes) > 0)
    return;
  event_source_remove(server->parent);
  server->parent = NULL;
  server->orphaned = true;
  if (!has_peer(server, true))
    event_loop_stop(server->loop);
  else if (has_peer(server, false))
    log_info("the viewer has gone; a VM uses the region, so this server stays until that ends");
}

static int watch_parent(struct server *server) {
  if (!server->options.is_private)
    return 0;
  server->parent = event_loop_add_fd(server->loop, STDIN_FILENO, EVENT_READABLE, on_parent, server);
  return server->parent ? 0 : -errno;
}

static bool watch_signals(struct server *server) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (sigprocmask(SIG_BLOCK, &set, NULL))
    return false;
  server->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return server->signals >= 0 && event_loop_add_fd(server->loop, server->signals, EVENT_READABLE, on_signal, server);
}

/* A region that lost its server cannot be served again: QEMU has mapped it and will not connect a second time. */
static bool may_begin_anew(struct server *server) {
  int result = region_state_read(&server->state, server->options.paths->state);
  pid_t pid = result ? 0 : region_state_living_guest(&server->state);
  server->state = (struct region_state){.controller = VIEWER_CONTROL_NOBODY};
  if (!pid)
    return true;
  char name[32];
  peer_process_name(pid, name);
  log_error("%s (pid %d) still uses the region of a transom-serve that has died, and cannot be given another: restart the VM", name,
            (int)pid);
  return false;
}

static bool open_region(struct server *server, struct fd_store_items *items) {
  if (items->region >= 0) {
    int result = region_memory_adopt(&server->memory, items->region);
    if (!result && items->vector_count != server->options.vector_count)
      log_warning("the running VM was given %u vectors a peer: that stays so until it is restarted", items->vector_count);
    if (result)
      log_error("the region that the service manager kept is not one of ours: %s; restart transom-serve and the VM", strerror(-result));
    server->options.vector_count = items->vector_count;
    return result == 0;
  }
  if (!may_begin_anew(server))
    return false;
  fd_store_forget(items); /* peers and eventfds of a region that was not kept */
  int result = region_memory_create(&server->memory, server->options.region_bytes);
  if (result) {
    log_error("cannot create a region of %llu MiB: %s; choose a smaller --size", (unsigned long long)(server->options.region_bytes >> 20),
              strerror(-result));
    return false;
  }
  fd_store_put(&(struct fd_store_name){FD_STORE_REGION, server->options.vector_count, 0}, server->memory.fd);
  return true;
}

static const char *path_of(const struct server *server, int listener) {
  const struct serve_paths *paths = server->options.paths;
  const char *const by_listener[FD_STORE_LISTENERS] = {paths->region, paths->control, paths->usb_input, paths->usb_audio};
  return by_listener[listener];
}

/* QEMU's sockets are for QEMU's group, which is libvirt's "kvm" on Debian, Arch and Fedora. */
static bool open_listener(struct server *server, int listener, int inherited) {
  const char *path = path_of(server, listener);
  const char *group = listener == FD_STORE_LISTEN_USB_INPUT || listener == FD_STORE_LISTEN_USB_AUDIO ? "kvm" : NULL;
  server->listeners[listener] = inherited;
  if (inherited >= 0)
    return true;
  int result = serve_paths_listen(path, group, &server->listeners[listener]);
  if (result == -EADDRINUSE)
    log_error("another server listens on %s: stop it, or choose another name", path);
  else if (result)
    log_error("cannot listen on %s: %s; check the directory and its rights", path, strerror(-result));
  server->bound[listener] = result == 0;
  return result == 0;
}

static bool open_listeners(struct server *server, const struct fd_store_items *items) {
  for (int i = 0; i < FD_STORE_LISTENERS; i++)
    if (!open_listener(server, i, items->listeners[i]))
      return false;
  return true;
}

static bool take_lock(struct server *server) {
  int result = serve_paths_lock(server->options.paths, &server->lock);
  if (result == -EADDRINUSE)
    log_error("another transom-serve already serves %s: stop it, or choose another name", server->options.paths->region);
  else if (result)
    log_error("cannot lock %s: %s; check the directory and its rights", server->options.paths->lock, strerror(-result));
  return result == 0;
}

/* The state file is as old as the descriptors, but only the peers that it knows by pid and start time are the same ones. */
static void restore(struct server *server) {
  struct region_state old;
  uint32_t viewer_mask = 0, controller = VIEWER_CONTROL_NOBODY;
  if (region_state_read(&old, server->options.paths->state))
    old = (struct region_state){.controller = VIEWER_CONTROL_NOBODY};
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++) {
    struct ivshmem_peer_info info;
    const struct region_state_peer *known = &old.peers[i];
    if (!known->present || !ivshmem_server_peer(server->peers, i, &info) || info.pid != known->pid ||
        info.start_ticks != known->start_ticks)
      continue;
    viewer_mask |= (uint32_t)known->viewer << i;
    if (old.controller == i)
      controller = i;
  }
  viewer_control_restore(server->viewers, viewer_mask, controller);
  on_changed(server);
}

static void on_input(int socket, bool take, const char *rest, size_t bytes, void *user_data) {
  struct server *server = user_data;
  input_guard_adopt(server->input, socket, take, rest, bytes);
}

static bool open_input(struct server *server) {
  server->usb = usb_channels_create(server->loop, server->options.qemu_users);
  const struct input_guard_options options = {server->usb, server->options.qemu_users, &device_access_evdev, &host_keyboard_uinput};
  server->input = server->usb ? input_guard_create(server->loop, &options) : NULL;
  return server->input != NULL;
}

static bool open_parts(struct server *server, struct fd_store_items *items) {
  static const struct viewer_control_events viewer_events = {.changed = on_changed, .input = on_input};
  const struct ivshmem_server_options options = {&server->memory, server->options.vector_count, &peer_events, server};
  server->peers = ivshmem_server_create(server->loop, &options, items);
  if (server->peers)
    server->viewers = viewer_control_create(server->loop, server->peers, &viewer_events, server);
  return server->viewers && open_input(server) && watch_signals(server);
}

static bool start_listening(struct server *server) {
  int result = ivshmem_server_listen(server->peers, server->listeners[FD_STORE_LISTEN_REGION]);
  if (!result)
    result = viewer_control_listen(server->viewers, server->listeners[FD_STORE_LISTEN_CONTROL]);
  if (!result)
    result = usb_channels_listen(server->usb, USB_CHANNELS_INPUT, server->listeners[FD_STORE_LISTEN_USB_INPUT]);
  if (!result)
    result = usb_channels_listen(server->usb, USB_CHANNELS_AUDIO, server->listeners[FD_STORE_LISTEN_USB_AUDIO]);
  if (!result)
    result = watch_parent(server);
  if (result)
    log_error("cannot watch the sockets: %s", strerror(-result));
  return result == 0;
}

static void say_ready(const struct server *server) {
  const struct server_options *options = &server->options;
  log_info("region of %llu MiB (%s pages), %u vectors a peer, on %s", (unsigned long long)(server->memory.bytes >> 20),
           server->memory.huge_pages ? "huge" : "normal", options->vector_count, options->paths->region);
  fd_store_say_ready();
  if (options->is_private) {
    printf("ready %s\n", options->paths->region);
    fflush(stdout);
  }
}

static bool begin(struct server *server) {
  struct fd_store_items items;
  int result = fd_store_take(&items);
  if (result < 0) {
    log_error("cannot take the service manager's descriptors: %s", strerror(-result));
    return false;
  }
  if (!take_lock(server) || !open_region(server, &items))
    return false;
  if (!open_listeners(server, &items))
    return false;
  if (!open_parts(server, &items)) {
    if (errno == EBADF)
      log_error("the service manager kept only some of the running VM's eventfds: restart the VM");
    else
      log_error("cannot start: %s", strerror(errno));
    return false;
  }
  restore(server);
  if (!start_listening(server))
    return false;
  say_ready(server);
  return true;
}

struct server *server_create(const struct server_options *options) {
  struct server *server = calloc(1, sizeof *server);
  if (!server)
    return NULL;
  *server = (struct server){.options = *options, .lock = -1, .signals = -1};
  memset(server->listeners, -1, sizeof server->listeners);
  server->memory.fd = -1;
  server->state.controller = VIEWER_CONTROL_NOBODY;
  server->loop = event_loop_create(EVENT_LOOP_EPOLL); /* a privileged program that waits for rare events: the smaller interface */
  if (!server->loop)
    log_error("cannot start: %s", strerror(errno));
  if (server->loop && begin(server))
    return server;
  server_destroy(server);
  return NULL;
}

bool server_run(struct server *server) {
  int result = event_loop_run(server->loop);
  if (result)
    log_error("cannot wait for events: %s", strerror(-result));
  fd_store_say_stopping();
  return result == 0;
}

/* A VM that stays behind is remembered, so that the next server knows that it cannot begin anew. */
static void remove_files(const struct server *server) {
  for (int i = 0; i < FD_STORE_LISTENERS; i++)
    if (server->bound[i])
      unlink(path_of(server, i));
  if (server->peers && !region_state_living_guest(&server->state))
    unlink(server->options.paths->state);
}

static void close_fd(int fd) {
  if (fd >= 0)
    close(fd);
}

void server_destroy(struct server *server) {
  if (!server)
    return;
  remove_files(server);
  viewer_control_destroy(server->viewers);
  input_guard_destroy(server->input);
  usb_channels_destroy(server->usb);
  ivshmem_server_destroy(server->peers);
  event_loop_destroy(server->loop);
  if (server->memory.fd >= 0)
    region_memory_close(&server->memory);
  for (int i = 0; i < FD_STORE_LISTENERS; i++)
    close_fd(server->listeners[i]);
  close_fd(server->signals);
  close_fd(server->lock);
  free(server);
}
