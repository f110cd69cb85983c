#include "host/link/link_session.h"

#include "host/link/shared_memory.h"
#include "protocol/frame_reader.h"

#include <errno.h>
#include <stdlib.h>

struct link_session *link_session_create(struct shared_memory *memory) {
  struct link_session *session = calloc(1, sizeof *session);
  if (!session)
    return NULL;
  session->memory = shared_memory_acquire(memory);
  session->public.frame_eventfd = session->public.event_eventfd = -1;
  session->public.memory_fd = shared_memory_fd(memory);
  session->public.memory_cut = &memory->is_cut;
  atomic_init(&session->references, 1);
  return session;
}

struct guest_session *link_session_acquire(struct link_session *session) {
  atomic_fetch_add_explicit(&session->references, 1, memory_order_relaxed);
  return &session->public;
}

/* The line is left only now: until here somebody may have held a slot by it. */
static void destroy(struct link_session *session) {
  if (session->is_joined && !atomic_load(&session->memory->line_is_lost))
    consumer_leave(&session->public.consumer);
  shared_memory_release(session->memory);
  free(session);
}

void guest_session_release(struct guest_session *public) {
  struct link_session *session = (struct link_session *)public;
  if (session && atomic_fetch_sub_explicit(&session->references, 1, memory_order_acq_rel) == 1)
    destroy(session);
}

static bool has_doorbell(const struct shared_memory *memory, const struct transom_region *region) {
  return memory->has_server && memory->peer.vector_count >= TRANSOM_VECTORS && region->features_offered & TRANSOM_FEATURE_DOORBELL;
}

static int join(struct link_session *session, uint32_t head) {
  struct guest_session *public = &session->public;
  const struct shared_memory *memory = session->memory;
  bool doorbell = has_doorbell(memory, &public->region);
  struct transom_consumers others; /* a hint only: whoever joins later may still make slots scarce */
  consumers_init(&others, &public->region);
  uint32_t holding = consumers_watching(&others, head);
  int result = consumer_join(&public->consumer, &public->region, memory->line, head, doorbell ? memory->peer.id : TRANSOM_PEER_NONE,
                             GUEST_SESSION_WAKES, TRANSOM_FEATURES_KNOWN);
  if (result)
    return result;
  session->is_joined = true;
  public->frame_eventfd = doorbell ? memory->peer.vectors[TRANSOM_VECTOR_FRAME] : -1;
  public->event_eventfd = doorbell ? memory->peer.vectors[TRANSOM_VECTOR_EVENT] : -1;
  public->may_hold = frame_reader_may_hold(&public->region.queues[head], holding);
  return 0;
}

int link_session_attach(struct link_session *session, uint32_t head, enum transom_compatibility *compatibility) {
  const struct shared_memory *memory = session->memory;
  int result = validate_attach(memory->base, memory->bytes, TRANSOM_FEATURES_KNOWN, &session->public.region, compatibility);
  return result ? result : join(session, head);
}
