#include "host/input/input_source_replay.h"

#include "common/clock.h"
#include "host/event/event_loop.h"
#include "host/input/input_recording.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAULT_BYTES 512

enum next_line { NEXT_EVENT, NEXT_END, NEXT_FAULT };

struct replay_source {
  struct input_source base;
  struct event_source *timer;
  input_replay_ended ended;
  void *ended_user_data;
  char *path;
  FILE *file;
  unsigned long line;
  enum next_line next_line; /* what was read ahead */
  struct input_event next;  /* NEXT_EVENT */
  const char *fault;        /* NEXT_FAULT */
  bool is_due;              /* the timer was set for `next` */
  struct input_recording_held held;
  uint64_t began_ns;  /* clock_monotonic_ns() at the recording's zero */
  uint64_t played_ns; /* how far the recording was played */
};

static struct replay_source *replay_source(struct input_source *base) { return (struct replay_source *)base; }

static void report(struct replay_source *replay, const struct input_event *events, size_t count) {
  if (count && replay->base.events)
    replay->base.events->report(events, count, replay->base.user_data);
}

static void release_held(struct replay_source *replay) {
  struct input_event events[INPUT_REPORT_EVENTS_MAX];
  size_t count;
  while ((count = input_recording_held_release(&replay->held, clock_monotonic_ns(), events)) > 0)
    report(replay, events, count);
}

static void end(struct replay_source *replay) {
  char text[FAULT_BYTES];
  release_held(replay);
  if (replay->next_line == NEXT_FAULT)
    snprintf(text, sizeof(text), "%.256s:%lu: %s", replay->path, replay->line, replay->fault);
  replay->ended(replay->next_line == NEXT_FAULT ? text : NULL, replay->ended_user_data);
}

/* NULL, or what is wrong. */
static const char *read_line(struct replay_source *replay, char line[INPUT_RECORDING_LINE_MAX]) {
  replay->line++;
  if (!fgets(line, INPUT_RECORDING_LINE_MAX, replay->file))
    return ferror(replay->file) ? "it cannot be read" : "the recording is cut off: its last line, 'end', is missing";
  const size_t length = strcspn(line, "\n");
  if (line[length] != '\n')
    return length + 1 >= INPUT_RECORDING_LINE_MAX ? "the line is too long" : "the recording is cut off in this line";
  line[length] = 0;
  return NULL;
}

static void read_ahead(struct replay_source *replay) {
  char line[INPUT_RECORDING_LINE_MAX];
  enum input_recording_line kind = INPUT_RECORDING_NOTHING;
  struct input_event event = {0};
  const char *fault = NULL;
  while (!fault && kind == INPUT_RECORDING_NOTHING) {
    fault = read_line(replay, line);
    if (!fault)
      fault = input_recording_parse(line, &kind, &event);
  }
  if (!fault && event.time_ns < replay->played_ns)
    fault = "its time is before that of the line above";
  replay->next_line = fault ? NEXT_FAULT : kind == INPUT_RECORDING_END ? NEXT_END : NEXT_EVENT;
  replay->fault = fault;
  replay->next = event;
}

static bool has_axis(const struct input_event *events, size_t count, const struct input_event *axis) {
  for (size_t i = 0; i < count; i++)
    if (!input_recording_is_key(axis) && events[i].page == axis->page && events[i].usage == axis->usage &&
        events[i].absolute == axis->absolute && events[i].controller == axis->controller)
      return true;
  return false;
}

/* Everything of the next event's time is one report, with at most one event an axis. */
static void play_report(struct replay_source *replay) {
  struct input_event events[INPUT_REPORT_EVENTS_MAX];
  size_t count = 0;
  const uint64_t now_ns = clock_monotonic_ns();
  replay->played_ns = replay->next.time_ns;
  while (replay->next_line == NEXT_EVENT && replay->next.time_ns == replay->played_ns && count < INPUT_REPORT_EVENTS_MAX &&
         !has_axis(events, count, &replay->next)) {
    struct input_event event = replay->next;
    event.time_ns = now_ns;
    if (!input_recording_is_key(&event) || input_recording_held_put(&replay->held, &event))
      events[count++] = event;
    read_ahead(replay);
  }
  report(replay, events, count);
}

