#include "host/vm/libvirt_resolve.h"

#include "host/vm/libvirt_connection.h"
#include "host/vm/quiet_thread.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One question that may never be answered. Whoever is last frees it. */
struct question {
  char uri[256], domain[128];
  struct libvirt_place place;
  char picked[128], names[512];
  unsigned ready;
  sem_t answered;
  atomic_int owners;
};

static void leave(struct question *question) {
  if (atomic_fetch_sub(&question->owners, 1) != 1)
    return;
  sem_destroy(&question->answered);
  free(question);
}

static bool read_facts(struct libvirt_connection *connection, const char *domain, struct setup_facts *facts, char *error, size_t capacity) {
  char *xml = libvirt_domain_live_xml(connection, domain, error, capacity);
  bool fine = xml && setup_facts_read(xml, strlen(xml), facts, error, capacity);
  free(xml);
  return fine;
}

static void *find_place(void *user_data) {
  struct question *question = user_data;
  struct libvirt_place *place = &question->place;
  struct libvirt_connection *connection =
      libvirt_connection_for(question->uri, question->domain, true, place->reason, sizeof place->reason);
  if (connection && read_facts(connection, question->domain, &place->facts, place->reason, sizeof place->reason))
    snprintf(place->uri, sizeof place->uri, "%s", libvirt_connection_uri(connection));
  libvirt_connection_close(connection);
  sem_post(&question->answered);
  leave(question);
  return NULL;
}

static void look_at(struct question *question, struct libvirt_connection *connection, const struct libvirt_domain_entry *entry) {
  char error[LIBVIRT_ERROR_BYTES];
  struct setup_facts facts;
  if (!read_facts(connection, entry->name, &facts, error, sizeof error))
    return;
  size_t used = strlen(question->names);
  snprintf(question->names + used, sizeof question->names - used, "%s%.100s (%s%s)", used ? ", " : "", entry->name,
           domain_state_name(entry->state), facts.has_region ? "" : ", not set up");
  if (entry->state == DOMAIN_STATE_RUNNING && facts.has_region && question->ready++ == 0)
    snprintf(question->picked, sizeof question->picked, "%s", entry->name);
}

static void *find_ready(void *user_data) {
  struct question *question = user_data;
  const char *uris[LIBVIRT_URIS_MAX];
  char error[LIBVIRT_ERROR_BYTES];
  for (unsigned i = 0, count = libvirt_uris(question->uri, uris); i < count; i++) {
    size_t domains = 0;
    struct libvirt_connection *connection = libvirt_connection_open(uris[i], true, error, sizeof error);
    struct libvirt_domain_entry *entries = connection ? libvirt_domains(connection, &domains, error, sizeof error) : NULL;
    for (size_t j = 0; j < domains; j++)
      look_at(question, connection, &entries[j]);
    free(entries);
    libvirt_connection_close(connection);
  }
  sem_post(&question->answered);
  leave(question);
  return NULL;
}

/* True: it was answered in time. The caller leaves the question in any case. */
static bool ask(struct question *question, void *(*body)(void *), unsigned limit_ms) {
  pthread_t thread;
  struct timespec limit;
  sem_init(&question->answered, 0, 0);
  atomic_store(&question->owners, 2);
  if (quiet_thread_create(&thread, body, question) != 0) {
    atomic_store(&question->owners, 1);
    return false;
  }
  pthread_detach(thread);
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += limit_ms / 1000;
  int result;
  while ((result = sem_timedwait(&question->answered, &limit)) != 0 && errno == EINTR)
    ;
  return result == 0;
}

void libvirt_resolve(const char *given_uri, const char *domain, unsigned limit_ms, struct libvirt_place *place) {
  *place = (struct libvirt_place){0};
  struct question *question = calloc(1, sizeof *question);
  if (!question)
    return;
  snprintf(question->uri, sizeof question->uri, "%s", given_uri);
  snprintf(question->domain, sizeof question->domain, "%s", domain);
  if (ask(question, find_place, limit_ms))
    *place = question->place;
  else
    snprintf(place->reason, sizeof place->reason, "libvirt does not answer");
  leave(question);
}

bool libvirt_pick(const char *given_uri, unsigned limit_ms, char *domain, size_t domain_bytes, char *names, size_t names_bytes) {
  struct question *question = calloc(1, sizeof *question);
  names[0] = 0;
  if (!question)
    return false;
  snprintf(question->uri, sizeof question->uri, "%s", given_uri);
  bool answered = ask(question, find_ready, limit_ms), one = answered && question->ready == 1;
  if (answered)
    snprintf(names, names_bytes, "%s", question->names);
  if (one)
    snprintf(domain, domain_bytes, "%s", question->picked);
  leave(question);
  return one;
}
