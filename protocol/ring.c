#include "protocol/ring.h"

#include "protocol/atomics.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define MESSAGE_BYTES 8u /* sizeof(struct transom_message); payloads are padded to as much */

/* A half of the ring as one word, so that session and index are always of the same moment. Little-endian: the session comes first. */
struct half {
  uint32_t session, index;
};

static struct half half_load(const volatile struct transom_ring_line *line) {
  uint64_t word = wire_load64((const volatile uint64_t *)(const volatile void *)line);
  return (struct half){.session = (uint32_t)word, .index = (uint32_t)(word >> 32)};
}

static bool sends(const struct transom_ring *ring) {
  return ring->side == TRANSOM_RING_HOST_SENDS || ring->side == TRANSOM_RING_GUEST_SENDS;
}

static bool is_host(const struct transom_ring *ring) {
  return ring->side == TRANSOM_RING_HOST_SENDS || ring->side == TRANSOM_RING_HOST_RECEIVES;
}

static struct half peer_load(const struct transom_ring *ring) { return half_load(sends(ring) ? ring->view.consumer : ring->view.producer); }

/* Announces our session and index. As a producer: what we put into the data precedes the index that covers it (pairs with the load in
 * ring_receive()). As a consumer: we have copied out what the index gives back (pairs with the load in ring_send()). */
static void own_publish(const struct transom_ring *ring) {
  volatile struct transom_ring_line *line = sends(ring) ? ring->view.producer : ring->view.consumer;
  wire_publish64((volatile uint64_t *)(volatile void *)line, (uint64_t)ring->index << 32 | ring->session);
}

static int close_bad(struct transom_ring *ring) {
  ring->session = 0;
  ring->index = 0;
  own_publish(ring);
  return -EBADMSG;
}

void ring_init(struct transom_ring *ring, const struct transom_ring_view *view, enum transom_ring_side side, uint32_t session) {
  assert(view->producer != NULL && view->consumer != NULL && view->data != NULL);
  assert(view->data_bytes >= 4 * MESSAGE_BYTES && (view->data_bytes & (view->data_bytes - 1)) == 0);
  *ring = (struct transom_ring){.view = *view, .side = side, .session = session, .index = 0};
  assert(is_host(ring) == (session != 0));
  own_publish(ring);
}

bool ring_is_open(struct transom_ring *ring) {
  struct half peer = peer_load(ring);
  if (peer.session == 0)
    return false;
  if (peer.session == ring->session)
    return true;
  /* The host cannot move before we have answered, so a session that we do not know and that has moved was another agent's. */
  if (is_host(ring) || peer.index != 0)
    return false;
  ring->session = peer.session;
  ring->index = 0;
  own_publish(ring);
  return true;
}

static uint32_t padded(uint32_t bytes) { return (bytes + MESSAGE_BYTES - 1) & ~(MESSAGE_BYTES - 1); }

static volatile uint64_t *data_at(const struct transom_ring *ring, uint32_t offset) {
  return (volatile uint64_t *)(volatile void *)(ring->view.data + offset);
}

static uint32_t data_offset(const struct transom_ring *ring) { return ring->index & (ring->view.data_bytes - 1); }

static void put_header(const struct transom_ring *ring, uint32_t offset, uint32_t type, uint32_t payload_bytes) {
  wire_store_body64(data_at(ring, offset), (uint64_t)payload_bytes << 32 | type);
}

static void put_payload(const struct transom_ring *ring, uint32_t offset, const void *payload, uint32_t bytes) {
  for (uint32_t done = 0; done < bytes; done += MESSAGE_BYTES) {
    uint64_t word = 0;
    uint32_t part = bytes - done < MESSAGE_BYTES ? bytes - done : MESSAGE_BYTES;
    memcpy(&word, (const uint8_t *)payload + done, part);
    wire_store_body64(data_at(ring, offset + done), word);
  }
}

static void get_payload(const struct transom_ring *ring, uint32_t offset, void *payload, uint32_t bytes) {
  for (uint32_t done = 0; done < bytes; done += MESSAGE_BYTES) {
    uint64_t word = wire_load_body64(data_at(ring, offset + done));
    uint32_t part = bytes - done < MESSAGE_BYTES ? bytes - done : MESSAGE_BYTES;
    memcpy((uint8_t *)payload + done, &word, part);
  }
}

