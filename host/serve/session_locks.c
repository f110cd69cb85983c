#define LOG_MODULE "serve"
#include "host/serve/session_locks.h"

#include "common/log.h"
#include "host/event/event_loop.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#define LOGIN "org.freedesktop.login1"
#define MANAGER_PATH "/org/freedesktop/login1"
#define MANAGER_INTERFACE "org.freedesktop.login1.Manager"
#define SESSION_INTERFACE "org.freedesktop.login1.Session"
#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"
#define SESSION_PREFIX "/org/freedesktop/login1/session"
#define RETRY_NS UINT64_C(5000000000)
#define TURN_MESSAGES_MAX 64 /* of the bus in one turn of the loop */

struct session_lock {
  struct session_locks *owner;
  char name[64]; /* "" = free */
  bool locked;
  sd_bus_slot *question; /* under way */
  bool ask_again;        /* something changed meanwhile */
};

struct session_locks {
  struct event_loop *loop;
  void (*changed)(void *user_data);
  void *user_data;
  sd_bus *bus; /* NULL: not connected */
  bool asleep; /* the machine goes to sleep, or has not said that it woke */
  struct event_source *source;
  struct event_source *timer; /* what the bus waits for, or the next try to connect */
  struct session_lock sessions[SESSION_LOCKS_MAX];
  unsigned next; /* the place that is used again when all are taken */
};

static void ask(struct session_lock *session);
static void watch_bus(struct session_locks *locks);

static struct session_lock *find(struct session_locks *locks, const char *name) {
  for (unsigned i = 0; i < SESSION_LOCKS_MAX; i++)
    if (!strcmp(locks->sessions[i].name, name))
      return &locks->sessions[i];
  return NULL;
}

/* ---- what logind says ---- */

static int on_answer(sd_bus_message *message, void *user_data, sd_bus_error *error) {
  struct session_lock *session = user_data;
  int locked = 0;
  (void)error;
  session->question = sd_bus_slot_unref(session->question);
  const bool known = !sd_bus_message_is_method_error(message, NULL) && sd_bus_message_read(message, "v", "b", &locked) >= 0;
  const bool changed = known && session->locked != (locked != 0);
  if (known)
    session->locked = locked != 0;
  if (session->ask_again)
    ask(session);
  if (changed)
    session->owner->changed(session->owner->user_data);
  return 0;
}

static void ask(struct session_lock *session) {
  char *path = NULL;
  session->ask_again = session->question != NULL;
  if (session->question || !session->owner->bus || sd_bus_path_encode(SESSION_PREFIX, session->name, &path) < 0)
    return;
  if (sd_bus_call_method_async(session->owner->bus, &session->question, LOGIN, path, PROPERTIES_INTERFACE, "Get", on_answer, session, "ss",
                               SESSION_INTERFACE, "LockedHint") < 0)
    session->question = NULL;
  free(path);
}

/* Whatever changed: the property is asked for, so that there is one way to learn it. */
static int on_changed(sd_bus_message *message, void *user_data, sd_bus_error *error) {
  struct session_locks *locks = user_data;
  char *name = NULL;
  (void)error;
  if (sd_bus_path_decode(sd_bus_message_get_path(message), SESSION_PREFIX, &name) <= 0)
    return 0;
  struct session_lock *session = find(locks, name);
  free(name);
  if (session && session->name[0])
    ask(session);
  return 0;
}

/* PrepareForSleep: true before the machine sleeps, false when it has woken. */
static int on_sleep(sd_bus_message *message, void *user_data, sd_bus_error *error) {
  struct session_locks *locks = user_data;
  int asleep = 0;
  (void)error;
  if (sd_bus_message_read(message, "b", &asleep) < 0 || locks->asleep == (asleep != 0))
    return 0;
  locks->asleep = asleep != 0;
  locks->changed(locks->user_data);
  return 0;
}

/* ---- the bus ---- */

static void disconnect(struct session_locks *locks) {
  locks->asleep = false; /* who would say that it woke? */
  event_source_remove(locks->source);
  locks->source = NULL;
  for (unsigned i = 0; i < SESSION_LOCKS_MAX; i++)
    locks->sessions[i].question = sd_bus_slot_unref(locks->sessions[i].question);
  locks->bus = sd_bus_close_unref(locks->bus);
}

