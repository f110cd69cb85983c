/* The viewer's end of transom-serve's input broker: asks for this VM's input, receives evdev descriptors and USB channels, and loses them.
 *
 * A connection of its own to control.sock (lines: host/serve/control_line.h), on the input thread's event loop, because its heartbeat must
 * prove that thread alive. Everything is called on that thread, callbacks included, which may call anything here but
 * input_broker_destroy(). One viewer at a time has the input of a VM. The connection's end, a missing heartbeat (3 s), a switched or locked
 * login session, or another viewer's `take` end it from outside: the descriptors stop working (EVIOCREVOKE: reads fail with ENODEV), the
 * USB channel is shut down, keys that were down are released in the guest.
 *
 * The server keeps a duplicate of every descriptor. So closing one ends nothing by itself: end a grab by EVIOCGRAB, and a USB channel by
 * shutdown(2), before you close it. */
#ifndef TRANSOM_HOST_LINK_INPUT_BROKER_H
#define TRANSOM_HOST_LINK_INPUT_BROKER_H

#include "host/devices/input_device.h"

#include <stdbool.h>
#include <stdint.h>

struct event_loop;
struct input_broker;

enum usb_channel { USB_CHANNEL_INPUT, USB_CHANNEL_AUDIO };

#define INPUT_BROKER_HEARTBEAT_NS UINT64_C(1000000000)
#define INPUT_BROKER_RETRY_NS UINT64_C(1000000000)
#define INPUT_BROKER_HOST_KEYS_A_HEARTBEAT 128u /* presses; far above what fingers or a volume knob can do */

struct input_broker_events {                             /* each optional; descriptors that nobody takes are closed */
  void (*granted)(void *user_data);                      /* this viewer has the VM's input; devices and channels follow */
  void (*refused)(const char *why, void *user_data);     /* busy (who has it), no right; asked again by itself while connected */
  void (*unreachable)(const char *why, void *user_data); /* no such server: nobody lends anything, and nobody guards; tried again */
  void (*devices_refused)(const char *why,
                          void *user_data); /* after granted(): no evdev for you (remote session, no rights); the USB channels come */
  void (*device_added)(int fd, const struct input_device_info *info, void *user_data); /* the descriptor is the receiver's to close */
  void (*device_removed)(const char *node, void *user_data);
  void (*usb_channel)(enum usb_channel which, int socket, void *user_data); /* QEMU's end is connected; the receiver's to close */
  void (*host_keys)(void *user_data);                                       /* input_broker_host_key() has an effect now */
  void (*host_keys_refused)(const char *why, void *user_data);              /* it has none */
  /* Everything is gone; granted() may follow. Release what is down in the guest before you return: the server is told then, and would do it
   * itself in 3 s. */
  void (*revoked)(const char *why, void *user_data);
};

/* Connects, and again once a second after a loss. `take`: at once, from whoever has it. NULL: out of memory or a path too long (errno). */
struct input_broker *input_broker_create(struct event_loop *loop, const char *control_socket, bool take,
                                         const struct input_broker_events *events, void *user_data);
void input_broker_destroy(struct input_broker *broker); /* gives the input back: release what is down first */
void input_broker_take(struct input_broker *broker);    /* the user insists */

/* For key-ups by the guard after our death: a duplicate of the connected QMP socket goes to the server, which speaks on it only when we are
 * gone. -1 = there is none any more. */
void input_broker_share_qmp(struct input_broker *broker, int qmp_socket);

/* What is down in the guest through QMP, in memory that the guard can read after our death: set *before* the press is sent, cleared after
 * the release was. Data plane: no system call. Pages 0x07, 0x0c, 0x01 (keys) and 0x09 (buttons). */
void input_broker_mark(struct input_broker *broker, uint16_t page, uint16_t usage, bool down);

/* A key that a lent device reported, for the host: the server plays it there if it is down on that device now, and releases it always.
 * Before host_keys() and after revoked() nothing happens. A server that does not listen is left: revoked() follows. Data plane: one system
 * call, which does not wait. */
void input_broker_host_key(struct input_broker *broker, uint16_t page, uint16_t usage, bool down);

#endif