/* A message is never split at the end of the data, so it must fit an empty ring wherever that begins: half of the data always does. */
static bool fits(const struct transom_ring *ring, uint32_t payload_bytes) {
  return payload_bytes <= RING_PAYLOAD_BYTES_MAX && MESSAGE_BYTES + padded(payload_bytes) <= ring->view.data_bytes / 2;
}

int ring_send(struct transom_ring *ring, uint32_t type, const void *payload, uint32_t bytes) {
  assert(sends(ring) && type != TRANSOM_MESSAGE_PAD);
  if (!fits(ring, bytes))
    return -EMSGSIZE;
  struct half peer = peer_load(ring); /* pairs with own_publish() of the consumer: what lies before its index is ours to overwrite */
  if (ring->session == 0 || peer.session != ring->session)
    return -ENOTCONN;
  uint32_t used = ring->index - peer.index;
  if (used > ring->view.data_bytes || used % MESSAGE_BYTES != 0)
    return close_bad(ring);

  uint32_t offset = data_offset(ring);
  uint32_t total = MESSAGE_BYTES + padded(bytes);
  uint32_t rest = ring->view.data_bytes - offset;
  uint32_t pad = total > rest ? rest : 0;
  if (pad + total > ring->view.data_bytes - used)
    return -EAGAIN;
  if (pad > 0) {
    put_header(ring, offset, TRANSOM_MESSAGE_PAD, pad - MESSAGE_BYTES);
    offset = 0;
  }
  put_header(ring, offset, type, bytes);
  put_payload(ring, offset + MESSAGE_BYTES, payload, bytes);
  ring->index += pad + total;
  own_publish(ring);
  return 0;
}

/* Takes the header `skip` bytes beyond our index, of which `available` are the producer's word. False: no honest producer wrote it. */
static bool get_header(const struct transom_ring *ring, uint32_t skip, uint32_t available, struct transom_message *message) {
  uint32_t offset = (data_offset(ring) + skip) & (ring->view.data_bytes - 1);
  if (available - skip < MESSAGE_BYTES)
    return false;
  uint64_t word = wire_load_body64(data_at(ring, offset));
  *message = (struct transom_message){.type = (uint32_t)word, .payload_bytes = (uint32_t)(word >> 32)};
  uint64_t end = (uint64_t)offset + MESSAGE_BYTES + message->payload_bytes;
  if (message->type == TRANSOM_MESSAGE_PAD) /* to the end exactly; a ring's start needs no padding */
    return skip == 0 && offset != 0 && end == ring->view.data_bytes;
  return fits(ring, message->payload_bytes) && end <= ring->view.data_bytes &&
         MESSAGE_BYTES + padded(message->payload_bytes) <= available - skip;
}

int ring_receive(struct transom_ring *ring, uint32_t *type, void *payload, uint32_t *bytes) {
  assert(!sends(ring));
  struct half peer = peer_load(ring); /* pairs with own_publish() of the producer */
  if (ring->session == 0 || peer.session != ring->session)
    return -ENOTCONN;
  uint32_t available = peer.index - ring->index;
  if (available == 0)
    return -EAGAIN;
  if (available > ring->view.data_bytes || available % MESSAGE_BYTES != 0)
    return close_bad(ring);

  wire_fence_load(WIRE_FENCE_RECORD_READ); /* the index precedes what it covers, also where the mapping is write-combining */
  struct transom_message message;
  uint32_t skip = 0;
  bool honest = get_header(ring, 0, available, &message);
  if (honest && message.type == TRANSOM_MESSAGE_PAD) {
    skip = MESSAGE_BYTES + message.payload_bytes;
    honest = skip < available && get_header(ring, skip, available, &message);
  }
  if (honest)
    get_payload(ring, (data_offset(ring) + skip + MESSAGE_BYTES) & (ring->view.data_bytes - 1), payload, message.payload_bytes);

  /* A producer that was replaced meanwhile has already begun to overwrite: what we copied may be of either. */
  wire_fence_load(WIRE_FENCE_RECORD_READ);
  if (peer_load(ring).session != ring->session)
    return -ENOTCONN;
  if (!honest)
    return close_bad(ring);
  ring->index += skip + MESSAGE_BYTES + padded(message.payload_bytes);
  own_publish(ring);
  *type = message.type;
  *bytes = message.payload_bytes;
  return 0;
}

bool ring_has_message(const struct transom_ring *ring) {
  struct half peer = peer_load(ring);
  return ring->session != 0 && peer.session == ring->session && peer.index != ring->index;
}
