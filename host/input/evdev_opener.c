#define LOG_MODULE "input"
#include "host/input/evdev_opener.h"

#include "common/log.h"
#include "host/devices/device_discovery.h"
#include "host/event/event_loop.h"
#include "host/input/evdev_opener_internal.h"
#include "host/input/evdev_reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define WANTED_ROLES (INPUT_DEVICE_KEYBOARD | INPUT_DEVICE_POINTER | INPUT_DEVICE_CONTROLLER)
#define BY_ID "/dev/input/by-id/"

struct choice {
  const char *text;
  bool bound; /* a path: `device` is the one that was there first */
  struct input_device_info device;
};

struct candidate {
  struct evdev_opener *opener;
  struct candidate *next;
  struct input_device_info info;
  struct event_source *retry; /* timer */
  uint64_t delay_ns;          /* of the next retry; 0 = none yet */
  bool is_open;
  int fault; /* of the last attempt, to say each once */
};

struct evdev_opener {
  struct event_loop *loop;
  struct evdev_reader *reader;
  struct device_discovery *discovery;
  struct choice choices[EVDEV_CHOICES_MAX];
  size_t choice_count;
  struct candidate *candidates; /* every device there is */
  bool scanning;                /* all interfaces are to be known before any is chosen */
};

static bool is_bound_by_path(const struct choice *choice) {
  return choice->text[0] == '/' && strncmp(choice->text, BY_ID, strlen(BY_ID)) != 0;
}

static bool is_same_model(const struct input_device_info *one, const struct input_device_info *other) {
  return one->bus == other->bus && one->vendor == other->vendor && one->product == other->product && strcmp(one->name, other->name) == 0;
}

static bool choice_matches(struct choice *choice, const struct input_device_info *info) {
  if (choice->bound)
    return is_same_model(&choice->device, info);
  if (!input_device_matches(info, choice->text))
    return false;
  if (is_bound_by_path(choice)) {
    choice->bound = true;
    choice->device = *info;
  }
  return true;
}

static bool is_chosen(struct evdev_opener *opener, const struct input_device_info *info) {
  for (size_t i = 0; i < opener->choice_count; i++)
    if (choice_matches(&opener->choices[i], info))
      return true;
  return false;
}

static bool is_wanted(struct candidate *candidate) {
  struct evdev_opener *opener = candidate->opener;
  if (!(candidate->info.roles & WANTED_ROLES))
    return false;
  if (opener->choice_count == 0 || is_chosen(opener, &candidate->info))
    return true;
  for (struct candidate *other = opener->candidates; other; other = other->next)
    if (other != candidate && candidate->info.physical[0] && strcmp(other->info.physical, candidate->info.physical) == 0 &&
        is_chosen(opener, &other->info))
      return true;
  return false;
}

/* Reading and writing, for the LEDs; else only reading. -errno. */
static int open_node(const char *node) {
  int fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && (errno == EACCES || errno == EROFS))
    fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

static void retry_later(struct candidate *candidate) {
  const uint64_t doubled_ns = candidate->delay_ns ? candidate->delay_ns * 2 : EVDEV_RETRY_FIRST_NS;
  candidate->delay_ns = doubled_ns < EVDEV_RETRY_LAST_NS ? doubled_ns : EVDEV_RETRY_LAST_NS;
  event_timer_set(candidate->retry, candidate->delay_ns, 0);
}

static void attempt(struct candidate *candidate) {
  const int fd = open_node(candidate->info.node);
  const int status = fd < 0 ? fd : evdev_reader_add(candidate->opener->reader, fd, &candidate->info);
  candidate->is_open = status == 0;
  if (fd < 0 && fd != candidate->fault)
    log_warning("%s (%s) cannot be opened: %s; transom input --list says more", candidate->info.name, candidate->info.node, strerror(-fd));
  candidate->fault = status;
  if (status)
    retry_later(candidate);
  else
    candidate->delay_ns = 0;
}

static void on_retry(void *user_data) {
  struct candidate *candidate = user_data;
  if (!candidate->is_open)
    attempt(candidate);
}

