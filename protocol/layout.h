/* What lies where in a region: every structure on the wire, its size and offsets asserted once.
 *
 * A region is the shared memory of one VM: an IVSHMEM BAR in the guest, a memfd or file on the host. All numbers are little-endian,
 * all offsets are in bytes from the start of the region unless they say otherwise, all times are nanoseconds, all rectangles are in
 * pixels with the origin at the top left. Host-written and guest-written cache lines never mix ("one writer per cache line").
 * Bounds and the reasons for them: docs/protocol.md. Valid C11 and C++17. */
#ifndef TRANSOM_PROTOCOL_LAYOUT_H
#define TRANSOM_PROTOCOL_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define TRANSOM_ASSERT(condition, text) static_assert(condition, text)
#else
#define TRANSOM_ASSERT(condition, text) _Static_assert(condition, text)
#endif
#define TRANSOM_ASSERT_SIZE(type, size) TRANSOM_ASSERT(sizeof(type) == (size), #type " has another size on the wire")
#define TRANSOM_ASSERT_AT(type, field, offset) TRANSOM_ASSERT(offsetof(type, field) == (offset), #type "." #field " moved")

/* ---- limits ---- */
#define TRANSOM_MAGIC UINT64_C(0x314d4f534e415254) /* "TRANSOM1" as bytes */
#define TRANSOM_LAYOUT_MAJOR 1u
#define TRANSOM_LAYOUT_MINOR 0u
#define TRANSOM_LINE_BYTES 64u
#define TRANSOM_REGION_BYTES_MIN (UINT64_C(1) << 20)
#define TRANSOM_REGION_BYTES_MAX (UINT64_C(1) << 34)
#define TRANSOM_SECTIONS_MAX 128u
#define TRANSOM_HEADS_MAX 8u
#define TRANSOM_CONSUMERS_MAX 16u /* also the highest number of ivshmem peers: a peer's id is the index of its consumer line */
#define TRANSOM_SLOTS_MIN 2u
#define TRANSOM_SLOTS_MAX 16u
#define TRANSOM_SLOT_ALIGN 65536u /* placement of a D3D12 heap */
#define TRANSOM_PITCH_ALIGN 256u  /* row pitch of a D3D12 footprint */
#define TRANSOM_WIDTH_MAX 16384u
#define TRANSOM_HEIGHT_MAX 16384u
#define TRANSOM_DAMAGE_MAX 32u
#define TRANSOM_TRIAL_BYTES 4096u /* of the trial block, for each consumer: part n belongs to line n */
#define TRANSOM_HISTORY_MAX 64u
#define TRANSOM_RECORD_BYTES_MAX 1024u /* any descriptor, progress or history record, now or in a newer minor */
#define TRANSOM_CURSOR_EDGE_MAX 256u
#define TRANSOM_CURSOR_SHAPES 3u
#define TRANSOM_SEQUENCE_BITS 40u /* at 1000 frames a second: 34 years an epoch */
#define TRANSOM_SEQUENCE_MAX ((UINT64_C(1) << TRANSOM_SEQUENCE_BITS) - 1)
#define TRANSOM_HOLD_SILENT_NS UINT64_C(2000000000)
#define TRANSOM_HEARTBEAT_NS UINT64_C(500000000)   /* the agent's heartbeat, and a holding consumer's */
#define TRANSOM_AGENT_LOST_NS UINT64_C(3000000000) /* no heartbeat for this long: the agent is lost */

/* ---- header: at 0, written by the guest ---- */
enum transom_feature { /* bits, both ways; an unknown bit is ignored unless it stands in features_required */
                       TRANSOM_FEATURE_BANDS = 1u << 0,
                       TRANSOM_FEATURE_DAMAGE = 1u << 1,
                       TRANSOM_FEATURE_HISTORY = 1u << 2,
                       TRANSOM_FEATURE_CURSOR = 1u << 3,
                       TRANSOM_FEATURE_CLOCK = 1u << 4,
                       TRANSOM_FEATURE_DOORBELL = 1u << 5,
                       TRANSOM_FEATURE_MESSAGES = 1u << 6,
                       TRANSOM_FEATURE_CLIPBOARD = 1u << 7,
};
#define TRANSOM_FEATURES_KNOWN UINT64_C(0xff)

