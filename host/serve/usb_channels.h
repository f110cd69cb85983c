/* The VM's USB channels: usb-input.sock and usb-audio.sock, to which QEMU's usb-redir devices connect, and connect again a second after
 * they lost us (reconnect=1).
 *
 * A connected socket waits unread until it is leased to the viewer that has the VM's input; then the viewer speaks usb-redir on it, with no
 * hop in between, while our duplicate can still end it: the guest sees an unplug and lets go of every key. One QEMU a channel; a second one
 * is turned away. On one event loop, whose thread calls everything. Nothing here survives a restart of the server, because QEMU comes
 * back by itself. */
#ifndef TRANSOM_HOST_SERVE_USB_CHANNELS_H
#define TRANSOM_HOST_SERVE_USB_CHANNELS_H

#include "host/serve/qemu_users.h"

#include <stdbool.h>

struct event_loop;
struct usb_channels;

enum { USB_CHANNELS_INPUT, USB_CHANNELS_AUDIO, USB_CHANNELS_COUNT };

/* `users` outlive it. NULL: out of memory. */
struct usb_channels *usb_channels_create(struct event_loop *loop, const struct qemu_users *users);
void usb_channels_destroy(struct usb_channels *channels);

/* Whom to tell that QEMU's end of `channel` is there and may be leased. */
void usb_channels_set_connected(struct usb_channels *channels, void (*connected)(int channel, void *user_data), void *user_data);

/* Accepts on `listener`, which stays the caller's. 0 or -errno. */
int usb_channels_listen(struct usb_channels *channels, int channel, int listener);

/* The socket, to be sent to a viewer; it stays ours. -1: QEMU is not connected, or it is leased already. */
int usb_channels_lease(struct usb_channels *channels, int channel);

void usb_channels_end_leases(struct usb_channels *channels); /* every leased channel is shut down, whoever holds copies of it */

#endif