static void open_wanted(struct evdev_opener *opener) {
  for (struct candidate *candidate = opener->candidates; candidate; candidate = candidate->next)
    if (!candidate->is_open && candidate->delay_ns == 0 && is_wanted(candidate))
      attempt(candidate);
}

static void free_candidate(struct candidate *candidate) {
  event_source_remove(candidate->retry);
  free(candidate);
}

static void on_added(const struct input_device_info *info, void *user_data) {
  struct evdev_opener *opener = user_data;
  struct candidate *candidate = calloc(1, sizeof(*candidate));
  if (!candidate)
    return;
  candidate->opener = opener;
  candidate->info = *info;
  candidate->retry = event_loop_add_timer(opener->loop, on_retry, candidate);
  if (!candidate->retry) {
    free(candidate);
    return;
  }
  candidate->next = opener->candidates;
  opener->candidates = candidate;
  if (!opener->scanning)
    open_wanted(opener);
}

static void on_removed(const char *node, void *user_data) {
  struct evdev_opener *opener = user_data;
  for (struct candidate **at = &opener->candidates; *at; at = &(*at)->next) {
    struct candidate *candidate = *at;
    if (strcmp(candidate->info.node, node) != 0)
      continue;
    *at = candidate->next;
    evdev_reader_remove(opener->reader, node);
    free_candidate(candidate);
    return;
  }
}

/* Discovery may tell of the removal later, or never, when only the right was taken away. */
static void on_lost(const struct input_device_info *info, void *user_data) {
  struct evdev_opener *opener = user_data;
  for (struct candidate *candidate = opener->candidates; candidate; candidate = candidate->next) {
    if (strcmp(candidate->info.node, info->node) != 0)
      continue;
    candidate->is_open = false;
    retry_later(candidate);
  }
}

static void on_destroyed(void *user_data) {
  struct evdev_opener *opener = user_data;
  device_discovery_destroy(opener->discovery);
  for (struct candidate *candidate = opener->candidates, *next; candidate; candidate = next) {
    next = candidate->next;
    free_candidate(candidate);
  }
  free(opener);
}

static const struct evdev_reader_events reader_events = {.lost = on_lost, .destroyed = on_destroyed};
static const struct device_discovery_events discovery_events = {.added = on_added, .removed = on_removed};

static int start(struct evdev_opener *opener, evdev_opener_discover discover) {
  opener->scanning = true;
  errno = ENOMEM;
  opener->discovery = discover(opener->loop, &discovery_events, opener);
  opener->scanning = false;
  if (!opener->discovery)
    return -errno;
  open_wanted(opener);
  return 0;
}

struct input_source *evdev_opener_create_over(evdev_opener_discover discover, struct event_loop *loop, const char *const *choices,
                                              size_t choice_count) {
  assert(choice_count <= EVDEV_CHOICES_MAX);
  struct evdev_opener *opener = calloc(1, sizeof(*opener));
  if (!opener)
    return NULL;
  opener->loop = loop;
  opener->choice_count = choice_count;
  for (size_t i = 0; i < choice_count; i++)
    opener->choices[i].text = choices[i];
  opener->reader = evdev_reader_create(loop, &reader_events, opener);
  if (!opener->reader) {
    free(opener);
    return NULL;
  }
  struct input_source *source = evdev_reader_source(opener->reader);
  const int status = start(opener, discover);
  if (status == 0)
    return source;
  source->impl->destroy(source);
  errno = -status;
  return NULL;
}

struct input_source *evdev_opener_create(struct event_loop *loop, const char *const *choices, size_t choice_count) {
  return evdev_opener_create_over(device_discovery_create, loop, choices, choice_count);
}

struct evdev_opener_counts evdev_opener_count(struct input_source *source) {
  const struct evdev_opener *opener = evdev_reader_user_data(source);
  struct evdev_opener_counts counts = {.controllers = evdev_reader_controllers(opener->reader)};
  for (const struct candidate *candidate = opener->candidates; candidate; candidate = candidate->next) {
    counts.open += candidate->is_open;
    counts.denied += candidate->fault == -EACCES;
  }
  return counts;
}
