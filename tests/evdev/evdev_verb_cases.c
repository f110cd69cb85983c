/* The verbs on real devices: what transom input --list says of them, and what transom record writes. Runs in the guest that plays the host,
 * as root, with transom beside it. */
#include "common/clock.h"

#include "support/uinput_device.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/input-event-codes.h>

#define TRANSOM "/usr/bin/transom"
#define EVIOCGRAB_REQUEST _IOW('E', 0x90, int) /* linux/input.h has a struct input_event of its own */
#define NOBODY 65534
#define PATIENCE_NS UINT64_C(60000000000)
#define PATIENCE_S 120 /* for all; a program that hangs ends us */
#define OUTPUT_BYTES 16384

struct program {
  pid_t pid;
  int output;
  char text[OUTPUT_BYTES]; /* read so far */
};

static void start(struct program *program, uid_t user, const char *const argv[]) {
  int pipe_ends[2];
  assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
  *program = (struct program){.pid = fork(), .output = pipe_ends[0]};
  assert_true(program->pid >= 0);
  if (program->pid == 0) {
    dup2(pipe_ends[1], STDOUT_FILENO);
    dup2(pipe_ends[1], STDERR_FILENO);
    if (user && setuid(user))
      _exit(99);
    execv(TRANSOM, (char *const *)argv);
    _exit(98);
  }
  close(pipe_ends[1]);
}

/* Reads until `text` was said; the end of the output without it is a failure. NULL: to its end. */
static void await_text(struct program *program, const char *text) {
  while (!text || !strstr(program->text, text)) {
    const size_t used = strlen(program->text);
    const ssize_t bytes = read(program->output, program->text + used, OUTPUT_BYTES - 1 - used);
    assert_true(bytes >= 0);
    if (bytes == 0 && text)
      fail_msg("'%s' is not in: %s", text, program->text);
    if (bytes == 0)
      return;
    program->text[used + (size_t)bytes] = 0;
  }
}

static int finish(struct program *program) {
  int status;
  await_text(program, NULL);
  assert_int_equal(waitpid(program->pid, &status, 0), program->pid);
  close(program->output);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

/* What the list says about one device: up to the next device. */
static void section_of(const struct program *program, const char *node, char section[1024]) {
  char head[80];
  snprintf(head, sizeof(head), "%s  ", node);
  const char *begin = strstr(program->text, head);
  assert_non_null(begin);
  const char *end = strstr(begin + 1, "\n/dev/");
  snprintf(section, 1024, "%.*s", end ? (int)(end - begin) : 1000, begin);
}

static void require_listed(const struct program *program, const char *node, const char *text) {
  char section[1024];
  section_of(program, node, section);
  if (!strstr(section, text))
    fail_msg("'%s' is not in: %s", text, section);
}

static void the_list_says_what_a_device_is_and_why_it_may_not_be_read(void **state) {
  (void)state;
  static const char *const argv[] = {"transom", "input", "--list", NULL};
  struct uinput_device keyboard, mouse;
  struct program program;
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "listed keyboard", NULL);
  uinput_device_create(&mouse, UINPUT_MOUSE, "listed mouse", NULL);
  const int remapper = uinput_device_open(&keyboard);
  assert_int_equal(ioctl(remapper, EVIOCGRAB_REQUEST, 1), 0);
  start(&program, 0, argv);
  assert_int_equal(finish(&program), 0);
  require_listed(&program, keyboard.info.node, "1234:0001  listed keyboard\n  is keyboard\n");
  require_listed(&program, keyboard.info.node, "3 LEDs");
  require_listed(&program, keyboard.info.node, "another program holds it");
  require_listed(&program, mouse.info.node, "is mouse\n  has 16 buttons, motion, fine wheel, sideways wheel\n  may be read\n");
  start(&program, NOBODY, argv);
  assert_int_equal(finish(&program), 0);
  require_listed(&program, mouse.info.node, "may not be read");
  close(remapper);
  uinput_device_destroy(&keyboard);
  uinput_device_destroy(&mouse);
}

static void read_file(const char *path, char text[OUTPUT_BYTES]) {
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, OUTPUT_BYTES - 1, file)] = 0;
  fclose(file);
}

static void await_file(const char *path, const char *wanted) {
  char text[OUTPUT_BYTES] = "";
  const uint64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
  while (!strstr(text, wanted) && clock_monotonic_ns() < end_ns) {
    usleep(1000); /* a file has no event of its own that this could wait for */
    read_file(path, text);
  }
  assert_non_null(strstr(text, wanted));
}

/* The lines without their times, one after the other. */
static void strip(char *text) {
  char *out = text;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    const char *what = strchr(line, ' ');
    if (line[0] == '#' || !what)
      continue;
    const size_t length = strlen(what);
    memmove(out, what, length);
    out += length;
  }
  *out = 0;
}

static void a_recording_is_what_was_typed(void **state) {
  (void)state;
  static const char *const argv[] = {"transom", "record", "/tmp/recording", NULL};
  struct uinput_device keyboard, mouse;
  struct program program;
  struct stat status;
  char text[OUTPUT_BYTES];
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "keyboard", NULL);
  uinput_device_create(&mouse, UINPUT_MOUSE, "mouse", NULL);
  start(&program, 0, argv);
  await_text(&program, "Ctrl-C ends it"); /* the warning: everything is open by then */
  await_text(&program, "passwords too");
  uinput_device_key(&keyboard, KEY_A, true);
  uinput_device_key(&keyboard, KEY_A, false);
  await_file("/tmp/recording", "key 07:04 up"); /* between devices there is no order */
  uinput_device_move(&mouse, -5, 3);
  uinput_device_key(&mouse, BTN_SIDE, true);
  await_file("/tmp/recording", "button 4 down"); /* and it stays down */
  kill(program.pid, SIGINT);
  assert_int_equal(finish(&program), 0);
  assert_int_equal(stat("/tmp/recording", &status), 0);
  assert_int_equal(status.st_mode & 07777, 0600);
  read_file("/tmp/recording", text);
  strip(text);
  assert_string_equal(text, " 1 key 07:04 down  # a key 07:04 up  # a x -5 y 3 button 4 down button 4 up end");
  assert_null(strstr(program.text, "07:04"));
  start(&program, 0, argv); /* the file is there already */
  assert_int_equal(finish(&program), 1);
  assert_non_null(strstr(program.text, "File exists"));
  uinput_device_destroy(&keyboard);
  uinput_device_destroy(&mouse);
}

static void nobody_records_without_the_right(void **state) {
  (void)state;
  static const char *const argv[] = {"transom", "record", "/tmp/forbidden", NULL};
  struct uinput_device keyboard;
  struct program program;
  uinput_device_create(&keyboard, UINPUT_KEYBOARD, "keyboard", NULL);
  start(&program, NOBODY, argv);
  assert_int_equal(finish(&program), 77);
  assert_non_null(strstr(program.text, "no right to read"));
  assert_int_equal(access("/tmp/forbidden", F_OK), -1);
  uinput_device_destroy(&keyboard);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_list_says_what_a_device_is_and_why_it_may_not_be_read),
      cmocka_unit_test(a_recording_is_what_was_typed),
      cmocka_unit_test(nobody_records_without_the_right),
  };
  alarm(PATIENCE_S);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
