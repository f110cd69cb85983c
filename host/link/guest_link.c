#define LOG_MODULE "link"
#include "host/link/guest_link.h"

#include "common/clock.h"
#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/link/agent_channel.h"
#include "host/link/clock_probe.h"
#include "host/link/controller_claim.h"
#include "host/link/guest_link_internal.h"
#include "host/link/link_session.h"
#include "host/link/link_states.h"
#include "host/link/shared_memory.h"
#include "protocol/agent_status.h"
#include "protocol/control_message.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPEN_RETRY_NS UINT64_C(1000000000)
#define OPEN_TIMEOUT_MS 1000  /* while there is nothing to show */
#define REOPEN_TIMEOUT_MS 100 /* while the old mapping works: a viewer that is in use does not wait */
#define ATTACH_RETRY_NS UINT64_C(100000000)
#define WATCH_NS UINT64_C(250000000)       /* epoch and heartbeat, when the doorbell brings the rest: 4 wake-ups a second */
#define WATCH_POLLED_NS UINT64_C(50000000) /* without a doorbell: messages wait this long */
#define EPOCH_BELL_NS UINT64_C(100000000)  /* a bell for a new epoch is heard so long after the one before: later ones wait for the tick */
#define EVENT_ROUNDS_MAX 4                 /* arm, look again: after so many rounds the next tick looks */

struct guest_link {
  struct event_loop *loop;
  char region[256];
  uint32_t head;
  bool only_watches;
  struct guest_link_events events;
  void *user_data;
  uint64_t (*now_ns)(void);
  bool manual; /* guest_link_set_clock() */
  struct event_source *tick;

  enum guest_link_state state;
  char text[320];
  struct shared_memory *memory; /* NULL only in NO_REGION */
  struct event_source *server;
  uint64_t next_open_ns;

  pthread_mutex_t lock;         /* `session`, against guest_link_session() on other threads */
  struct link_session *session; /* RUNNING and AGENT_LOST */
  struct event_source *bell;
  struct wake_throttle throttle;
  uint64_t heartbeat, heartbeat_ns; /* as last seen, and when it moved */
  uint64_t epoch_bell_ns;
  struct transom_agent_report report;
  struct agent_channel channel;
  struct controller_claim *claim;
  struct clock_probe *clock;
};

/* ---- state and text ---- */

static void schedule(struct guest_link *link);

static void say(struct guest_link *link, enum guest_link_state state, const char *text) {
  if (state == link->state && !strcmp(text, link->text))
    return;
  link->state = state;
  snprintf(link->text, sizeof link->text, "%s", text);
  log_debug("%s: %s", link_states_name(state), text);
  if (link->events.state)
    link->events.state(state, link->text, link->user_data);
}

static void handle(struct guest_link *link, enum link_event event, const char *text) {
  enum guest_link_state next;
  if (link_states_next(link->state, event, &next))
    say(link, next, text);
  else
    log_error("impossible: %s while %s", link_states_event_name(event), link_states_name(link->state));
}

static void describe_running(const struct guest_link *link, char *text, size_t capacity) {
  const struct transom_region *region = &link->session->public.region;
  const bool has_report = link->report.sequence && link->report.text[0];
  if (has_report && link->report.state != TRANSOM_AGENT_RUNNING)
    snprintf(text, capacity, "%s", link->report.text);
  else
    snprintf(text, capacity, "%s on %s%s%s", region->agent_name[0] ? region->agent_name : "an agent",
             region->guest_name[0] ? region->guest_name : "the guest", has_report ? ": " : "", has_report ? link->report.text : "");
}

static void handle_running(struct guest_link *link, enum link_event event) {
  char text[sizeof link->text];
  describe_running(link, text, sizeof text);
  handle(link, event, text);
}

/* ---- sessions ---- */

struct guest_session *guest_link_session(struct guest_link *link) {
  pthread_mutex_lock(&link->lock);
  struct link_session *session = link->session;
  struct guest_session *public = session ? link_session_acquire(session) : NULL;
  pthread_mutex_unlock(&link->lock);
  return public;
}

static void set_session(struct guest_link *link, struct link_session *session) {
  pthread_mutex_lock(&link->lock);
  struct link_session *old = link->session;
  link->session = session;
  pthread_mutex_unlock(&link->lock);
  if (old)
    guest_session_release(&old->public);
}

static void stop_bell(struct guest_link *link) {
  event_source_remove(link->bell);
  link->bell = NULL;
}

