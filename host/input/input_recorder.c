#include "host/input/input_recorder.h"

#include "common/clock.h"
#include "host/input/input_recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct input_recorder {
  FILE *file;
  struct input_recording_held held;
  uint64_t began_ns, last_ns; /* the first event's time; the newest line's, from there */
  size_t count;
  int fault; /* -errno of the first write that failed */
};

static void write_text(struct input_recorder *recorder, const char *text) {
  errno = 0;
  if (fputs(text, recorder->file) < 0 && !recorder->fault)
    recorder->fault = errno ? -errno : -EIO;
}

static FILE *create_file(const char *path) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return NULL;
  FILE *file = fdopen(fd, "w");
  if (!file)
    close(fd);
  return file;
}

struct input_recorder *input_recorder_create(const char *path) {
  struct input_recorder *recorder = calloc(1, sizeof(*recorder));
  if (!recorder)
    return NULL;
  recorder->file = create_file(path);
  if (!recorder->file) {
    free(recorder);
    return NULL;
  }
  write_text(recorder, INPUT_RECORDING_HEADER "\n# Every key that was pressed is below: whoever has this file can read what was typed.\n");
  return recorder;
}

/* Devices stamp for themselves, so times may step back a little; lines do not. */
static uint64_t line_time(struct input_recorder *recorder, uint64_t time_ns) {
  if (recorder->count == 0)
    recorder->began_ns = time_ns;
  const uint64_t since_ns = time_ns > recorder->began_ns ? time_ns - recorder->began_ns : 0;
  recorder->last_ns = since_ns > recorder->last_ns ? since_ns : recorder->last_ns;
  return recorder->last_ns;
}

static void write_event(struct input_recorder *recorder, const struct input_event *event) {
  char line[INPUT_RECORDING_LINE_MAX];
  input_recording_format(event, line_time(recorder, event->time_ns), line);
  write_text(recorder, line);
  recorder->count++;
}

void input_recorder_report(struct input_recorder *recorder, const struct input_event *events, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (input_recording_is_recordable(&events[i]) &&
        (!input_recording_is_key(&events[i]) || input_recording_held_put(&recorder->held, &events[i])))
      write_event(recorder, &events[i]);
  if (fflush(recorder->file) && !recorder->fault) /* whoever looks, or is killed, has it all */
    recorder->fault = -errno;
}

size_t input_recorder_count(const struct input_recorder *recorder) { return recorder->count; }

static void write_end(struct input_recorder *recorder) {
  struct input_event events[INPUT_REPORT_EVENTS_MAX];
  char line[INPUT_RECORDING_LINE_MAX];
  size_t count;
  while ((count = input_recording_held_release(&recorder->held, clock_monotonic_ns(), events)) > 0)
    for (size_t i = 0; i < count; i++)
      write_event(recorder, &events[i]);
  input_recording_format_end(recorder->last_ns, line);
  write_text(recorder, line);
}

int input_recorder_destroy(struct input_recorder *recorder) {
  if (!recorder)
    return 0;
  write_end(recorder);
  errno = 0;
  if (fclose(recorder->file) && !recorder->fault)
    recorder->fault = errno ? -errno : -EIO;
  const int fault = recorder->fault;
  free(recorder);
  return fault;
}