struct transom_header {
  uint64_t magic; /* stored last; 0 while the agent formats */
  uint64_t epoch; /* random, never 0 once formatted; stored as 0 first when the agent formats anew */
  uint16_t layout_major;
  uint16_t layout_minor;
  uint32_t header_bytes; /* of this structure as the agent knows it: shorter = older, the rest reads as 0 */
  uint64_t region_bytes;
  uint32_t section_table_offset;
  uint16_t section_count;
  uint16_t section_entry_bytes;
  uint64_t features_offered;
  uint64_t features_required; /* a consumer that lacks one of these must not attach */
  uint32_t host_area_offset;
  uint32_t host_area_bytes;
  char agent_name[32]; /* UTF-8, ends with 0: "transom-agent 0.1.0" */
  char guest_name[32]; /* UTF-8, ends with 0: the guest's host name */
};
TRANSOM_ASSERT_SIZE(struct transom_header, 128);
TRANSOM_ASSERT_AT(struct transom_header, epoch, 8);
TRANSOM_ASSERT_AT(struct transom_header, section_table_offset, 32);
TRANSOM_ASSERT_AT(struct transom_header, features_offered, 40);
TRANSOM_ASSERT_AT(struct transom_header, host_area_offset, 56);
TRANSOM_ASSERT_AT(struct transom_header, agent_name, 64);
#define TRANSOM_HEADER_BYTES_MIN 64u /* layout 1.0 without the names */

/* ---- section table: written by the guest ---- */
enum transom_section_type {
  TRANSOM_SECTION_AGENT_STATUS = 1,  /* struct transom_agent_status */
  TRANSOM_SECTION_FRAME_QUEUE = 2,   /* instance = head; struct transom_frame_queue and what it points to */
  TRANSOM_SECTION_FRAME_SLOTS = 3,   /* instance = head; the pixels */
  TRANSOM_SECTION_CURSOR = 4,        /* instance = head; struct transom_cursor and the shapes */
  TRANSOM_SECTION_RING_TO_HOST = 5,  /* instance = channel; struct transom_guest_ring, then the data */
  TRANSOM_SECTION_RING_TO_GUEST = 6, /* instance = channel; the guest's half: struct transom_guest_ring without data */
  TRANSOM_SECTION_CLOCK = 7,         /* struct transom_clock_reply [TRANSOM_CONSUMERS_MAX] */
};

#define TRANSOM_SECTION_MAJOR 1u /* of every section type so far */
struct transom_section {
  uint32_t type;
  uint32_t instance;
  uint16_t version_major; /* of this section alone; an unknown major is treated as a missing section */
  uint16_t version_minor;
  uint32_t flags; /* reserved, 0 */
  uint64_t offset;
  uint64_t bytes;
};
TRANSOM_ASSERT_SIZE(struct transom_section, 32);
TRANSOM_ASSERT_AT(struct transom_section, offset, 16);

/* ---- host area: fixed place and size for a whole major version, written by the host ---- */
#define TRANSOM_HOST_AREA_OFFSET 65536u
#define TRANSOM_HOST_AREA_BYTES 262144u
#define TRANSOM_GUEST_AREA_OFFSET (TRANSOM_HOST_AREA_OFFSET + TRANSOM_HOST_AREA_BYTES)

