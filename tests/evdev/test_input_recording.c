/* Recordings: each line, what a bad one is called, who may read the file, and a replay that ends in the middle. */
#include "host/input/input_delivery.h"
#include "host/input/input_recorder.h"
#include "host/input/input_recording.h"
#include "host/input/input_source_replay.h"

#include "support/fake_input_sink.h"
#include "support/manual_event_loop.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

struct fixture {
  char directory[32], path[64];
  struct event_loop *loop;
  struct input_source *source;
  struct fake_input_sink sink;
  struct input_delivery delivery;
  char fault[512];
  int ended;
};

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  strcpy(fixture->directory, "/tmp/recording-XXXXXX");
  assert_non_null(mkdtemp(fixture->directory));
  snprintf(fixture->path, sizeof(fixture->path), "%s/file", fixture->directory);
  fixture->loop = event_loop_create(EVENT_LOOP_AUTO);
  fake_input_sink_init(&fixture->sink);
  fixture->delivery.sink = &fixture->sink.base;
  *state = fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  if (fixture->source)
    fixture->source->impl->destroy(fixture->source);
  event_loop_destroy(fixture->loop);
  unlink(fixture->path);
  rmdir(fixture->directory);
  free(fixture);
  return 0;
}

static void on_report(const struct input_event *events, size_t count, void *user_data) {
  struct fixture *fixture = user_data;
  input_delivery_report(&fixture->delivery, events, count);
}

static void on_ended(const char *fault, void *user_data) {
  struct fixture *fixture = user_data;
  snprintf(fixture->fault, sizeof(fixture->fault), "%s", fault ? fault : "");
  fixture->ended++;
}

