#define LOG_MODULE "libvirt"
#include "host/vm/libvirt_watch.h"

#include "common/log.h"
#include "host/vm/libvirt_internal.h"
#include "host/vm/quiet_thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RETRY_MS 1000
#define KEEPALIVE_S 5      /* a daemon that stands still is given up after */
#define KEEPALIVE_COUNT 3u /* so many of them without an answer */
#define STOP_WAIT_S 1

enum request { REQUEST_DISPLAY = 1, REQUEST_WAKE = 2 };

struct libvirt_watch {
  struct libvirt_watch_options options;
  struct libvirt_watch_events events;
  void *user_data;
  pthread_t thread;
  sem_t ended;
  int wake_fd;
  atomic_uint requests;
  atomic_bool stopping;
  pthread_mutex_t lock; /* held while an event is delivered, and by stop */

  /* the watch's thread */
  struct libvirt_connection *connection;
  bool lost, started;
  enum domain_state state;
  char told[LIBVIRT_ERROR_BYTES]; /* the last line, so that a retry does not repeat it */
  bool told_reachable;
};

static void tell(struct libvirt_watch *watch, enum domain_state state, bool reachable, const char *text) {
  bool same = state == watch->state && reachable == watch->told_reachable && strcmp(text, watch->told) == 0;
  watch->state = state;
  watch->told_reachable = reachable;
  snprintf(watch->told, sizeof watch->told, "%s", text);
  pthread_mutex_lock(&watch->lock);
  if (!same && !atomic_load(&watch->stopping))
    watch->events.state(state, reachable, text, watch->user_data);
  pthread_mutex_unlock(&watch->lock);
}

static bool is_ours(const struct libvirt_watch *watch, virDomainPtr domain) {
  return strcmp(virDomainGetName(domain), watch->options.domain) == 0;
}

/* What an event says is what was true when it was sent; what is true now is asked, for several may wait. */
static void look(struct libvirt_watch *watch) {
  char error[LIBVIRT_ERROR_BYTES];
  int state = VIR_DOMAIN_NOSTATE;
  virDomainPtr domain = libvirt_domain(watch->connection, watch->options.domain, error, sizeof error);
  if (!domain) {
    tell(watch, DOMAIN_STATE_UNKNOWN, true, error);
    return;
  }
  if (virDomainGetState(domain, &state, NULL, 0) == 0)
    tell(watch, libvirt_state_of(state), true, "");
  virDomainFree(domain);
}

static int on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *user_data) {
  struct libvirt_watch *watch = user_data;
  (void)connection;
  if (!is_ours(watch, domain))
    return 0;
  log_debug("event %d, detail %d", event, detail);
  if (event == VIR_DOMAIN_EVENT_CRASHED)
    tell(watch, DOMAIN_STATE_CRASHED, true, "");
  else
    look(watch);
  return 0;
}

static void on_reboot(virConnectPtr connection, virDomainPtr domain, void *user_data) {
  (void)connection;
  if (is_ours(user_data, domain))
    look(user_data);
}

static void on_close(virConnectPtr connection, int reason, void *user_data) {
  (void)connection, (void)reason;
  ((struct libvirt_watch *)user_data)->lost = true;
}

/* The display's number may change with every start, so the definition is read anew. */
static int open_display(struct libvirt_watch *watch, char *error, size_t capacity) {
  struct setup_facts facts;
  char *xml = libvirt_domain_live_xml(watch->connection, watch->options.domain, error, capacity);
  bool read = xml && setup_facts_read(xml, strlen(xml), &facts, error, capacity);
  free(xml);
  if (!read)
    return -1;
  if (facts.vnc_index < 0) {
    snprintf(error, capacity, "the domain has no VNC display; transom setup adds one");
    return -1;
  }
  return libvirt_open_display(watch->connection, watch->options.domain, facts.vnc_index, error, capacity);
}

static void hand_out_display(struct libvirt_watch *watch) {
  char error[LIBVIRT_ERROR_BYTES];
  int fd = watch->state == DOMAIN_STATE_RUNNING || watch->state == DOMAIN_STATE_PAUSED ? open_display(watch, error, sizeof error) : -2;
  if (fd == -1)
    log_debug("no picture of the emulated display: %s", error);
  pthread_mutex_lock(&watch->lock);
  if (fd >= 0 && !atomic_load(&watch->stopping))
    watch->events.display(fd, watch->user_data);
  else if (fd >= 0)
    close(fd);
  pthread_mutex_unlock(&watch->lock);
}

static void serve_requests(struct libvirt_watch *watch) {
  char error[LIBVIRT_ERROR_BYTES];
  unsigned requests = atomic_exchange(&watch->requests, 0);
  if (requests & REQUEST_DISPLAY)
    hand_out_display(watch);
  if ((requests & REQUEST_WAKE) && watch->state == DOMAIN_STATE_ASLEEP &&
      !libvirt_domain_wake(watch->connection, watch->options.domain, error, sizeof error))
    log_warning("%s cannot be woken: %s", watch->options.domain, error);
}