/* One consumer's line, written by that consumer alone (by transom-serve once it is dead). The guest reads it whole. */
struct transom_consumer_line {
  uint64_t epoch;       /* that this consumer has joined; 0 = free; anything else than the header's = not a consumer */
  uint64_t hold;        /* transom_hold_word(); 0 = none */
  uint32_t armed_frame; /* token: "ring vector 0 once for this token" when wake_mask matches; 0 = awake */
  uint32_t armed_event; /* token for vector 1: messages, status, clock */
  uint32_t wake_mask;   /* enum transom_wake: what the two tokens wait for */
  uint32_t peer_id;     /* ivshmem peer to ring; TRANSOM_PEER_NONE = polls */
  uint64_t heartbeat;   /* moves at least every TRANSOM_HEARTBEAT_NS while a hold is up, by the thread that holds */
  uint64_t features;    /* accepted, a subset of features_offered */
  uint64_t seen;        /* newest sequence this consumer has finished with: information only */
  uint32_t head;        /* the head that it watches; watching two heads takes two lines */
  uint32_t reserved;
};
TRANSOM_ASSERT_SIZE(struct transom_consumer_line, 64);
TRANSOM_ASSERT_AT(struct transom_consumer_line, hold, 8);
TRANSOM_ASSERT_AT(struct transom_consumer_line, armed_frame, 16);
TRANSOM_ASSERT_AT(struct transom_consumer_line, heartbeat, 32);
#define TRANSOM_PEER_NONE UINT32_C(0xffffffff)

enum transom_vector { TRANSOM_VECTOR_FRAME = 0, TRANSOM_VECTOR_EVENT = 1, TRANSOM_VECTORS = 2 };
enum transom_wake {
  TRANSOM_WAKE_ANNOUNCED = 1u << 0, /* vector 0: a frame was announced */
  TRANSOM_WAKE_BAND = 1u << 1,      /* vector 0: rows-valid moved */
  TRANSOM_WAKE_COMPLETE = 1u << 2,  /* vector 0: a frame is complete */
  TRANSOM_WAKE_CURSOR = 1u << 3,    /* vector 0: the cursor moved or changed */
  TRANSOM_WAKE_MESSAGE = 1u << 8,   /* vector 1: a ring moved, in either direction */
  TRANSOM_WAKE_STATUS = 1u << 9,    /* vector 1: the agent's state changed (not its heartbeat) */
  TRANSOM_WAKE_CLOCK = 1u << 10,    /* vector 1: the clock cell was answered */
};
#define TRANSOM_WAKE_FRAME_MASK UINT32_C(0x00ff)
#define TRANSOM_WAKE_EVENT_MASK UINT32_C(0xff00)

/* Half of a message ring: the indices that one side writes. The two sides' halves lie in different areas. */
struct transom_ring_line {
  uint32_t session; /* chosen by the host's controller; 0 = none. Both halves equal = the ring is open */
  uint32_t index;   /* free-running, bytes: written by a producer, read by a consumer. Starts at 0 each session */
  uint8_t reserved[56];
};
TRANSOM_ASSERT_SIZE(struct transom_ring_line, 64);

enum transom_channel { TRANSOM_CHANNEL_CONTROL = 0, TRANSOM_CHANNEL_CLIPBOARD = 1, TRANSOM_CHANNELS = 2 };
#define TRANSOM_RING_CONTROL_BYTES 16384u   /* a power of two, either direction */
#define TRANSOM_RING_CLIPBOARD_BYTES 65536u /* a power of two, either direction */

struct transom_clock_request { /* by a consumer, in its own line */
  uint64_t sequence;           /* stored last; the guest answers each once */
  uint64_t sent_ns;            /* host CLOCK_MONOTONIC_RAW: t1. The guest does not need it */
  uint8_t reserved[48];
};
TRANSOM_ASSERT_SIZE(struct transom_clock_request, 64);

