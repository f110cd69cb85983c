/* transom replay as a USB keyboard of a real guest: what the guest's own evdev says. */
#include "common/log.h"
#include "host/event/event_loop.h"

#include "support/guest_machine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TAPS 200 /* one every half second: the guest needs a while to look at its new keyboard */

static struct fixture {
  struct event_loop *loop;
  struct guest_machine machine;
  char path[64];
  pid_t replay;
} fixture;

static void write_recording(const char *path) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("transom-recording 1\n", file);
  for (int tap = 0; tap < TAPS; tap++)
    fprintf(file, "%d.%d00000 key 07:04 down\n%d.%d50000 key 07:04 up\n", tap / 2, tap % 2 * 5, tap / 2, tap % 2 * 5);
  fprintf(file, "%d.0 end\n", TAPS / 2);
  fclose(file);
}

static void start_replay(struct fixture *f) {
  f->replay = fork();
  assert_true(f->replay >= 0);
  if (f->replay > 0)
    return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execl(TRANSOM, "transom", "replay", f->path, "--usb", f->machine.usb_socket, (char *)NULL);
  _exit(98);
}

static void a_recording_is_typed_and_ends_at_ctrl_c(void **state) {
  struct fixture *f = *state;
  int status;
  write_recording(f->path);
  guest_machine_boot(&f->machine, NULL);
  guest_machine_record(&f->machine, "--name Transom");
  start_replay(f);
  guest_machine_wait(&f->machine, " 1 30 1"); /* EV_KEY, KEY_A */
  guest_machine_wait(&f->machine, " 1 30 0");
  kill(f->replay, SIGINT);
  assert_int_equal(waitpid(f->replay, &status, 0), f->replay);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 1); /* not the whole of it */
}

static int tear_down(void **state) {
  struct fixture *f = *state;
  unlink(f->path);
  return 0;
}

static int set_up(void **state) {
  snprintf(fixture.path, sizeof(fixture.path), "/tmp/replay-usb-%d", (int)getpid());
  *state = &fixture;
  return 0;
}

int main(void) {
  log_set_level(LOG_WARNING);
  fixture.loop = event_loop_create(EVENT_LOOP_AUTO);
  if (!guest_machine_init(&fixture.machine, fixture.loop, TRANSOM_BUILD_DIRECTORY))
    return 77;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_recording_is_typed_and_ends_at_ctrl_c, set_up, tear_down),
  };
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  guest_machine_finish(&fixture.machine);
  event_loop_destroy(fixture.loop);
  return failed;
}
