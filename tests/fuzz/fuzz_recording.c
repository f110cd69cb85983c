/* A recording of input that nobody well-meaning wrote: played whole, it gives only events that have a line of their own, and leaves nothing
 * down. */
#include "fuzz/fuzz_input.h"
#include "host/input/input_recording.h"
#include "host/input/input_source_replay.h"
#include "support/manual_event_loop.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TURNS_MAX 100000

struct player {
  struct input_recording_held held;
  int ended;
};

/* What can be read can be written and read again, and is the same. */
static void require_round_trip(const struct input_event *event) {
  char line[INPUT_RECORDING_LINE_MAX];
  enum input_recording_line kind;
  struct input_event again;
  fuzz_require(input_recording_is_recordable(event));
  input_recording_format(event, 0, line);
  line[strcspn(line, "\n")] = 0;
  fuzz_require(input_recording_parse(line, &kind, &again) == NULL && kind == INPUT_RECORDING_EVENT);
  fuzz_require(again.page == event->page && again.usage == event->usage && again.value == event->value &&
               again.absolute == event->absolute && again.controller == event->controller);
}

static void on_report(const struct input_event *events, size_t count, void *user_data) {
  struct player *player = user_data;
  fuzz_require(count >= 1 && count <= INPUT_REPORT_EVENTS_MAX);
  for (size_t i = 0; i < count; i++) {
    require_round_trip(&events[i]);
    if (input_recording_is_key(&events[i]))
      fuzz_require(input_recording_held_put(&player->held, &events[i])); /* every press and release changes something */
  }
}

static void on_ended(const char *fault, void *user_data) {
  struct player *player = user_data;
  fuzz_require(!fault || strchr(fault, '\n') == NULL);
  player->ended++;
}

static void play(const char *path) {
  static const struct input_source_events events = {.report = on_report};
  struct player player = {.ended = 0};
  struct event_loop *loop = event_loop_create(EVENT_LOOP_AUTO);
  struct input_source *source = input_source_replay_create(loop, path, on_ended, &player);
  if (source) {
    source->events = &events;
    source->user_data = &player;
    input_source_replay_start(source);
    for (int turn = 0; turn < TURNS_MAX && !player.ended; turn++)
      manual_event_loop_advance(loop, UINT64_C(1000000000) * INPUT_RECORDING_SECONDS_MAX);
    fuzz_require(player.ended == 1 && player.held.count == 0);
    source->impl->destroy(source);
  }
  event_loop_destroy(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  char path[64];
  const int fd = memfd_create("recording", MFD_CLOEXEC);
  fuzz_require(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  play(path);
  close(fd);
  return 0;
}