struct transom_host_area {
  uint8_t server[4096]; /* transom-serve's own use */
  struct transom_consumer_line consumers[TRANSOM_CONSUMERS_MAX];
  struct transom_clock_request clocks[TRANSOM_CONSUMERS_MAX];
  struct transom_ring_line to_host[TRANSOM_CHANNELS];  /* the host reads: its index of bytes consumed */
  struct transom_ring_line to_guest[TRANSOM_CHANNELS]; /* the host writes: its index of bytes produced */
  uint8_t reserved0[1792];
  uint8_t to_guest_control[TRANSOM_RING_CONTROL_BYTES];
  uint8_t to_guest_clipboard[TRANSOM_RING_CLIPBOARD_BYTES];
  uint8_t reserved1[106496];
  uint8_t trial[65536]; /* host-written: proves that an imported mapping really is this memory */
};
TRANSOM_ASSERT_SIZE(struct transom_host_area, TRANSOM_HOST_AREA_BYTES);
TRANSOM_ASSERT_AT(struct transom_host_area, consumers, 4096);
TRANSOM_ASSERT_AT(struct transom_host_area, clocks, 5120);
TRANSOM_ASSERT_AT(struct transom_host_area, to_host, 6144);
TRANSOM_ASSERT_AT(struct transom_host_area, to_guest, 6272);
TRANSOM_ASSERT_AT(struct transom_host_area, to_guest_control, 8192);
TRANSOM_ASSERT_AT(struct transom_host_area, to_guest_clipboard, 24576);
TRANSOM_ASSERT_AT(struct transom_host_area, trial, 196608);

/* ---- agent status ---- */
enum transom_agent_state {
  TRANSOM_AGENT_STARTING = 1,
  TRANSOM_AGENT_RUNNING = 2,
  TRANSOM_AGENT_NO_DISPLAY = 3, /* no active output: nothing to capture */
  TRANSOM_AGENT_UNREADABLE = 4, /* there is a screen, but not in a form that we can read; the text says why */
  TRANSOM_AGENT_STOPPED = 5,    /* said goodbye */
};

struct transom_agent_status {
  uint64_t heartbeat;      /* a line of its own: moves every TRANSOM_HEARTBEAT_NS, consumer or not */
  uint64_t frames_skipped; /* no slot was free */
  uint64_t holds_revoked;
  uint8_t reserved0[40];
  uint64_t sequence_first; /* a record as descriptors are: see docs/protocol.md, "records" */
  uint32_t state;          /* enum transom_agent_state */
  uint32_t reserved1;
  char text[168]; /* UTF-8, ends with 0: one line for the user */
  uint64_t sequence_last;
};
TRANSOM_ASSERT_SIZE(struct transom_agent_status, 256);
TRANSOM_ASSERT_AT(struct transom_agent_status, sequence_first, 64);
TRANSOM_ASSERT_AT(struct transom_agent_status, sequence_last, 248);

/* ---- frame queue ---- */
enum transom_format { /* bytes in memory order; alpha is undefined and ignored */
                      TRANSOM_FORMAT_BGRA8 = 1,
                      TRANSOM_FORMAT_RGBA8 = 2,
                      TRANSOM_FORMAT_RGB10A2 = 3, /* red in the low ten bits; PQ when the flag says so */
                      TRANSOM_FORMAT_RGBA16F = 4, /* scRGB, linear */
                                                  /* 0x100 and up: packed and compressed formats, in a later minor */
};

struct transom_frame_queue { /* fixed for an epoch */
  uint32_t head;
  uint32_t slot_count;
  uint32_t words_offset; /* this and the next four: from the start of the section */
  uint32_t revoked_offset;
  uint32_t descriptors_offset;
  uint32_t progress_offset;
  uint32_t history_offset;
  uint32_t descriptor_bytes; /* of one record, a multiple of 8; the array's stride */
  uint32_t progress_bytes;
  uint32_t history_bytes;
  uint32_t history_count; /* entries; 0 = no history */
  uint32_t flags;         /* reserved, 0 */
  uint64_t slots_offset;  /* from the start of the region, aligned to TRANSOM_SLOT_ALIGN */
  uint64_t slot_bytes;    /* a multiple of TRANSOM_SLOT_ALIGN */
};
TRANSOM_ASSERT_SIZE(struct transom_frame_queue, 64);
TRANSOM_ASSERT_AT(struct transom_frame_queue, slots_offset, 48);

struct transom_newest { /* a line of its own */
  uint64_t announced;   /* transom_frame_word(); 0 = none yet */
  uint64_t complete;
  uint8_t reserved[48];
};
TRANSOM_ASSERT_SIZE(struct transom_newest, 64);

struct transom_rect {
  uint16_t x, y, width, height;
};
TRANSOM_ASSERT_SIZE(struct transom_rect, 8);

