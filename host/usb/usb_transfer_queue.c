#include "host/usb/usb_transfer_queue.h"

#include <assert.h>

static struct usb_transfer *at(struct usb_transfer_queue *queue, unsigned index) {
  return &queue->waiting[(queue->first + index) % USB_TRANSFERS_MAX];
}

bool usb_transfer_queue_put(struct usb_transfer_queue *queue, struct usb_transfer transfer) {
  if (queue->count == USB_TRANSFERS_MAX)
    return false;
  *at(queue, queue->count++) = transfer;
  return true;
}

struct usb_transfer usb_transfer_queue_take(struct usb_transfer_queue *queue) {
  assert(queue->count > 0);
  const struct usb_transfer transfer = *at(queue, 0);
  queue->first++;
  queue->count--;
  queue->answered[queue->answered_count++ % USB_TRANSFERS_REMEMBERED] = transfer.id;
  return transfer;
}

bool usb_transfer_queue_withdraw(struct usb_transfer_queue *queue, uint64_t id) {
  unsigned i = 0;
  while (i < queue->count && at(queue, i)->id != id)
    i++;
  if (i == queue->count)
    return false;
  for (; i + 1 < queue->count; i++)
    *at(queue, i) = *at(queue, i + 1);
  queue->count--;
  return true;
}

bool usb_transfer_queue_was_answered(const struct usb_transfer_queue *queue, uint64_t id) {
  for (unsigned i = 0; i < USB_TRANSFERS_REMEMBERED && i < queue->answered_count; i++)
    if (queue->answered[i] == id)
      return true;
  return false;
}

void usb_transfer_queue_forget(struct usb_transfer_queue *queue) { queue->answered_count = 0; }
