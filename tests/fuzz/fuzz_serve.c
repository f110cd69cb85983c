/* transom-serve's two sockets with clients that say anything at any time, read nothing for long, and go in the middle of a line.
 *
 * Input, an operation: 1 byte (low 3 bits: what, the rest: which client), for `say` a length and so many bytes. */
#include "common/log.h"
#include "fuzz/fuzz_input.h"
#include "host/event/event_loop.h"
#include "host/serve/ivshmem_server.h"
#include "host/serve/viewer_control.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 24u /* more than there are places */

struct serve {
  struct region_memory memory;
  struct event_loop *loop;
  struct ivshmem_server *server;
  struct viewer_control *control;
  int listeners[2];
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

static void serve_start(struct serve *serve) {
  static const struct ivshmem_server_events events = {.changed = note_change, .left = client_left};
  const struct ivshmem_server_options options = {.memory = &serve->memory, .vector_count = 2, .events = &events, .user_data = serve};
  for (uint32_t i = 0; i < CLIENTS; i++)
    serve->clients[i] = -1;
  serve->loop = event_loop_create(EVENT_LOOP_EPOLL);
  struct fd_store_items nothing;
  fd_store_items_init(&nothing);
  serve->server = ivshmem_server_create(serve->loop, &options, &nothing);
  serve->control = viewer_control_create(serve->loop, serve->server, note_change, serve);
  fuzz_require(serve->loop && serve->server && serve->control);
  for (uint32_t i = 0; i < 2; i++)
    serve->listeners[i] = listen_somewhere();
  fuzz_require(ivshmem_server_listen(serve->server, serve->listeners[0]) == 0);
  fuzz_require(viewer_control_listen(serve->control, serve->listeners[1]) == 0);
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
  ivshmem_server_destroy(serve->server);
  event_loop_destroy(serve->loop);
  close(serve->listeners[0]);
  close(serve->listeners[1]);
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

static void say(struct serve *serve, uint32_t client, struct fuzz_input *input) {
  const size_t wanted = fuzz_input_u8(input), length = wanted < input->bytes ? wanted : input->bytes;
  if (serve->clients[client] >= 0)
    (void)!send(serve->clients[client], input->data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
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
  case 1:
    connect_client(serve, client, serve->listeners[operation % 8]);
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
  default:
    say(serve, client, input);
    break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static struct serve serve = {.memory = {.fd = -1}};
  struct fuzz_input input = {data, bytes};
  log_set_sink(stay_silent, NULL);
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
