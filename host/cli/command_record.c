#define LOG_MODULE "record"
#include "common/exit_status.h"
#include "common/log.h"
#include "common/options.h"
#include "host/cli/command.h"
#include "host/cli/interrupt.h"
#include "host/event/event_loop.h"
#include "host/input/evdev_choices.h"
#include "host/input/input_recorder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHOICES_BYTES 1024
#define NS_PER_S UINT64_C(1000000000)

struct arguments {
  char devices[CHOICES_BYTES];
  int64_t seconds; /* 0 = until Ctrl-C */
};

static const struct option_entry entries[] = {
    {.name = "input-device",
     .kind = OPTION_STRING,
     .offset = offsetof(struct arguments, devices),
     .capacity = CHOICES_BYTES,
     .argument = "DEVICE,...",
     .help = "a path, a name in /dev/input/by-id, or VENDOR:PRODUCT (default: every keyboard and mouse)"},
    {.name = "seconds",
     .kind = OPTION_INT,
     .offset = offsetof(struct arguments, seconds),
     .minimum = 1,
     .maximum = 86400,
     .argument = "N",
     .help = "end by itself (default: at Ctrl-C)"},
    {0},
};

static const struct option_table table = {
    .usage = "transom record FILE [OPTION...]",
    .summary = "Writes what keyboards and mice say to the new file FILE, one event a line. Passwords typed meanwhile are in it, too.",
    .entries = entries,
    .epilog = "transom replay FILE plays it into a guest.",
};

static void on_report(const struct input_event *events, size_t count, void *user_data) { input_recorder_report(user_data, events, count); }

static void on_seconds(void *user_data) { event_loop_stop(user_data); }

/* The exit status. */
static int finish(struct input_recorder *recorder, const char *path) {
  const size_t count = input_recorder_count(recorder);
  const int fault = input_recorder_destroy(recorder);
  if (fault) {
    log_error("%s is not complete: %s; make room and record again", path, strerror(-fault));
    return EXIT_STATUS_FAILED;
  }
  fprintf(stderr, "transom record: %zu events in %s\n", count, path);
  return EXIT_STATUS_OK;
}

static int record(struct event_loop *loop, struct input_source *source, const char *path, int64_t seconds) {
  static const struct input_source_events events = {.report = on_report};
  struct input_recorder *recorder = input_recorder_create(path);
  if (!recorder) {
    log_error("cannot create %s: %s; choose a file that is not there yet", path, strerror(errno));
    return EXIT_STATUS_FAILED;
  }
  struct event_source *timer = event_loop_add_timer(loop, on_seconds, loop);
  source->events = &events;
  source->user_data = recorder;
  if (timer && seconds)
    event_timer_set(timer, (uint64_t)seconds * NS_PER_S, 0);
  fprintf(stderr, "transom record: every key from now on, passwords too, is written to %s; Ctrl-C ends it\n", path);
  interrupt_stops(loop);
  const int status = event_loop_run(loop);
  interrupt_stops(NULL);
  event_source_remove(timer);
  if (status)
    log_error("waiting for events failed: %s", strerror(-status));
  const int ended = finish(recorder, path);
  return status ? EXIT_STATUS_FAILED : ended;
}

static int cannot_read(struct input_source *source) {
  const struct evdev_opener_counts counts = evdev_opener_count(source);
  if (counts.denied)
    log_error("no right to read any of the input devices; 'transom input --list' says which and why");
  else
    log_error("there is no such input device; 'transom input --list' shows all");
  return EXIT_STATUS_CANNOT_RUN_HERE;
}

static int run_with(struct event_loop *loop, const char *path, struct arguments *arguments) {
  const char *choices[EVDEV_CHOICES_MAX];
  size_t count;
  if (!evdev_choices_split(arguments->devices, choices, &count)) {
    log_error("--input-device takes at most %d devices", EVDEV_CHOICES_MAX);
    return EXIT_STATUS_USAGE;
  }
  struct input_source *source = evdev_opener_create(loop, choices, count);
  if (!source) {
    log_error("cannot look for input devices: %s", strerror(errno));
    return EXIT_STATUS_FAILED;
  }
  const int status = evdev_opener_count(source).open ? record(loop, source, path, arguments->seconds) : cannot_read(source);
  source->impl->destroy(source);
  return status;
}

static int run(int argc, char **argv) {
  struct arguments arguments = {.seconds = 0};
  const char *path = NULL;
  int count = 0;
  const enum options_result result = options_parse(&table, argc, argv, &arguments, &path, 1, &count);
  if (result != OPTIONS_OK)
    return result == OPTIONS_HELP ? EXIT_STATUS_OK : EXIT_STATUS_USAGE;
  if (count == 0) {
    fprintf(stderr, "transom record: FILE is missing; try --help\n");
    return EXIT_STATUS_USAGE;
  }
  struct event_loop *loop = event_loop_create(EVENT_LOOP_AUTO);
  if (!loop) {
    log_error("cannot start: %s", strerror(errno));
    return EXIT_STATUS_FAILED;
  }
  const int status = run_with(loop, path, &arguments);
  event_loop_destroy(loop);
  return status;
}

const struct command command_record = {.name = "record", .summary = "write keyboard and mouse events to a file", .run = run};
