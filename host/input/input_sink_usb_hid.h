/* The sink that is a USB keyboard, mouse and absolute pointer in the guest, by QEMU's `usb-redir` device: nothing to install in the guest,
 * works in firmware too.
 *
 * ready(true): the guest's driver reads the keyboard; ready(false): it no longer does (unplugged, reset, driver gone), nothing is down any
 * more and nothing is queued. Both, and leds(), come on the loop's thread, also from inside attach, connect and detach; the sink may be
 * used in them, but neither attached, detached nor destroyed. Keys that are down when the process dies, or the socket is closed by anyone,
 * are released by the guest itself: it sees an unplug. */
#ifndef TRANSOM_HOST_INPUT_INPUT_SINK_USB_HID_H
#define TRANSOM_HOST_INPUT_INPUT_SINK_USB_HID_H

#include "host/input/input_sink.h"

struct event_loop;

struct input_sink *input_sink_usb_hid_create(struct event_loop *loop); /* plugged in nowhere. NULL: out of memory */

/* Plugs it in. `connected_socket` leads to QEMU's chardev (from the input broker) and becomes the sink's, whatever happens. A sink that is
 * plugged in is unplugged first. False: out of memory. */
bool input_sink_usb_hid_attach(struct input_sink *sink, int connected_socket);

/* The same where QEMU listens (server=on): connects now, and again once a second after a loss. False: the path is too long. */
bool input_sink_usb_hid_connect(struct input_sink *sink, const char *socket_path);

/* How many game controllers the guest is to see (0 at first; at most INPUT_SINK_USB_HID_CONTROLLERS are shown). A change unplugs the whole
 * device and plugs it in again, so do it when controllers come and go, outside capture. False: fewer are shown than asked for. */
#define INPUT_SINK_USB_HID_CONTROLLERS 4
bool input_sink_usb_hid_set_controllers(struct input_sink *sink, unsigned count);

void input_sink_usb_hid_detach(struct input_sink *sink); /* an unplug */

#endif
