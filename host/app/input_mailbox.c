#include "host/app/input_mailbox.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ENTRIES 4096u /* a power of two: half a second of an 8 kHz mouse of 2 axes, while the other thread is held up */

struct entry {
  struct input_event event; /* its time, if it is a step */
  bool is_step, more;       /* more: the report goes on in the next entry */
  uint8_t step, note;
};

struct input_mailbox {
  atomic_bool overflowed;
  _Alignas(64) atomic_uint produced; /* free-running */
  _Alignas(64) atomic_uint consumed;
  struct entry entries[ENTRIES];
};

struct input_mailbox *input_mailbox_create(void) {
  struct input_mailbox *mailbox = aligned_alloc(64, (sizeof *mailbox + 63) / 64 * 64);
  if (mailbox)
    *mailbox = (struct input_mailbox){0};
  return mailbox;
}

void input_mailbox_destroy(struct input_mailbox *mailbox) { free(mailbox); }

/* Room for `count` entries from here, or false. */
static bool reserve(struct input_mailbox *mailbox, size_t count, unsigned *produced) {
  *produced = atomic_load_explicit(&mailbox->produced, memory_order_relaxed);
  /* Pairs with the release in input_mailbox_drain(): the places are free. */
  unsigned used = *produced - atomic_load_explicit(&mailbox->consumed, memory_order_acquire);
  if (count <= ENTRIES - used)
    return true;
  atomic_store(&mailbox->overflowed, true);
  return false;
}

bool input_mailbox_report(struct input_mailbox *mailbox, const struct input_event *events, size_t count) {
  unsigned produced;
  assert(count <= INPUT_REPORT_EVENTS_MAX);
  if (!reserve(mailbox, count, &produced))
    return false;
  for (size_t i = 0; i < count; i++)
    mailbox->entries[(produced + i) % ENTRIES] = (struct entry){.event = events[i], .more = i + 1 < count};
  /* Pairs with the acquire in input_mailbox_drain(): the entries are whole. */
  atomic_store_explicit(&mailbox->produced, produced + (unsigned)count, memory_order_release);
  return true;
}

bool input_mailbox_step(struct input_mailbox *mailbox, enum capture_event event, int note, uint64_t time_ns) {
  unsigned produced;
  if (!reserve(mailbox, 1, &produced))
    return false;
  mailbox->entries[produced % ENTRIES] =
      (struct entry){.event.time_ns = time_ns, .is_step = true, .step = (uint8_t)event, .note = (uint8_t)note};
  /* As in input_mailbox_report(). */
  atomic_store_explicit(&mailbox->produced, produced + 1, memory_order_release);
  return true;
}

/* Number of entries taken: a step, or a report. */
static unsigned deliver(struct input_mailbox *mailbox, unsigned at, const struct input_mailbox_readers *readers, void *user_data) {
  struct input_event events[INPUT_REPORT_EVENTS_MAX];
  const struct entry *entry = &mailbox->entries[at % ENTRIES];
  if (entry->is_step) {
    readers->step((enum capture_event)entry->step, entry->note, entry->event.time_ns, user_data);
    return 1;
  }
  unsigned count = 0;
  do {
    entry = &mailbox->entries[(at + count) % ENTRIES];
    events[count++] = entry->event;
  } while (entry->more);
  readers->report(events, count, user_data);
  return count;
}

void input_mailbox_drain(struct input_mailbox *mailbox, const struct input_mailbox_readers *readers, void *user_data) {
  unsigned consumed = atomic_load_explicit(&mailbox->consumed, memory_order_relaxed);
  bool overflowed = atomic_exchange(&mailbox->overflowed, false); /* before the queue: what was lost came after what waits in it */
  /* Pairs with the release in input_mailbox_report() and input_mailbox_step(). */
  unsigned produced = atomic_load_explicit(&mailbox->produced, memory_order_acquire);
  while (consumed != produced)
    consumed += deliver(mailbox, consumed, readers, user_data);
  /* Pairs with the acquire in reserve(): these places are free again. */
  atomic_store_explicit(&mailbox->consumed, consumed, memory_order_release);
  if (overflowed)
    readers->overflowed(user_data);
}