static void on_wake_fd(int handle, int fd, int events, void *user_data) {
  uint64_t count;
  (void)handle, (void)events;
  if (read(fd, &count, sizeof count) == (ssize_t)sizeof count)
    serve_requests(user_data);
}

static void start_domain(struct libvirt_watch *watch) {
  char error[LIBVIRT_ERROR_BYTES];
  if (!watch->options.start || watch->started || watch->state != DOMAIN_STATE_OFF)
    return;
  watch->started = true;
  if (libvirt_domain_start(watch->connection, watch->options.domain, error, sizeof error)) {
    look(watch);
    return;
  }
  log_error("%s does not start: %s", watch->options.domain, error);
  tell(watch, DOMAIN_STATE_OFF, true, error);
}

/* Until the connection is lost or we are stopped. */
static void follow(struct libvirt_watch *watch) {
  virConnectPtr handle = watch->connection->handle;
  watch->lost = false;
  virConnectSetKeepAlive(handle, KEEPALIVE_S, KEEPALIVE_COUNT);
  virConnectRegisterCloseCallback(handle, on_close, watch, NULL);
  int lifecycle =
      virConnectDomainEventRegisterAny(handle, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), watch, NULL);
  int reboot =
      virConnectDomainEventRegisterAny(handle, NULL, VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_reboot), watch, NULL);
  look(watch);
  start_domain(watch);
  serve_requests(watch);
  while (!watch->lost && !atomic_load(&watch->stopping) && virConnectIsAlive(handle) == 1)
    if (virEventRunDefaultImpl() != 0)
      break;
  if (lifecycle >= 0)
    virConnectDomainEventDeregisterAny(handle, lifecycle);
  if (reboot >= 0)
    virConnectDomainEventDeregisterAny(handle, reboot);
  virConnectUnregisterCloseCallback(handle, on_close);
}

static void wait_to_retry(struct libvirt_watch *watch) {
  struct pollfd wake = {.fd = watch->wake_fd, .events = POLLIN};
  uint64_t count;
  if (poll(&wake, 1, RETRY_MS) == 1 && read(watch->wake_fd, &count, sizeof count) < 0)
    log_debug("%s", strerror(errno));
}

static void *run(void *user_data) {
  struct libvirt_watch *watch = user_data;
  char error[LIBVIRT_ERROR_BYTES];
  virEventRegisterDefaultImpl();
  int handle = virEventAddHandle(watch->wake_fd, VIR_EVENT_HANDLE_READABLE, on_wake_fd, watch, NULL);
  while (!atomic_load(&watch->stopping)) {
    watch->connection = libvirt_connection_open(watch->options.uri, false, error, sizeof error);
    if (!watch->connection) {
      tell(watch, watch->state, false, error);
      wait_to_retry(watch);
      continue;
    }
    follow(watch);
    libvirt_connection_close(watch->connection);
    watch->connection = NULL;
    if (!atomic_load(&watch->stopping))
      tell(watch, watch->state, false, "the connection to libvirt was lost");
  }
  if (handle >= 0)
    virEventRemoveHandle(handle);
  sem_post(&watch->ended);
  return NULL;
}

struct libvirt_watch *libvirt_watch_start(const struct libvirt_watch_options *options, const struct libvirt_watch_events *events,
                                          void *user_data) {
  struct libvirt_watch *watch = calloc(1, sizeof *watch);
  if (!watch)
    return NULL;
  watch->options = *options;
  watch->events = *events;
  watch->user_data = user_data;
  watch->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  sem_init(&watch->ended, 0, 0);
  pthread_mutex_init(&watch->lock, NULL);
  if (watch->wake_fd >= 0 && quiet_thread_create(&watch->thread, run, watch) == 0)
    return watch;
  if (watch->wake_fd >= 0)
    close(watch->wake_fd);
  free(watch);
  return NULL;
}

static void ring(struct libvirt_watch *watch) {
  uint64_t one = 1;
  while (write(watch->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
    ;
}

void libvirt_watch_stop(struct libvirt_watch *watch) {
  if (!watch)
    return;
  pthread_mutex_lock(&watch->lock);
  atomic_store(&watch->stopping, true);
  pthread_mutex_unlock(&watch->lock);
  ring(watch);
  if (!quiet_thread_join(watch->thread, &watch->ended, STOP_WAIT_S))
    return; /* libvirt holds it; the program is about to end */
  close(watch->wake_fd);
  sem_destroy(&watch->ended);
  pthread_mutex_destroy(&watch->lock);
  free(watch);
}

static void ask(struct libvirt_watch *watch, unsigned request) {
  atomic_fetch_or(&watch->requests, request);
  ring(watch);
}

void libvirt_watch_want_display(struct libvirt_watch *watch) { ask(watch, REQUEST_DISPLAY); }

void libvirt_watch_wake_domain(struct libvirt_watch *watch) { ask(watch, REQUEST_WAKE); }
