#include "host/serve/peer_outbox.h"

#include "common/ivshmem_message.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static void push(struct peer_outbox *outbox, int64_t value, int fd) {
  assert(outbox->count < PEER_OUTBOX_MESSAGES_MAX);
  outbox->messages[outbox->count].value = value;
  outbox->messages[outbox->count].fd = fd;
  outbox->count++;
}

void peer_outbox_greet(struct peer_outbox *outbox, uint32_t id, int region) {
  memset(outbox, 0, sizeof *outbox);
  push(outbox, IVSHMEM_PROTOCOL_VERSION, -1);
  push(outbox, id, -1);
  push(outbox, IVSHMEM_MESSAGE_REGION, region);
}

void peer_outbox_resume(struct peer_outbox *outbox) {
  memset(outbox, 0, sizeof *outbox);
  outbox->told = UINT32_MAX;
}

void peer_outbox_joined(struct peer_outbox *outbox, uint32_t id, const int *vectors, uint32_t vector_count) {
  for (uint32_t i = 0; i < vector_count; i++)
    push(outbox, id, vectors[i]);
}

bool peer_outbox_mentions(const struct peer_outbox *outbox, uint32_t id) {
  for (uint32_t i = 0; i < outbox->count; i++)
    if (outbox->messages[i].value == id && outbox->messages[i].fd >= 0)
      return true;
  return false;
}

/* Not to be asked while the greeting waits: its messages look like goodbyes. But then nobody was told anything yet. */
static bool goodbye_waits(const struct peer_outbox *outbox, uint32_t id) {
  for (uint32_t i = 0; i < outbox->count; i++)
    if (outbox->messages[i].value == id && outbox->messages[i].fd < 0)
      return true;
  return false;
}

static void forget_joined(struct peer_outbox *outbox, uint32_t id) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < outbox->count; i++)
    if (outbox->messages[i].value != id || outbox->messages[i].fd < 0)
      outbox->messages[kept++] = outbox->messages[i];
  outbox->count = kept;
}

void peer_outbox_left(struct peer_outbox *outbox, uint32_t id) {
  forget_joined(outbox, id);
  if (outbox->told & 1u << id && !goodbye_waits(outbox, id))
    push(outbox, id, -1);
}

/* The messages of the greeting find no bit to clear: nothing was told before them. */
static void note_sent(struct peer_outbox *outbox, int64_t value, int fd) {
  if (value < 0)
    return;
  if (fd >= 0)
    outbox->told |= 1u << value;
  else
    outbox->told &= ~(1u << value);
}

int peer_outbox_flush(struct peer_outbox *outbox, int socket) {
  uint32_t sent = 0;
  int result = 0;
  while (sent < outbox->count) {
    result = ivshmem_message_send(socket, outbox->messages[sent].value, outbox->messages[sent].fd);
    if (result)
      break;
    note_sent(outbox, outbox->messages[sent].value, outbox->messages[sent].fd);
    sent++;
  }
  outbox->count -= sent;
  memmove(outbox->messages, outbox->messages + sent, outbox->count * sizeof outbox->messages[0]);
  return result;
}
