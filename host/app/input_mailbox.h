/* Carries what happens in the window from the main thread to the input thread.
 *
 * A bounded queue of one producer and one consumer; neither ever waits. When it is full, what comes is dropped and the consumer is told: it
 * releases everything, so that a lost release cannot leave a key pressed. Data plane: no allocation, lock or log. */
#ifndef TRANSOM_HOST_APP_INPUT_MAILBOX_H
#define TRANSOM_HOST_APP_INPUT_MAILBOX_H

#include "host/input/input_capture.h"
#include "host/input/input_event.h"

#include <stddef.h>

struct input_mailbox;

struct input_mailbox_readers {
  void (*report)(const struct input_event *events, size_t count, void *user_data);
  void (*step)(enum capture_event event, int note, uint64_t time_ns, void *user_data); /* enum input_note */
  void (*overflowed)(void *user_data);                                                 /* something was lost */
};

struct input_mailbox *input_mailbox_create(void); /* NULL: out of memory */
void input_mailbox_destroy(struct input_mailbox *mailbox);

/* The producer's. False: full. A report has at most INPUT_REPORT_EVENTS_MAX events and is delivered whole or not at all. */
bool input_mailbox_report(struct input_mailbox *mailbox, const struct input_event *events, size_t count);
bool input_mailbox_step(struct input_mailbox *mailbox, enum capture_event event, int note, uint64_t time_ns);

void input_mailbox_drain(struct input_mailbox *mailbox, const struct input_mailbox_readers *readers, void *user_data); /* the consumer's */

#endif