static void write_file(struct fixture *fixture, const char *text) {
  FILE *file = fopen(fixture->path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

/* Plays `text` from its start for `ms`. */
static void play(struct fixture *fixture, const char *text, uint64_t ms) {
  static const struct input_source_events events = {.report = on_report};
  write_file(fixture, text);
  fixture->source = input_source_replay_create(fixture->loop, fixture->path, on_ended, fixture);
  assert_non_null(fixture->source);
  fixture->source->events = &events;
  fixture->source->user_data = fixture;
  input_source_replay_start(fixture->source);
  manual_event_loop_advance(fixture->loop, ms * MS);
}

static void a_recording_is_played_at_its_own_speed(void **state) {
  struct fixture *fixture = *state;
  play(fixture,
       "transom-recording 1\n# hello\n\n0.000000 key 07:04 down # a\n0.500000 key 07:04 up\n1.000000 x 5\n1.000000 y -3\n"
       "1.000000 button 2 down\n1.100000 at-y 7\n1.200000 wheel -120\n1.300000 pan 15\n1.400000 button 2 up\n1.400000 end\n",
       1);
  assert_string_equal(fixture->sink.told, "k7:4+");
  assert_true(fixture->source->impl->any_down(fixture->source));
  manual_event_loop_advance(fixture->loop, 400 * MS);
  assert_string_equal(fixture->sink.told, "k7:4+");
  manual_event_loop_advance(fixture->loop, 100 * MS);
  assert_string_equal(fixture->sink.told, "k7:4+ k7:4-");
  manual_event_loop_advance(fixture->loop, 1000 * MS);
  assert_string_equal(fixture->sink.told, "k7:4+ k7:4- m5,-3 b1+ a0,7 w-120,0 w0,15 b1-");
  assert_int_equal(fixture->ended, 1);
  assert_string_equal(fixture->fault, "");
}

static void a_cut_recording_is_said_so_and_leaves_nothing_down(void **state) {
  struct fixture *fixture = *state;
  play(fixture, "transom-recording 1\n0.0 key 07:e0 down\n0.0 button 1 down\n0.1 key 07:04 do", 1000);
  assert_string_equal(fixture->sink.told, "k7:e0+ b0+ b0- k7:e0-");
  assert_int_equal(fixture->ended, 1);
  assert_non_null(strstr(fixture->fault, "/file:4: the recording is cut off in this line"));
  assert_false(fixture->source->impl->any_down(fixture->source));
}

static void a_recording_without_its_last_line_was_cut(void **state) {
  struct fixture *fixture = *state;
  play(fixture, "transom-recording 1\n0.0 key 07:e0 down\n", 1000);
  assert_string_equal(fixture->sink.told, "k7:e0+ k7:e0-");
  assert_non_null(strstr(fixture->fault, "its last line, 'end', is missing"));
}

static void whoever_stops_a_replay_has_its_keys_back(void **state) {
  struct fixture *fixture = *state;
  play(fixture, "transom-recording 1\n0.0 key 07:e0 down\n9.0 end\n", 100);
  assert_string_equal(fixture->sink.told, "k7:e0+");
  fixture->source->impl->destroy(fixture->source);
  fixture->source = NULL;
  assert_string_equal(fixture->sink.told, "k7:e0+ k7:e0-");
}

static void its_controllers_are_known_beforehand(void **state) {
  struct fixture *fixture = *state;
  write_file(fixture, "transom-recording 1\n0.0 controller 1 axis 30 -5\n0.1 controller 3 button 2 down\n0.1 x 1\n0.2 end\n");
  assert_int_equal(input_source_replay_controllers(fixture->path), 3);
  write_file(fixture, "transom-recording 1\n0.0 x 1\n0.0 end\n");
  assert_int_equal(input_source_replay_controllers(fixture->path), 0);
  assert_int_equal(input_source_replay_controllers("/nowhere/at/all"), 0);
}

static void what_is_no_recording_is_refused(void **state) {
  struct fixture *fixture = *state;
  static const char *const others[] = {"", "\n", "transom-recording 2\n0.0 end\n", "transom-recording 1", "#!/bin/sh\n"};
  for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
    write_file(fixture, others[i]);
    assert_null(input_source_replay_create(fixture->loop, fixture->path, on_ended, fixture));
    assert_int_equal(errno, EINVAL);
  }
  assert_null(input_source_replay_create(fixture->loop, "/nowhere/at/all", on_ended, fixture));
  assert_int_equal(errno, ENOENT);
}

static void every_bad_line_is_called_bad(void **state) {
  (void)state;
  static const char *const lines[] = {
      "key 07:04 down",
      "1 key 07:04 down",
      "1. key 07:04 down",
      "-1.0 x 1",
      "1000001.0 end",
      "99999999.0 end",
      "1.0000000001 end",
      "1.0",
      "1.0 key",
      "1.0 key 07:04",
      "1.0 key 07:04 2",
      "1.0 key 07:04 downx",
      "1.0 key 07:04 down up",
      "1.0 key 7 down",
      "1.0 key 07: 04 down",
      "1.0 key 08:04 down",
      "1.0 key 01:30 down",
      "1.0 key 07:e8 down",
      "1.0 key 0c:238 up",
      "1.0 key 07:10004 down",
      "1.0 button 0 down",
      "1.0 button 17 down",
      "1.0 button left down",
      "1.0 x",
      "1.0 x 2147483648",
      "1.0 x 1 2",
      "1.0 x 99999999999999",
      "1.0 at-x -1",
      "1.0 at-y 32768",
      "1.0 wheel 1.5",
      "1.0 controller 0 button 1 down",
      "1.0 controller 17 button 1 down",
      "1.0 controller 1 axis 2f 0",
      "1.0 controller 1 axis 30 32768",
      "1.0 controller 1 x 5",
      "1.0 endx",
      "1.0 end 5",
      "1.0 jump",
      "x",
  };
  for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
    enum input_recording_line kind = INPUT_RECORDING_NOTHING;
    struct input_event event = {.value = 77};
    if (!input_recording_parse(lines[i], &kind, &event))
      fail_msg("'%s' passed", lines[i]);
    assert_int_equal(event.value, 77); /* nothing was written */
  }
}