static void end_session(struct guest_link *link) {
  stop_bell(link);
  clock_probe_attach(link->clock, NULL, false);
  agent_channel_end(&link->channel);
  set_session(link, NULL);
}

/* ---- while running ---- */

static void begin_channel(struct guest_link *link) {
  if (link->session && controller_claim_is_granted(link->claim))
    agent_channel_begin(&link->channel, &link->session->public.region);
}

static bool read_report(struct guest_link *link) {
  if (agent_status_read(&link->session->public.region, link->report.sequence, &link->report))
    return false;
  if (link->state == GUEST_LINK_RUNNING)
    handle_running(link, LINK_HEARTBEAT);
  return true;
}

/* Messages and status. True when there was anything. A message handler may end the session. */
static bool take_news(struct guest_link *link) {
  bool news = agent_channel_poll(&link->channel, link->events.message, link->user_data) > 0;
  return (link->session && read_report(link)) || news;
}

/* Arms the event bell, then looks again; nothing that came before the arming is slept over. */
static bool take_news_and_arm(struct guest_link *link) {
  bool any = false;
  for (int i = 0; i < EVENT_ROUNDS_MAX && link->session; i++) {
    any = take_news(link) || any;
    if (!link->session || !link->bell)
      return any;
    consumer_arm_event(&link->session->public.consumer);
    if (!agent_channel_has_message(&link->channel))
      break;
  }
  return (link->session && read_report(link)) || any;
}

static void watch_session(struct guest_link *link);

/* An agent that has formatted the region rings for it. True: that was seen to, and the bell may be another one. */
static bool take_epoch(struct guest_link *link) {
  if (validate_epoch(&link->session->public.region))
    return false;
  if (link->epoch_bell_ns && link->now_ns() - link->epoch_bell_ns < EPOCH_BELL_NS)
    return true;
  link->epoch_bell_ns = link->now_ns();
  watch_session(link);
  schedule(link);
  return true;
}

static void on_bell(int fd, uint32_t events, void *user_data) {
  struct guest_link *link = user_data;
  uint64_t rings;
  (void)events;
  if (read(fd, &rings, sizeof rings) < 0 && errno != EAGAIN)
    return;
  if (take_epoch(link))
    return;
  clock_probe_look(link->clock);
  bool news = take_news_and_arm(link);
  if (!link->session || !wake_throttle_note(&link->throttle, news, link->now_ns()))
    return;
  log_debug("the guest rings without need: its event doorbell is left alone for a second");
  consumer_disarm_event(&link->session->public.consumer);
  stop_bell(link);
  schedule(link);
}

static void start_bell(struct guest_link *link) {
  int fd = link->session->public.event_eventfd;
  if (fd >= 0 && !link->bell)
    link->bell = event_loop_add_fd(link->loop, fd, EVENT_READABLE, on_bell, link);
}

static void check_heartbeat(struct guest_link *link) {
  const struct transom_region *region = &link->session->public.region;
  uint64_t heartbeat = agent_status_heartbeat(region);
  uint64_t now_ns = link->now_ns();
  if (heartbeat != link->heartbeat || !agent_status_exists(region)) {
    link->heartbeat = heartbeat;
    link->heartbeat_ns = now_ns;
    handle_running(link, LINK_HEARTBEAT);
  } else if (now_ns - link->heartbeat_ns >= TRANSOM_AGENT_LOST_NS) {
    handle(link, LINK_SILENCE, "the agent does not answer: the guest is busy, paused, or its agent has ended");
  }
}

static void try_attach(struct guest_link *link);

static void watch_session(struct guest_link *link) {
  if (!validate_epoch(&link->session->public.region)) {
    end_session(link);
    handle(link, LINK_EPOCH_MOVED, "the agent starts anew");
    try_attach(link);
    return;
  }
  check_heartbeat(link);
  if (!wake_throttle_is_on(&link->throttle, link->now_ns()))
    start_bell(link);
  take_news_and_arm(link);
}

/* ---- attaching ---- */

static void begin_session(struct guest_link *link, struct link_session *session) {
  set_session(link, session);
  link->heartbeat = agent_status_heartbeat(&session->public.region);
  link->heartbeat_ns = link->now_ns();
  link->report = (struct transom_agent_report){0};
  link->throttle.until_ns = link->throttle.empty = 0;
  begin_channel(link);
  start_bell(link);
  clock_probe_attach(link->clock, &session->public.consumer, link->bell != NULL);
  handle_running(link, LINK_ATTACHED);
  take_news_and_arm(link);
  if (link->events.session)
    link->events.session(link->user_data);
}

