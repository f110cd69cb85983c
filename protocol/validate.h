/* The gate: what a guest wrote becomes what the host may use. Each record is copied once and only the copy is checked and used.
 *
 * The guest is hostile: every offset, size, count, pitch, rectangle and enum is bounded here against the mapped size, in 64-bit
 * arithmetic. Nothing outside this file, ring.*, cursor.*, clock_cell.* and frame_*.c dereferences guest-written memory.
 * Threads: pure functions of their arguments; any thread. Errors: -errno as stated; out-parameters are written only on success. */
#ifndef TRANSOM_PROTOCOL_VALIDATE_H
#define TRANSOM_PROTOCOL_VALIDATE_H

#include "protocol/layout.h"
#include "protocol/version.h"

#include <errno.h>
#ifndef __cplusplus
#include <stdbool.h>
#endif

#ifndef ESTALE
#define ESTALE 10070 /* Windows' C library lacks it: the value of WSAESTALE */
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A head's frame queue after the check. Pointers lead into the mapping and are valid as long as that is mapped. */
struct transom_queue_view {
  uint32_t slot_count;
  uint32_t descriptor_bytes, progress_bytes, history_bytes, history_count;
  uint64_t slot_bytes;
  volatile struct transom_newest *newest;
  volatile uint64_t *revoked; /* [TRANSOM_CONSUMERS_MAX] */
  volatile uint8_t *descriptors;
  volatile uint8_t *progress;
  volatile uint8_t *history; /* NULL when history_count is 0 */
  volatile uint8_t *slots;
};

struct transom_cursor_view {
  uint32_t shape_count;
  uint32_t state_bytes, shape_bytes, shape_record_bytes;
  volatile uint8_t *state;
  volatile uint8_t *shapes;
};

struct transom_ring_view {
  volatile struct transom_ring_line *producer;
  volatile struct transom_ring_line *consumer;
  volatile uint8_t *data;
  uint32_t data_bytes; /* a power of two */
};

/* Everything that a side needs to know of a formatted region. Plain data, private to its owner. A NULL pointer inside a part = the agent
 * does not have that section. */
struct transom_region {
  volatile uint8_t *base;
  uint64_t mapped_bytes;
  uint64_t epoch;
  uint16_t layout_minor;
  uint64_t features_offered;
  char agent_name[32]; /* ends with 0, printable ASCII or '?' */
  char guest_name[32];
  volatile struct transom_header *header;
  volatile struct transom_host_area *host;
  volatile struct transom_agent_status *status;
  uint32_t head_count; /* heads 0 .. head_count-1 have a queue and slots */
  struct transom_queue_view queues[TRANSOM_HEADS_MAX];
  struct transom_cursor_view cursors[TRANSOM_HEADS_MAX];
  struct transom_ring_view to_host[TRANSOM_CHANNELS];
  struct transom_ring_view to_guest[TRANSOM_CHANNELS];
  volatile struct transom_clock_reply *clock_replies; /* [TRANSOM_CONSUMERS_MAX] */
};

/* Attaches to what an agent has formatted. `base` is mapped read-write, page-aligned, `mapped_bytes` long.
 *   -EAGAIN     not formatted, or being formatted: try again later. `*compatibility` tells blank from foreign
 *   -EPROTO     another major or a missing feature: `*compatibility` says which (always written)
 *   -EBADMSG    a header, table or section that no honest agent writes
 *   -EINVAL     the mapping itself is too small, too large or misaligned */
int validate_attach(volatile void *base, uint64_t mapped_bytes, uint64_t features_known, struct transom_region *region,
                    enum transom_compatibility *compatibility);

/* Is the epoch still the one that was attached to? Called before every write to the host area. */
bool validate_epoch(const struct transom_region *region);

/* Checks a private copy of a descriptor, as record_read() made it, against its queue. 0, or -EBADMSG. Damage is clipped by nobody: a
 * rectangle that leaves the picture makes the descriptor bad, even beside TRANSOM_FRAME_FULL_DAMAGE. */
int validate_descriptor(const struct transom_descriptor *copy, const struct transom_queue_view *queue);

/* Checks a private copy of a history entry for a picture of width x height. 0, or -EBADMSG. */
int validate_history(const struct transom_damage_history *copy, uint32_t width, uint32_t height);

/* Checks a private copy of a cursor shape's record. 0, or -EBADMSG. */
int validate_cursor_shape(const struct transom_cursor_shape *copy, const struct transom_cursor_view *cursor);

/* Bytes per pixel of a format, 0 when it is unknown. */
uint32_t validate_format_bytes(uint32_t format);

#ifdef __cplusplus
}
#endif
#endif
