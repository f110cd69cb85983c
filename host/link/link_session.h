/* What stands behind a guest_session: the mapping that it keeps alive, and who still uses it. Private to host/link. */
#ifndef TRANSOM_HOST_LINK_LINK_SESSION_H
#define TRANSOM_HOST_LINK_LINK_SESSION_H

#include "host/link/guest_link.h"
#include "protocol/version.h"

#include <stdatomic.h>

struct shared_memory;

struct link_session {
  struct guest_session public; /* first: guest_session_release() goes back from it */
  struct shared_memory *memory;
  bool is_joined;
  atomic_uint references;
};

struct link_session *link_session_create(struct shared_memory *memory); /* with one reference; NULL: out of memory */

/* Attaches to what is formatted there and joins the consumer line for `head`. 0; as validate_attach(); -EINVAL no such head; -ESTALE. */
int link_session_attach(struct link_session *session, uint32_t head, enum transom_compatibility *compatibility);

struct guest_session *link_session_acquire(struct link_session *session); /* given back with guest_session_release() */

#endif