static void refuse(struct guest_link *link, int result, enum transom_compatibility compatibility) {
  char text[96];
  switch (result) {
  case -EPROTO:
    snprintf(text, sizeof text, "cannot show this guest: %s; update %s", version_compatibility_name(compatibility),
             compatibility == TRANSOM_AGENT_TOO_OLD ? "the agent in the guest" : "this viewer");
    handle(link, LINK_INCOMPATIBLE, text);
    break;
  case -EBADMSG:
    handle(link, LINK_DISHONEST, "the region's header makes no sense: another program writes to it, or its agent is broken");
    break;
  case -EINVAL:
    snprintf(text, sizeof text, "the guest shows nothing on its screen %u", link->head);
    handle(link, LINK_HEADLESS, text);
    break;
  default: /* -EAGAIN, -ESTALE */
    if (compatibility == TRANSOM_FOREIGN) {
      handle(link, LINK_DISHONEST, "the region is another program's: no agent of ours touches it before the VM was restarted");
      break;
    }
    handle(link, LINK_UNFORMATTED, "waiting for the agent in the guest");
    break;
  }
}

/* In WAITING, NO_HEAD, INCOMPATIBLE or BROKEN. */
static void try_attach(struct guest_link *link) {
  enum transom_compatibility compatibility = TRANSOM_COMPATIBLE;
  struct link_session *session = link_session_create(link->memory);
  if (!session)
    return; /* again at the next tick */
  int result = link_session_attach(session, link->head, &compatibility);
  if (!result) {
    begin_session(link, session);
    return;
  }
  guest_session_release(&session->public);
  refuse(link, result, compatibility);
}

/* ---- the region ---- */

static void close_region(struct guest_link *link, const char *text) {
  end_session(link);
  controller_claim_destroy(link->claim);
  link->claim = NULL;
  event_source_remove(link->server);
  link->server = NULL;
  shared_memory_release(link->memory);
  link->memory = NULL;
  handle(link, LINK_LOST, text);
}

static void on_server(int fd, uint32_t events, void *user_data) {
  struct guest_link *link = user_data;
  (void)fd, (void)events;
  struct event_source *source = link->server;
  if (ivshmem_peer_dispatch(&link->memory->peer) == 0)
    return;
  log_warning("transom-serve is gone; what is connected goes on without it");
  atomic_store(&link->memory->line_is_lost, true);
  event_source_remove(source);
  link->server = NULL;
  link->next_open_ns = link->now_ns() + OPEN_RETRY_NS;
}

static void on_controller(void *user_data) {
  struct guest_link *link = user_data;
  if (!controller_claim_is_granted(link->claim))
    agent_channel_end(&link->channel);
  else
    begin_channel(link);
  if (link->session)
    take_news_and_arm(link);
}

static void use_region(struct guest_link *link, struct shared_memory *memory) {
  link->memory = memory;
  if (memory->has_server)
    link->server = event_loop_add_fd(link->loop, memory->peer.socket, EVENT_READABLE, on_server, link);
  if (!link->only_watches)
    link->claim = controller_claim_create(link->loop, link->region, memory, on_controller, link);
  handle(link, LINK_OPENED, "waiting for the agent in the guest");
  try_attach(link);
}

static void describe_no_region(const struct guest_link *link, int result, char *text, size_t capacity) {
  const char *why = result == -ENOENT         ? "is not there yet: start the VM"
                    : result == -ECONNREFUSED ? "is not served: start transom-serve"
                    : result == -EAGAIN       ? "is still empty: the VM is starting"
                    : result == -EMSGSIZE     ? "has no region's size (1 MiB to 16 GiB)"
                    : result == -EUSERS       ? "has 16 viewers already: close one"
                    : result == -EPROTO       ? "is no ivshmem server, or it is full"
                                              : strerror(-result);
  snprintf(text, capacity, "%s %s", link->region, why);
}

/* True when a region was opened. The old one, if there is one, is let go only then. */
static bool try_open(struct guest_link *link, int timeout_ms) {
  struct shared_memory *memory;
  link->next_open_ns = link->now_ns() + OPEN_RETRY_NS;
  int result = shared_memory_open(link->region, timeout_ms, &memory);
  if (!result) {
    if (link->memory)
      close_region(link, "transom-serve is back");
    use_region(link, memory);
    return true;
  }
  char text[sizeof link->text];
  describe_no_region(link, result, text, sizeof text);
  if (!link->memory)
    handle(link, LINK_LOST, text);
  return false;
}

static bool server_is_gone(const struct guest_link *link) { return link->memory->has_server && !link->server; }

