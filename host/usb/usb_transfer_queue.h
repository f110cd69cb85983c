/* The guest's requests that wait at one IN endpoint, and which were answered lately. Data plane; one thread at a time. */
#ifndef TRANSOM_HOST_USB_USB_TRANSFER_QUEUE_H
#define TRANSOM_HOST_USB_USB_TRANSFER_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#define USB_TRANSFERS_MAX 64u         /* Linux keeps 1 waiting at a HID endpoint, Windows a few */
#define USB_TRANSFERS_REMEMBERED 128u /* answers that a cancellation can have crossed: all that waited, twice */

struct usb_transfer {
  uint64_t id;
  uint32_t bytes; /* room that the guest has */
};

struct usb_transfer_queue {
  struct usb_transfer waiting[USB_TRANSFERS_MAX];
  unsigned first, count;
  uint64_t answered[USB_TRANSFERS_REMEMBERED];
  unsigned answered_count; /* since the last forget() */
};

bool usb_transfer_queue_put(struct usb_transfer_queue *queue, struct usb_transfer transfer); /* false: full */
struct usb_transfer usb_transfer_queue_take(struct usb_transfer_queue *queue);               /* the first; not when empty */
bool usb_transfer_queue_withdraw(struct usb_transfer_queue *queue, uint64_t id);             /* false: does not wait */
bool usb_transfer_queue_was_answered(const struct usb_transfer_queue *queue, uint64_t id);
void usb_transfer_queue_forget(struct usb_transfer_queue *queue); /* what was answered */

#endif
