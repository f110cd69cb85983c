/* A USB device that this process plays in the guest: it speaks usb-redir (usbredir's docs/usb-redir-protocol.md, as the side that has the
 * device) with QEMU's `usb-redir` device, over a stream socket.
 *
 * Threads: that of the event loop. Detaching is closing the socket: QEMU unplugs the device, and the guest releases every key.
 *
 * Transfers are pulled. QEMU asks for interrupt endpoints once ("start receiving") and then queues up to 2000 packets for a guest that does
 * not poll, and throws packets away beyond, key releases as well. So interrupt IN endpoints are announced to QEMU as bulk: then each of the
 * guest's transfers comes to us as a request with a number and is answered when there is something to say. The guest never sees the
 * difference, its driver reads the descriptors. What QEMU queues for a guest that stands still is nothing.
 *
 * The data plane (kick, and requests as they come) allocates one block a packet, inside libusbredirparser. */
#ifndef TRANSOM_HOST_USB_USB_REDIR_DEVICE_H
#define TRANSOM_HOST_USB_USB_REDIR_DEVICE_H

#include "host/usb/usb_function.h"

struct event_loop;
struct usb_redir_device;

/* `descriptors` and `impl` stay the caller's and must outlive the device. NULL: out of memory. */
struct usb_redir_device *usb_redir_device_create(struct event_loop *loop, const struct usb_descriptors *descriptors,
                                                 const struct usb_function_impl *impl, void *function);
void usb_redir_device_destroy(struct usb_redir_device *device); /* not from inside an entry of `impl` */

/* The other end is QEMU's chardev. The descriptor becomes the device's, whatever happens; an attached one is detached first. False: out of
 * memory. */
bool usb_redir_device_attach(struct usb_redir_device *device, int connected_socket);

/* QEMU listens at `path` (server=on): connects now, and again once a second after a loss. False: the path is too long. */
bool usb_redir_device_attach_path(struct usb_redir_device *device, const char *path);

/* Unplugs it, calls `change` (which may change what the descriptors say), and plugs it in again behind the same socket. */
void usb_redir_device_replug(struct usb_redir_device *device, void (*change)(void *user_data), void *user_data);

void usb_redir_device_detach(struct usb_redir_device *device); /* an unplug; also forgets the path */

/* There may be something to give at this IN endpoint. Data plane. */
void usb_redir_device_kick(struct usb_redir_device *device, uint8_t endpoint);

#endif
