/* transom-serve's sockets with clients that say anything at any time, read nothing for long, and go in the middle of a line.
 *
 * Input, an operation: 1 byte (low 3 bits: what, the rest: which client), for `say` a length and so many bytes. The last clients connect to
 * the USB channels where the others connect to the region. */
#include "common/log.h"
#include "fuzz/fuzz_input.h"
#include "host/event/event_loop.h"
#include "host/serve/input_guard.h"
#include "host/serve/ivshmem_server.h"
#include "host/serve/usb_channels.h"
#include "host/serve/viewer_control.h"
#include "support/fake_input_devices.h"
#include "support/fake_login_sessions.h"

#include <linux/input-event-codes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 24u /* more than there are places */
#define USB_CLIENT 20u

struct serve {
  struct region_memory memory;
  struct event_loop *loop;
  struct ivshmem_server *server;
  struct viewer_control *control;
  struct qemu_users users;
  struct usb_channels *usb;
  struct input_guard *guard;
  int listeners[4]; /* region, control, USB */
  int clients[CLIENTS];
};

static void stay_silent(enum log_level level, const char *line, void *user_data) {
  (void)level;
  (void)line;
  (void)user_data;
}

/* The kernel chooses an abstract name: no file, and no other fuzzer is in the way. */
static int listen_somewhere(void) {
  const struct sockaddr_un address = {.sun_family = AF_UNIX};
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  fuzz_require(listener >= 0 && bind(listener, (const struct sockaddr *)&address, sizeof address.sun_family) == 0);
  fuzz_require(listen(listener, 64) == 0);
  return listener;
}

static void client_left(uint32_t id, void *user_data) {
  struct serve *serve = user_data;
  if (serve->control)
    viewer_control_peer_left(serve->control, id);
}

static void note_change(void *user_data) { (void)user_data; }

static void adopt(int socket, bool take, const char *rest, size_t bytes, void *user_data) {
  struct serve *serve = user_data;
  input_guard_adopt(serve->guard, socket, take, rest, bytes);
}

static void serve_start(struct serve *serve) {
  static const struct ivshmem_server_events events = {.changed = note_change, .left = client_left};
  const struct ivshmem_server_options options = {.memory = &serve->memory, .vector_count = 2, .events = &events, .user_data = serve};
  for (uint32_t i = 0; i < CLIENTS; i++)
    serve->clients[i] = -1;
  serve->loop = event_loop_create(EVENT_LOOP_EPOLL);
  struct fd_store_items nothing;
  fd_store_items_init(&nothing);
  serve->server = ivshmem_server_create(serve->loop, &options, &nothing);
  static const struct viewer_control_events control_events = {.changed = note_change, .input = adopt};
  serve->control = viewer_control_create(serve->loop, serve->server, &control_events, serve);
  fuzz_require(serve->loop && serve->server && serve->control);
  serve->usb = usb_channels_create(serve->loop, &serve->users);
  const struct input_guard_options guard_options = {serve->usb, &serve->users, &fake_input_device_access, &fake_host_keyboard};
  serve->guard = input_guard_create(serve->loop, &guard_options);
  fuzz_require(serve->usb && serve->guard);
  for (uint32_t i = 0; i < 4; i++)
    serve->listeners[i] = listen_somewhere();
  fuzz_require(ivshmem_server_listen(serve->server, serve->listeners[0]) == 0);
  fuzz_require(viewer_control_listen(serve->control, serve->listeners[1]) == 0);
  for (int i = 0; i < USB_CHANNELS_COUNT; i++)
    fuzz_require(usb_channels_listen(serve->usb, i, serve->listeners[2 + i]) == 0);
}

static void close_client(struct serve *serve, uint32_t client) {
  if (serve->clients[client] >= 0)
    close(serve->clients[client]);
  serve->clients[client] = -1;
}

static void serve_stop(struct serve *serve) {
  for (uint32_t i = 0; i < CLIENTS; i++)
    close_client(serve, i);
  while (event_loop_run_once(serve->loop, 0) > 0)
    continue;
  viewer_control_destroy(serve->control);
  serve->control = NULL;
  input_guard_destroy(serve->guard);
  fuzz_require(fake_input_devices_opened() == fake_input_devices_revoked());
  fuzz_require(fake_host_keyboards_open() == 0 && fake_host_keys_down() == 0);
  usb_channels_destroy(serve->usb);
  ivshmem_server_destroy(serve->server);
  event_loop_destroy(serve->loop);
  for (uint32_t i = 0; i < 4; i++)
    close(serve->listeners[i]);
}

static void connect_client(struct serve *serve, uint32_t client, int listener) {
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  close_client(serve, client);
  serve->clients[client] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  fuzz_require(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
  if (connect(serve->clients[client], (struct sockaddr *)&address, length) != 0)
    close_client(serve, client);
}

/* One client's descriptor to be said with the words of another: a socket, as a monitor's would be. -1: without. */
static void say(struct serve *serve, uint32_t client, int fd, struct fuzz_input *input) {
  const size_t wanted = fuzz_input_u8(input), length = wanted < input->bytes ? wanted : input->bytes;
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } control = {.align = {.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  struct iovec piece = {(void *)(uintptr_t)input->data, length};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
  if (fd >= 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
  }
  if (serve->clients[client] >= 0)
    (void)!sendmsg(serve->clients[client], &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  input->data += length;
  input->bytes -= length;
}

static void listen_to(const struct serve *serve, uint32_t client) {
  char bytes[512];
  if (serve->clients[client] >= 0)
    (void)!recv(serve->clients[client], bytes, sizeof bytes, MSG_DONTWAIT); /* descriptors that come with it are closed by the kernel */
}

static void operate(struct serve *serve, struct fuzz_input *input) {
  const uint8_t operation = fuzz_input_u8(input);
  const uint32_t client = operation / 8u % CLIENTS;
  switch (operation % 8) {
  case 0:
    connect_client(serve, client, serve->listeners[client < USB_CLIENT ? 0 : 2 + client % 2]);
    break;
  case 1:
    connect_client(serve, client, serve->listeners[1]);
    break;
  case 2:
    close_client(serve, client);
    break;
  case 3:
    listen_to(serve, client);
    break;
  case 4:
    if (serve->clients[client] >= 0)
      shutdown(serve->clients[client], SHUT_WR);
    break;
  case 5:
    fuzz_require(event_loop_run_once(serve->loop, 0) >= 0);
    break;
  case 6:
    say(serve, client, -1, input);
    break;
  default:
    say(serve, client, serve->clients[(client + 1) % CLIENTS], input);
    break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static struct serve serve = {.memory = {.fd = -1}};
  struct fuzz_input input = {data, bytes};
  log_set_sink(stay_silent, NULL);
  fake_login_reset(LOGIN_HERE);
  fake_input_devices_reset();
  fake_input_device_plug("/dev/input/event3", "Keyboard", INPUT_DEVICE_KEYBOARD);
  fake_key_hold(KEY_LEFTMETA, true); /* so that some presses are played */
  fake_key_hold(KEY_1, true);
  if (!serve.users.count)
    fuzz_require(qemu_users_init(&serve.users, "") == 0);
  if (serve.memory.fd < 0)
    fuzz_require(region_memory_create(&serve.memory, UINT64_C(1) << 20) == 0);
  serve_start(&serve);
  while (!fuzz_input_is_empty(&input))
    operate(&serve, &input);
  const uint32_t controller = viewer_control_controller(serve.control);
  fuzz_require(controller == VIEWER_CONTROL_NOBODY || controller < IVSHMEM_PEERS_MAX);
  serve_stop(&serve);
  return 0;
}