enum transom_frame_flag {
  TRANSOM_FRAME_FULL_DAMAGE = 1u << 0, /* everything changed; the rectangles are to be ignored */
  TRANSOM_FRAME_PQ = 1u << 1,          /* RGB10A2 carries SMPTE ST 2084 */
};

/* Immutable once announced. sequence_last is the last eight bytes of the record, whatever its length. */
struct transom_descriptor {
  uint64_t sequence_first;
  uint32_t format; /* enum transom_format */
  uint32_t flags;  /* enum transom_frame_flag */
  uint32_t width;
  uint32_t height;
  uint32_t pitch_bytes;
  uint32_t band_rows;     /* rows-valid moves in steps of about this; 0 = only at the end */
  uint64_t base_sequence; /* the complete frame that damage is relative to; 0 = none: full damage */
  uint64_t acquired_ns;   /* guest clock: the screen's content was known */
  uint64_t copy_started_ns;
  uint32_t rotation; /* clockwise quarter turns to apply when showing, 0-3 */
  uint32_t damage_count;
  struct transom_rect damage[TRANSOM_DAMAGE_MAX];
  uint64_t reserved[7];
  uint64_t sequence_last;
};
TRANSOM_ASSERT_SIZE(struct transom_descriptor, 384);
TRANSOM_ASSERT_AT(struct transom_descriptor, damage, 64);
TRANSOM_ASSERT_AT(struct transom_descriptor, sequence_last, 376);
#define TRANSOM_DESCRIPTOR_BYTES_MIN 328u /* through damage[], plus sequence_last */

enum transom_frame_state { TRANSOM_FRAME_FREE = 0, TRANSOM_FRAME_WRITING = 1, TRANSOM_FRAME_COMPLETE = 2, TRANSOM_FRAME_ABANDONED = 3 };

struct transom_progress { /* a line of its own per slot */
  uint64_t word;          /* transom_progress_word() */
  uint64_t copy_done_ns;  /* guest clock; these two are valid once the word says complete */
  uint64_t complete_ns;
  uint8_t reserved[40];
};
TRANSOM_ASSERT_SIZE(struct transom_progress, 64);
#define TRANSOM_PROGRESS_BYTES_MIN 8u

struct transom_damage_history { /* entry sequence % history_count; complete frames only */
  uint64_t sequence_first;
  uint64_t base_sequence;
  uint32_t flags; /* TRANSOM_FRAME_FULL_DAMAGE */
  uint32_t damage_count;
  struct transom_rect damage[TRANSOM_DAMAGE_MAX];
  uint64_t reserved[4];
  uint64_t sequence_last;
};
TRANSOM_ASSERT_SIZE(struct transom_damage_history, 320);
TRANSOM_ASSERT_AT(struct transom_damage_history, sequence_last, 312);
#define TRANSOM_HISTORY_BYTES_MIN 288u /* through damage[], plus sequence_last */

/* ---- cursor ---- */
enum transom_cursor_flag {
  TRANSOM_CURSOR_VISIBLE = 1u << 0,
  TRANSOM_CURSOR_CLIPPED = 1u << 1, /* a program of the guest keeps it in a part of the screen: a game, most likely */
};
enum transom_cursor_type {
  TRANSOM_CURSOR_COLOUR = 1,     /* BGRA, straight alpha */
  TRANSOM_CURSOR_MONOCHROME = 2, /* two bit planes one above the other: AND mask, then XOR mask; `height` is of one plane */
  TRANSOM_CURSOR_MASKED = 3,     /* BGRA: alpha 0 = replace, alpha 255 = XOR with the screen */
};

struct transom_cursor { /* fixed for an epoch; at the start of the section */
  uint32_t head;
  uint32_t shape_count;
  uint32_t state_offset; /* from the start of the section */
  uint32_t shapes_offset;
  uint32_t state_bytes; /* of the record */
  uint32_t shape_bytes; /* stride: record, then pixels */
  uint32_t shape_record_bytes;
  uint32_t reserved[9];
};
TRANSOM_ASSERT_SIZE(struct transom_cursor, 64);