static void on_bus(struct session_locks *locks) {
  int result = 1;
  for (int i = 0; i < TURN_MESSAGES_MAX && result > 0; i++)
    result = sd_bus_process(locks->bus, NULL);
  if (result >= 0) {
    watch_bus(locks);
    return;
  }
  log_info("the system bus is gone (%s): locked sessions go unnoticed until it is back", strerror(-result));
  disconnect(locks);
  event_timer_set(locks->timer, RETRY_NS, 0);
}

static void on_readable(int fd, uint32_t events, void *user_data) {
  (void)fd, (void)events;
  on_bus(user_data);
}

/* Absolute microseconds of CLOCK_MONOTONIC to a delay; 0 is "now", which a timer cannot be set to. */
static uint64_t delay_ns(uint64_t until_us) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
  return until_us > now_us ? (until_us - now_us) * 1000 : 1;
}

/* What sd_bus_get_fd(3) asks of an event loop. */
static void watch_bus(struct session_locks *locks) {
  uint64_t until_us = UINT64_MAX;
  const int events = sd_bus_get_events(locks->bus);
  const uint32_t mask = (events & POLLIN ? EVENT_READABLE : 0u) | (events & POLLOUT ? EVENT_WRITABLE : 0u);
  if (events >= 0)
    event_source_set_events(locks->source, mask);
  const int result = sd_bus_get_timeout(locks->bus, &until_us);
  event_timer_set(locks->timer, result >= 0 && until_us != UINT64_MAX ? delay_ns(until_us) : 0, 0);
}

static bool connect_bus(struct session_locks *locks) {
  static const char match[] = "type='signal',sender='" LOGIN "',interface='" PROPERTIES_INTERFACE
                              "',member='PropertiesChanged',path_namespace='" SESSION_PREFIX "'";
  if (sd_bus_open_system(&locks->bus) < 0) {
    locks->bus = NULL;
    return false;
  }
  locks->source = event_loop_add_fd(locks->loop, sd_bus_get_fd(locks->bus), EVENT_READABLE, on_readable, locks);
  if (locks->source && sd_bus_add_match_async(locks->bus, NULL, match, on_changed, NULL, locks) >= 0 &&
      sd_bus_match_signal_async(locks->bus, NULL, LOGIN, MANAGER_PATH, MANAGER_INTERFACE, "PrepareForSleep", on_sleep, NULL, locks) >= 0)
    return true;
  disconnect(locks);
  return false;
}

static void ask_all(struct session_locks *locks) {
  for (unsigned i = 0; i < SESSION_LOCKS_MAX; i++)
    if (locks->sessions[i].name[0])
      ask(&locks->sessions[i]);
}

static void on_timer(void *user_data) {
  struct session_locks *locks = user_data;
  const bool was_connected = locks->bus != NULL;
  if (!was_connected && !connect_bus(locks)) {
    event_timer_set(locks->timer, RETRY_NS, 0);
    return;
  }
  if (!was_connected)
    ask_all(locks);
  on_bus(locks);
}

struct session_locks *session_locks_create(struct event_loop *loop, void (*changed)(void *user_data), void *user_data) {
  struct session_locks *locks = calloc(1, sizeof *locks);
  if (!locks)
    return NULL;
  *locks = (struct session_locks){.loop = loop, .changed = changed, .user_data = user_data};
  for (unsigned i = 0; i < SESSION_LOCKS_MAX; i++)
    locks->sessions[i].owner = locks;
  locks->timer = event_loop_add_timer(loop, on_timer, locks);
  if (!locks->timer) {
    free(locks);
    return NULL;
  }
  event_timer_set(locks->timer, 1, 0);
  return locks;
}

void session_locks_destroy(struct session_locks *locks) {
  if (!locks)
    return;
  disconnect(locks);
  event_source_remove(locks->timer);
  free(locks);
}

bool session_locks_has(struct session_locks *locks, const char *name) {
  struct session_lock *session = *name && strlen(name) < sizeof session->name ? find(locks, name) : NULL;
  if (session)
    return session->locked || locks->asleep;
  if (!*name || strlen(name) >= sizeof session->name)
    return false;
  session = find(locks, "");
  if (!session) {
    session = &locks->sessions[locks->next];
    locks->next = (locks->next + 1) % SESSION_LOCKS_MAX;
  }
  sd_bus_slot_unref(session->question);
  *session = (struct session_lock){.owner = locks};
  strcpy(session->name, name);
  ask(session);
  if (locks->bus)
    event_timer_set(locks->timer, 1, 0); /* sends it */
  return locks->asleep;
}