/* Until the next event, less what we are late already. */
static uint64_t wait_ns(const struct replay_source *replay) {
  const uint64_t gap_ns = replay->next.time_ns - replay->played_ns;
  const uint64_t now_ns = clock_monotonic_ns(), expected_ns = replay->began_ns + replay->played_ns;
  const uint64_t late_ns = now_ns > expected_ns ? now_ns - expected_ns : 0;
  return gap_ns > late_ns ? gap_ns - late_ns : 0;
}

static void on_time(void *user_data) {
  struct replay_source *replay = user_data;
  for (int reports = 0; replay->next_line != NEXT_FAULT; reports++) {
    const uint64_t delay_ns = replay->is_due ? 0 : wait_ns(replay);
    replay->is_due = delay_ns > 0;
    if (delay_ns > 0 || reports == INPUT_REPLAY_REPORTS_A_TURN) {
      event_timer_set(replay->timer, delay_ns ? delay_ns : 1, 0);
      return;
    }
    if (replay->next_line == NEXT_END)
      break;
    play_report(replay);
  }
  end(replay);
}

void input_source_replay_start(struct input_source *source) {
  struct replay_source *replay = replay_source(source);
  replay->began_ns = clock_monotonic_ns();
  event_timer_set(replay->timer, 1, 0);
}

/* Nothing to take, and nobody else's. */
static int replay_grab(struct input_source *source, bool grab) {
  (void)source;
  (void)grab;
  return 0;
}

static bool replay_any_down(struct input_source *source) { return replay_source(source)->held.count > 0; }

static bool replay_has_key(struct input_source *source, uint16_t page, uint16_t usage) {
  (void)source;
  (void)page;
  (void)usage;
  return true; /* it may come */
}

static void free_replay(struct replay_source *replay) {
  event_source_remove(replay->timer);
  if (replay->file)
    fclose(replay->file);
  free(replay->path);
  free(replay);
}

static void replay_destroy(struct input_source *source) {
  release_held(replay_source(source));
  free_replay(replay_source(source));
}

static const struct input_source_impl impl = {
    .name = "replay", .grab = replay_grab, .any_down = replay_any_down, .has_key = replay_has_key, .destroy = replay_destroy};

static int start(struct replay_source *replay, struct event_loop *loop, const char *path) {
  char line[INPUT_RECORDING_LINE_MAX];
  replay->path = strdup(path);
  replay->timer = event_loop_add_timer(loop, on_time, replay);
  if (!replay->path || !replay->timer)
    return -ENOMEM;
  replay->file = fopen(path, "re");
  if (!replay->file)
    return -errno;
  if (read_line(replay, line) || strcmp(line, INPUT_RECORDING_HEADER) != 0)
    return -EINVAL;
  read_ahead(replay);
  return 0;
}

struct input_source *input_source_replay_create(struct event_loop *loop, const char *path, input_replay_ended ended, void *user_data) {
  struct replay_source *replay = calloc(1, sizeof(*replay));
  if (!replay)
    return NULL;
  replay->base.impl = &impl;
  replay->ended = ended;
  replay->ended_user_data = user_data;
  const int status = start(replay, loop, path);
  if (status == 0)
    return &replay->base;
  free_replay(replay);
  errno = -status;
  return NULL;
}

uint8_t input_source_replay_controllers(const char *path) {
  char line[INPUT_RECORDING_LINE_MAX];
  struct replay_source replay = {.file = fopen(path, "re")};
  uint8_t highest = 0;
  if (!replay.file)
    return 0;
  if (!read_line(&replay, line)) /* the header: whether it is one, create() says */
    for (read_ahead(&replay); replay.next_line == NEXT_EVENT; read_ahead(&replay))
      highest = replay.next.controller > highest ? replay.next.controller : highest;
  fclose(replay.file);
  return highest;
}
