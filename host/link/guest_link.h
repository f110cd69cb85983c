/* The connection to one guest's region, through every change of its life: no server yet, no agent yet, running, lost, too old, back again.
 *
 * Opens the region (an ivshmem server's socket, a file, /dev/kvmfr0), claims a consumer line, attaches, watches epoch and heartbeat, and
 * attaches again by itself. Runs on the event loop's thread. The present thread gets a *session*: everything that is tied to one epoch. It
 * keeps the session that it has until it asks for the current one; the mapping of an old one stays valid until guest_session_release(). */
#ifndef TRANSOM_HOST_LINK_GUEST_LINK_H
#define TRANSOM_HOST_LINK_GUEST_LINK_H

#include "protocol/clock_cell.h"
#include "protocol/ring.h"

#include <stdatomic.h>
#include <stdbool.h>

struct event_loop;
struct guest_link;

enum guest_link_state {
  GUEST_LINK_NO_REGION,    /* nobody listens on the socket, or no such file: tried again every second */
  GUEST_LINK_WAITING,      /* region mapped, no agent has formatted it */
  GUEST_LINK_RUNNING,      /* attached; the agent's heartbeat moves */
  GUEST_LINK_AGENT_LOST,   /* attached, but no heartbeat for TRANSOM_AGENT_LOST_NS: the last picture stays */
  GUEST_LINK_INCOMPATIBLE, /* version or feature: the text says which side is too old */
  GUEST_LINK_BROKEN,       /* the header is not an honest one */
  GUEST_LINK_NO_HEAD,      /* there is an agent, but it has no such screen: attached as soon as it has */
};

/* What the guest rings for in every session. */
#define GUEST_SESSION_WAKES (TRANSOM_WAKE_COMPLETE | TRANSOM_WAKE_CURSOR | TRANSOM_WAKE_MESSAGE | TRANSOM_WAKE_STATUS | TRANSOM_WAKE_CLOCK)

/* One attachment: a region at one epoch with our consumer line joined to it. Reference counted; see guest_link_session(). */
struct guest_session {
  struct transom_region region;
  struct transom_consumer consumer;
  int frame_eventfd;             /* vector 0: the present thread polls it (reads never block); -1 = no doorbell */
  int event_eventfd;             /* vector 1, -1 as above */
  bool may_hold;                 /* slots suffice for our hold */
  int memory_fd;                 /* what is mapped; for devices that import it. Not to be closed, read or written */
  const atomic_bool *memory_cut; /* true once pages were taken from under the mapping: what was read since is worth nothing */
};

struct guest_link_options {
  const char *region; /* "server:SOCKET", or a path */
  uint32_t head;
  bool only_watches; /* another link of this process is to have the message rings */
};

struct guest_link_events {                                                              /* all on the loop's thread; each optional */
  void (*state)(enum guest_link_state state, const char *text, void *user_data);        /* text: one line for the user */
  void (*session)(void *user_data);                                                     /* a new session is current: guest_link_session() */
  void (*message)(uint32_t type, const void *payload, uint32_t bytes, void *user_data); /* control channel, when we are controller */
  void (*clock)(const struct transom_clock_sample *sample, void *user_data);            /* an exchange: guest_link_ask_clock() */
};

/* Begins at once; never fails for want of a peer. NULL: out of memory, or a region string that is no such thing (errno EINVAL). */
struct guest_link *guest_link_create(struct event_loop *loop, const struct guest_link_options *options,
                                     const struct guest_link_events *events, void *user_data);
void guest_link_destroy(struct guest_link *link); /* leaves the consumer line; sessions that are still held stay mapped until released */

enum guest_link_state guest_link_state(const struct guest_link *link);
const char *guest_link_text(const struct guest_link *link);

/* The current session with one reference taken, or NULL. Any thread. */
struct guest_session *guest_link_session(struct guest_link *link);
void guest_session_release(struct guest_session *session); /* any thread; NULL is fine */

/* Asks the guest for its time, in bursts, so often while attached; 0, the default, = not at all. The loop's thread. */
void guest_link_ask_clock(struct guest_link *link, uint64_t interval_ns);

/* Sends on the control channel when we are controller and the agent listens. 0, or as ring_send(). */
int guest_link_send(struct guest_link *link, uint32_t type, const void *payload, uint32_t bytes);

#endif