/* True: the region that we had is not the one that is to be shown any more; everything was seen to. */
static bool watch_region(struct guest_link *link) {
  if (link->now_ns() < link->next_open_ns)
    return false;
  if (server_is_gone(link))
    return try_open(link, REOPEN_TIMEOUT_MS);
  link->next_open_ns = link->now_ns() + OPEN_RETRY_NS;
  if (shared_memory_is_current(link->memory, link->region))
    return false;
  bool cut = atomic_load(&link->memory->is_cut);
  close_region(link, cut ? "the region's file was cut short: is the VM gone?" : "the region's file is another one now");
  try_open(link, OPEN_TIMEOUT_MS);
  return true;
}

void guest_link_tick(struct guest_link *link) {
  if (!link->memory) {
    if (link->now_ns() >= link->next_open_ns)
      try_open(link, OPEN_TIMEOUT_MS);
  } else if (!watch_region(link)) {
    if (link->session)
      watch_session(link);
    else
      try_attach(link);
  }
}

static uint64_t tick_delay_ns(struct guest_link *link) {
  if (!link->memory)
    return OPEN_RETRY_NS;
  if (!link->session)
    return ATTACH_RETRY_NS;
  if (wake_throttle_is_on(&link->throttle, link->now_ns()))
    return WAKE_THROTTLE_POLL_NS;
  return link->bell || !link->channel.is_begun ? WATCH_NS : WATCH_POLLED_NS;
}

static void schedule(struct guest_link *link) {
  if (!link->manual)
    event_timer_set(link->tick, tick_delay_ns(link), 0);
}

static void on_tick(void *user_data) {
  struct guest_link *link = user_data;
  guest_link_tick(link);
  schedule(link);
}

/* ---- clock ---- */

static void on_clock(const struct transom_clock_sample *sample, void *user_data) {
  struct guest_link *link = user_data;
  if (link->events.clock)
    link->events.clock(sample, link->user_data);
}

void guest_link_ask_clock(struct guest_link *link, uint64_t interval_ns) { clock_probe_set_interval(link->clock, interval_ns); }

/* ---- life ---- */

struct guest_link *guest_link_create(struct event_loop *loop, const struct guest_link_options *options,
                                     const struct guest_link_events *events, void *user_data) {
  if (!shared_memory_is_name(options->region) || strlen(options->region) >= sizeof((struct guest_link *)0)->region ||
      options->head >= TRANSOM_HEADS_MAX) {
    errno = EINVAL;
    return NULL;
  }
  struct guest_link *link = calloc(1, sizeof *link);
  if (!link)
    return NULL;
  *link = (struct guest_link){
      .loop = loop, .head = options->head, .only_watches = options->only_watches, .user_data = user_data, .now_ns = clock_monotonic_ns};
  strcpy(link->region, options->region);
  strcpy(link->text, "connecting");
  if (events)
    link->events = *events;
  link->tick = event_loop_add_timer(loop, on_tick, link);
  link->clock = clock_probe_create(loop, on_clock, link);
  if (!link->tick || !link->clock) {
    event_source_remove(link->tick);
    clock_probe_destroy(link->clock);
    free(link);
    return NULL;
  }
  pthread_mutex_init(&link->lock, NULL);
  event_timer_set(link->tick, 1, 0); /* soon, but not before our caller knows us */
  return link;
}

void guest_link_destroy(struct guest_link *link) {
  if (!link)
    return;
  agent_channel_send(&link->channel, TRANSOM_CONTROL_GOODBYE, NULL, 0);
  event_source_remove(link->tick);
  link->events = (struct guest_link_events){0};
  if (link->memory)
    close_region(link, "closed");
  clock_probe_destroy(link->clock);
  pthread_mutex_destroy(&link->lock);
  free(link);
}

enum guest_link_state guest_link_state(const struct guest_link *link) { return link->state; }

const char *guest_link_text(const struct guest_link *link) { return link->text; }

int guest_link_send(struct guest_link *link, uint32_t type, const void *payload, uint32_t bytes) {
  return agent_channel_send(&link->channel, type, payload, bytes);
}

void guest_link_set_clock(struct guest_link *link, uint64_t (*now_ns)(void)) {
  link->now_ns = now_ns;
  link->manual = true;
  event_timer_set(link->tick, 0, 0);
}

const struct wake_throttle *guest_link_throttle(const struct guest_link *link) { return &link->throttle; }

bool guest_link_is_controller(const struct guest_link *link) { return controller_claim_is_granted(link->claim); }