static void what_is_written_reads_the_same(void **state) {
  (void)state;
  char line[INPUT_RECORDING_LINE_MAX];
  size_t lines = 0;
  for (uint16_t page = 0; page <= 0x10; page++)
    for (uint16_t usage = 0; usage <= 0x400; usage++)
      for (int form = 0; form < 4; form++) {
        const struct input_event event = {.page = page, .usage = usage, .value = 1, .absolute = form & 1, .controller = form & 2 ? 3 : 0};
        enum input_recording_line kind;
        struct input_event again;
        if (!input_recording_is_recordable(&event))
          continue;
        input_recording_format(&event, 1234567000, line);
        assert_int_equal(strcspn(line, "\n"), strlen(line) - 1);
        line[strlen(line) - 1] = 0;
        assert_null(input_recording_parse(line, &kind, &again));
        assert_int_equal(kind, INPUT_RECORDING_EVENT);
        assert_int_equal(again.page, page);
        assert_int_equal(again.usage, usage);
        assert_int_equal(again.value, 1);
        assert_int_equal(again.controller, event.controller);
        assert_int_equal(again.time_ns, 1234567000);
        lines++;
      }
  assert_true(lines > 1000);
}

static void record(struct fixture *fixture) {
  struct input_recorder *recorder = input_recorder_create(fixture->path);
  assert_non_null(recorder);
  const struct input_event events[] = {
      {.page = INPUT_PAGE_KEYBOARD, .usage = 0x28, .value = 0, .time_ns = 5000 * MS}, /* Enter, which started the program */
      {.page = INPUT_PAGE_KEYBOARD, .usage = 0xe0, .value = 1, .time_ns = 5001 * MS},
      {.page = INPUT_PAGE_DESKTOP, .usage = INPUT_USAGE_X, .value = -7, .time_ns = 5003 * MS},
      {.page = INPUT_PAGE_DESKTOP, .usage = INPUT_USAGE_Y, .value = 1, .time_ns = 5002 * MS}, /* another device, another clock */
  };
  input_recorder_report(recorder, events, sizeof(events) / sizeof(events[0]));
  assert_int_equal(input_recorder_count(recorder), 3);
  assert_int_equal(input_recorder_destroy(recorder), 0);
}

static void a_recording_is_its_owners_alone_and_complete(void **state) {
  struct fixture *fixture = *state;
  struct stat status;
  umask(0);
  record(fixture);
  assert_int_equal(stat(fixture->path, &status), 0);
  assert_int_equal(status.st_mode & 07777, 0600);
  assert_null(input_recorder_create(fixture->path)); /* never written over */
  assert_int_equal(errno, EEXIST);
  static const char expected[] = "0.000000 key 07:e0 down  # ctrl\n0.002000 x -7\n0.002000 y 1\n";
  char text[1024] = "";
  FILE *file = fopen(fixture->path, "r");
  assert_non_null(file);
  assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
  fclose(file);
  assert_non_null(strstr(text, expected));
  assert_non_null(strstr(text, " key 07:e0 up")); /* held when the recording ended */
  assert_non_null(strstr(text, " end\n"));
}

/* As on a full disk. */
static void a_recording_that_does_not_fit_is_told(void **state) {
  struct fixture *fixture = *state;
  const struct rlimit small = {.rlim_cur = 4096, .rlim_max = RLIM_INFINITY};
  const struct rlimit unlimited = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
  signal(SIGXFSZ, SIG_IGN);
  struct input_recorder *recorder = input_recorder_create(fixture->path);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  for (uint64_t i = 0; i < 1000; i++) {
    const struct input_event event = {.page = INPUT_PAGE_DESKTOP, .usage = INPUT_USAGE_X, .value = 1, .time_ns = i * MS};
    input_recorder_report(recorder, &event, 1);
  }
  const int status = input_recorder_destroy(recorder);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
  assert_int_equal(status, -EFBIG);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(a_recording_is_played_at_its_own_speed),
      CASE(a_cut_recording_is_said_so_and_leaves_nothing_down),
      CASE(a_recording_without_its_last_line_was_cut),
      CASE(whoever_stops_a_replay_has_its_keys_back),
      CASE(its_controllers_are_known_beforehand),
      CASE(what_is_no_recording_is_refused),
      CASE(every_bad_line_is_called_bad),
      CASE(what_is_written_reads_the_same),
      CASE(a_recording_is_its_owners_alone_and_complete),
      CASE(a_recording_that_does_not_fit_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
