/* QEMU's bytes on a usb-redir socket, in pieces of any size, with keys and motion in between, against the whole USB sink. Whatever comes,
 * the sink lives on: the same bytes again, behind a new connection, do the same. */
#include "fuzz/fuzz_input.h"
#include "host/event/event_loop.h"
#include "host/input/input_event.h"
#include "host/input/input_sink_usb_hid.h"

#include "common/log.h"
#include "support/manual_event_loop.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECES_MAX 256

static void drain(int socket) {
  char bytes[4096];
  while (recv(socket, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
    ;
}

static void use(struct input_sink *sink, unsigned step) {
  sink->impl->key(sink, INPUT_PAGE_KEYBOARD, (uint16_t)(4 + step % 8), step % 16 < 8);
  sink->impl->relative(sink, (int32_t)step * 1000, -1);
  sink->impl->button(sink, (enum input_button)(step % INPUT_BUTTONS), step % 32 < 16);
  sink->impl->wheel(sink, 40, -50);
  sink->impl->absolute(sink, (int32_t)step, 2);
  sink->impl->controller(sink, (uint8_t)(step % 6), INPUT_PAGE_BUTTON, (uint16_t)(step % 40), step % 3 == 0);
  sink->impl->controller(sink, 1, INPUT_PAGE_DESKTOP, (uint16_t)(0x2e + step % 16), (int32_t)step * -2000);
}

static void feed(struct event_loop *loop, struct input_sink *sink, struct fuzz_input input) {
  int sockets[2];
  fuzz_require(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  fuzz_require(input_sink_usb_hid_attach(sink, sockets[0]));
  for (unsigned piece = 0; piece < PIECES_MAX && !fuzz_input_is_empty(&input); piece++) {
    uint8_t bytes[256];
    size_t count = 1 + fuzz_input_u8(&input) % sizeof(bytes);
    for (size_t i = 0; i < count; i++)
      bytes[i] = fuzz_input_u8(&input);
    if (send(sockets[1], bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
      break;
    manual_event_loop_settle(loop);
    use(sink, piece);
    manual_event_loop_advance(loop, UINT64_C(8000000));
    drain(sockets[1]);
  }
  sink->impl->reset(sink);
  close(sockets[1]);
  manual_event_loop_settle(loop);
}

static void on_line(enum log_level level, const char *line, void *user_data) { (void)level, (void)line, (void)user_data; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  log_set_sink(on_line, NULL);
  struct event_loop *loop = event_loop_create(EVENT_LOOP_AUTO);
  struct input_sink *sink = input_sink_usb_hid_create(loop);
  for (unsigned connection = 0; connection < 2; connection++) {
    input_sink_usb_hid_set_controllers(sink, 3 * connection);
    feed(loop, sink, (struct fuzz_input){data, bytes});
  }
  sink->impl->destroy(sink);
  event_loop_destroy(loop);
  return 0;
}
