#define LOG_MODULE "serve"
#include "host/serve/key_release.h"

#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/input/keymap_table.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_ID "transom-serve-release"
#define RESYNC "\xff\n"
#define PAGE_BUTTON 0x09

struct key_release {
  struct event_loop *loop;
  int monitor;
  struct event_source *source, *limit;
  bool wait_for_answer;
  void (*done)(struct key_release *release, void *user_data);
  void *user_data;
  char *text;
  size_t bytes, sent;
  char line[512]; /* of QEMU's, so far; a longer one is none that we wait for */
  size_t line_bytes;
};

/* QEMU's event for this usage, or false: it has no name for it, so the guest cannot have it down. */
static bool format_event(char event[80], uint16_t page, uint16_t usage) {
  static const char *const buttons[] = {NULL, "left", "right", "middle", "side", "extra"};
  const int key = page == PAGE_BUTTON ? -1 : keymap_find(page, usage);
  if (page == PAGE_BUTTON && usage < sizeof buttons / sizeof *buttons && buttons[usage]) {
    snprintf(event, 80, "\"btn\",\"data\":{\"down\":false,\"button\":\"%s\"}", buttons[usage]);
    return true;
  }
  if (key >= 0)
    snprintf(event, 80, "\"key\",\"data\":{\"down\":false,\"key\":{\"type\":\"qcode\",\"data\":\"%s\"}}", keymap_at((size_t)key)->qcode);
  return key >= 0;
}

/* One command a key: a key that QEMU refuses must not keep the others down. */
static size_t write_commands(const struct held_keys *held, char *text, size_t capacity, int *count) {
  uint16_t page, usage;
  char event[80];
  size_t used = 0;
  *count = 0;
  for (int bit = 0; held_keys_next(held, &bit, &page, &usage);) {
    if (!format_event(event, page, usage))
      continue;
    const int length = snprintf(text ? text + used : NULL, text ? capacity - used : 0,
                                "{\"execute\":\"input-send-event\",\"arguments\":{\"events\":[{\"type\":%s}]}}\n", event);
    used += (size_t)length;
    ++*count;
  }
  return used;
}

char *key_release_text(const struct held_keys *held) {
  static const char last[] = "{\"execute\":\"query-status\",\"id\":\"" ANSWER_ID "\"}\n"; /* answered when all before it are */
  int count;
  const size_t length = write_commands(held, NULL, 0, &count);
  if (!count)
    return NULL;
  const size_t capacity = sizeof RESYNC - 1 + length + sizeof last;
  char *text = malloc(capacity);
  if (!text)
    return NULL;
  memcpy(text, RESYNC, sizeof RESYNC - 1);
  const size_t used = sizeof RESYNC - 1 + write_commands(held, text + sizeof RESYNC - 1, capacity - (sizeof RESYNC - 1), &count);
  memcpy(text + used, last, sizeof last);
  return text;
}

/* True: it is over. */
static bool say_more(struct key_release *release) {
  while (release->sent < release->bytes) {
    const ssize_t sent = send(release->monitor, release->text + release->sent, release->bytes - release->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0)
      return errno != EAGAIN && errno != EINTR;
    release->sent += (size_t)sent;
  }
  event_source_set_events(release->source, release->wait_for_answer ? EVENT_READABLE : 0);
  return !release->wait_for_answer;
}

/* A guest that is paused heard nothing; one that is suspended will. */
static bool guest_heard(const char *status) { return !strstr(status, "\"running\": false") || strstr(status, "\"suspended\""); }

/* True: it is over. */
static bool take_line(struct key_release *release) {
  if (strstr(release->line, ANSWER_ID)) {
    if (guest_heard(release->line))
      return true;
    event_timer_set(release->limit, 0, 0); /* paused: QEMU lives, and says when it goes on */
  } else if (strstr(release->line, "\"event\": \"RESUME\"")) {
    release->sent = 0;
    event_timer_set(release->limit, KEY_RELEASE_LIMIT_NS, 0);
    event_source_set_events(release->source, EVENT_READABLE | EVENT_WRITABLE);
  }
  return false;
}

/* True: it is over. */
static bool hear_more(struct key_release *release) {
  char bytes[1024];
  const ssize_t count = recv(release->monitor, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count < 0)
    return errno != EAGAIN && errno != EINTR;
  for (ssize_t i = 0; i < count; i++) {
    if (bytes[i] != '\n') {
      if (release->line_bytes < sizeof release->line - 1)
        release->line[release->line_bytes++] = bytes[i];
      continue;
    }
    release->line[release->line_bytes] = 0;
    release->line_bytes = 0;
    if (take_line(release))
      return true;
  }
  return count == 0;
}

static void on_monitor(int fd, uint32_t events, void *user_data) {
  struct key_release *release = user_data;
  (void)fd;
  bool over = events & EVENT_HANGUP && !(events & EVENT_READABLE);
  if (!over && events & EVENT_WRITABLE)
    over = say_more(release);
  if (!over && events & EVENT_READABLE && release->wait_for_answer)
    over = hear_more(release);
  if (over)
    release->done(release, release->user_data);
}

static void on_limit(void *user_data) {
  struct key_release *release = user_data;
  log_warning("QEMU did not take the key releases of a viewer that is gone");
  release->done(release, release->user_data);
}

struct key_release *key_release_create(struct event_loop *loop, int monitor, const struct held_keys *held, bool wait_for_answer,
                                       void (*done)(struct key_release *release, void *user_data), void *user_data) {
  char *text = key_release_text(held);
  struct key_release *release = text ? calloc(1, sizeof *release) : NULL;
  if (!release) {
    free(text);
    close(monitor);
    return NULL;
  }
  *release = (struct key_release){.loop = loop,
                                  .monitor = monitor,
                                  .wait_for_answer = wait_for_answer,
                                  .done = done,
                                  .user_data = user_data,
                                  .text = text,
                                  .bytes = strlen(text)};
  release->source = event_loop_add_fd(loop, monitor, EVENT_WRITABLE | (wait_for_answer ? EVENT_READABLE : 0), on_monitor, release);
  release->limit = event_loop_add_timer(loop, on_limit, release);
  if (release->source && release->limit) {
    event_timer_set(release->limit, KEY_RELEASE_LIMIT_NS, 0);
    return release;
  }
  key_release_destroy(release);
  return NULL;
}

void key_release_destroy(struct key_release *release) {
  if (!release)
    return;
  event_source_remove(release->source);
  event_source_remove(release->limit);
  close(release->monitor);
  free(release->text);
  free(release);
}
