/* transom-serve's input guard with viewers of a test's own: on a clock that the test moves, with devices, login sessions and a host's
 * keyboard that the test plays. Link the fakes before transom_serve. */
#ifndef TRANSOM_TESTS_SUPPORT_GUARD_VIEWER_H
#define TRANSOM_TESTS_SUPPORT_GUARD_VIEWER_H

#include "common/line_socket.h"
#include "host/devices/held_keys.h"
#include "host/serve/input_guard.h"
#include "host/serve/usb_channels.h"
#include "support/fake_input_devices.h"
#include "support/fake_login_sessions.h"
#include "support/manual_event_loop.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define GUARD_SAID_MAX 64

struct guard_viewer {
  struct line_socket lines;
  char said[GUARD_SAID_MAX][128]; /* what the server said, in order, that nobody has expected yet */
  int fds[GUARD_SAID_MAX];        /* with it, or -1 */
  unsigned count;
  unsigned host_keys;     /* how often it was told that they are played: of no concern for most tests */
  struct held_keys *held; /* as last granted */
};

struct guard_fixture {
  struct event_loop *loop;
  struct qemu_users users;
  struct usb_channels *channels;
  struct input_guard *guard;
  int listener;
};

/* The user is here, and has one keyboard, /dev/input/event3. */
int guard_set_up(void **state);
int guard_tear_down(void **state); /* nothing stays lent */
void guard_pass(struct guard_fixture *fixture, uint64_t ns);

/* As viewer_control hands it on. */
void guard_join(struct guard_fixture *fixture, struct guard_viewer *viewer, bool take);
void guard_join_as(struct guard_fixture *fixture, struct guard_viewer *viewer, uid_t uid, bool take);
void guard_leave(struct guard_fixture *fixture, struct guard_viewer *viewer);
void guard_say(struct guard_fixture *fixture, struct guard_viewer *viewer, const char *line, int fd);

bool guard_hear(struct guard_fixture *fixture, struct guard_viewer *viewer); /* true: the server has closed the connection */
/* The next line begins so; its descriptor, or -1. */
int guard_expect(struct guard_fixture *fixture, struct guard_viewer *viewer, const char *beginning);
void guard_expect_and_close(struct guard_fixture *fixture, struct guard_viewer *viewer, const char *beginning);
void guard_expect_grant(struct guard_fixture *fixture, struct guard_viewer *viewer); /* and maps its memory */
void guard_expect_nothing(struct guard_fixture *fixture, struct guard_viewer *viewer);

#endif