struct transom_cursor_state { /* a line of its own */
  uint64_t sequence_first;
  int32_t x; /* of the hot spot, in pixels of the head; may be negative */
  int32_t y;
  uint32_t flags; /* enum transom_cursor_flag */
  uint32_t reserved;
  uint64_t shape_word; /* transom_frame_word(shape's sequence, shape slot); 0 = no shape yet */
  uint64_t moved_ns;   /* guest clock */
  uint64_t reserved1[2];
  uint64_t sequence_last;
};
TRANSOM_ASSERT_SIZE(struct transom_cursor_state, 64);

struct transom_cursor_shape { /* followed by `data_bytes` of pixels */
  uint64_t sequence_first;
  uint32_t type; /* enum transom_cursor_type */
  uint32_t width;
  uint32_t height;
  uint32_t pitch_bytes;
  uint32_t hot_x;
  uint32_t hot_y;
  uint32_t data_bytes;
  uint32_t reserved;
  uint64_t reserved1[2];
  uint64_t sequence_last;
};
TRANSOM_ASSERT_SIZE(struct transom_cursor_shape, 64);
#define TRANSOM_CURSOR_DATA_MAX (TRANSOM_CURSOR_EDGE_MAX * TRANSOM_CURSOR_EDGE_MAX * 4u)
#define TRANSOM_CURSOR_SHAPE_STRIDE (64u + TRANSOM_CURSOR_DATA_MAX)

/* ---- rings and clock, the guest's halves ---- */
struct transom_guest_ring {
  struct transom_ring_line line;
  uint32_t data_offset; /* from the start of the section; 0 in RING_TO_GUEST, whose data is in the host area */
  uint32_t data_bytes;  /* a power of two */
  uint8_t reserved[56];
};
TRANSOM_ASSERT_SIZE(struct transom_guest_ring, 128);

struct transom_message { /* precedes each payload in a ring; aligned to 8, never split at the end of the ring */
  uint32_t type;         /* control_message.h, clipboard_message.h; TRANSOM_MESSAGE_PAD skips to the ring's start */
  uint32_t payload_bytes;
};
TRANSOM_ASSERT_SIZE(struct transom_message, 8);
#define TRANSOM_MESSAGE_PAD 0u

struct transom_clock_reply { /* one a consumer, a line of its own */
  uint64_t sequence;         /* of the request; stored last */
  uint64_t received_ns;      /* guest clock: t2 */
  uint64_t sent_ns;          /* guest clock: t3 */
  uint8_t reserved[40];
};
TRANSOM_ASSERT_SIZE(struct transom_clock_reply, 64);

/* ---- words: what one 64-bit store says ---- */
static inline uint64_t transom_frame_word(uint64_t sequence, uint32_t slot) { return sequence << 16 | slot; }
static inline uint64_t transom_word_sequence(uint64_t word) { return (word >> 16) & TRANSOM_SEQUENCE_MAX; }
static inline uint32_t transom_word_slot(uint64_t word) { return (uint32_t)(word & 0xffff); }

/* A hold names head, slot and sequence, so that a revocation fits one hold only. The sequence is never 0, so neither is the word. */
static inline uint64_t transom_hold_word(uint32_t head, uint64_t sequence, uint32_t slot) {
  return (uint64_t)head << 56 | transom_frame_word(sequence, slot);
}
static inline uint32_t transom_hold_head(uint64_t hold) { return (uint32_t)(hold >> 56); }

static inline uint64_t transom_progress_word(uint64_t sequence, enum transom_frame_state state, uint32_t rows_valid) {
  return sequence << 24 | (uint64_t)state << 20 | rows_valid;
}
static inline uint64_t transom_progress_sequence(uint64_t word) { return word >> 24; }
static inline uint32_t transom_progress_state(uint64_t word) { return (uint32_t)(word >> 20) & 0xf; }
static inline uint32_t transom_progress_rows(uint64_t word) { return (uint32_t)word & 0xfffff; }

#endif
