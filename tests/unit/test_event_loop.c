/* Both kinds of event loop pass the same tests. */
#include "host/event/event_loop.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_MS 10000 /* no test waits this long unless it fails */

struct fixture {
  struct event_loop *loop;
  int pair[2];
  int calls;
  int other_calls;
  uint32_t events;
  struct event_source *source, *victim;
};

static int setup(void **state, enum event_loop_kind kind) {
  struct fixture *fixture = calloc(1, sizeof *fixture);
  fixture->loop = event_loop_create(kind);
  if (!fixture->loop || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fixture->pair))
    return -1;
  *state = fixture;
  return 0;
}

static int setup_uring(void **state) { return setup(state, EVENT_LOOP_URING); }
static int setup_epoll(void **state) { return setup(state, EVENT_LOOP_EPOLL); }

static int teardown(void **state) {
  struct fixture *fixture = *state;
  event_loop_destroy(fixture->loop);
  close(fixture->pair[0]);
  close(fixture->pair[1]);
  free(fixture);
  return 0;
}

/* Runs until a handler has run. */
static void run_some(struct fixture *fixture) {
  int result;
  do
    result = event_loop_run_once(fixture->loop, LIMIT_MS);
  while (result == 0);
  assert_true(result > 0);
}

static void on_fd(int fd, uint32_t events, void *user_data) {
  struct fixture *fixture = user_data;
  (void)fd;
  fixture->calls++;
  fixture->events = events;
}

static void poke(struct fixture *fixture) { assert_int_equal(write(fixture->pair[1], "x", 1), 1); }

static void fd_is_level_triggered(void **state) {
  struct fixture *fixture = *state;
  event_loop_add_fd(fixture->loop, fixture->pair[0], EVENT_READABLE, on_fd, fixture);
  assert_int_equal(event_loop_run_once(fixture->loop, 0), 0);
  poke(fixture);
  for (int i = 1; i <= 3; i++) {
    run_some(fixture);
    assert_int_equal(fixture->calls, i);
    assert_int_equal(fixture->events, EVENT_READABLE);
  }
  char byte;
  assert_int_equal(read(fixture->pair[0], &byte, 1), 1);
  event_loop_run_once(fixture->loop, 0); /* a request that was armed in between may still report */
  int calls = fixture->calls;
  assert_int_equal(event_loop_run_once(fixture->loop, 0), 0);
  assert_int_equal(fixture->calls, calls);
}

static void mask_changes(void **state) {
  struct fixture *fixture = *state;
  fixture->source = event_loop_add_fd(fixture->loop, fixture->pair[0], EVENT_READABLE, on_fd, fixture);
  assert_int_equal(event_loop_run_once(fixture->loop, 0), 0);
  event_source_set_events(fixture->source, EVENT_WRITABLE);
  run_some(fixture);
  assert_int_equal(fixture->events, EVENT_WRITABLE);
  event_source_set_events(fixture->source, EVENT_READABLE);
  int calls = fixture->calls;
  event_loop_run_once(fixture->loop, 0);
  assert_int_equal(fixture->calls, calls);
  poke(fixture);
  run_some(fixture);
  assert_int_equal(fixture->events, EVENT_READABLE);
}

static void hangup_is_seen(void **state) {
  struct fixture *fixture = *state;
  event_loop_add_fd(fixture->loop, fixture->pair[0], EVENT_READABLE, on_fd, fixture);
  close(fixture->pair[1]);
  fixture->pair[1] = -1;
  run_some(fixture);
  assert_true(fixture->events & EVENT_HANGUP);
}

static void remove_other(int fd, uint32_t events, void *user_data) {
  struct fixture *fixture = user_data;
  (void)fd, (void)events;
  fixture->calls++;
  event_source_remove(fixture->victim);
  fixture->victim = NULL;
}

static void on_victim(int fd, uint32_t events, void *user_data) {
  struct fixture *fixture = user_data;
  (void)fd, (void)events;
  fixture->other_calls++;
  event_source_remove(fixture->source);
  fixture->source = NULL;
}

/* Both are ready in the same batch; whoever is first removes the other. */
static void removed_in_a_callback_is_silent(void **state) {
  struct fixture *fixture = *state;
  int twin = dup(fixture->pair[0]);
  fixture->source = event_loop_add_fd(fixture->loop, fixture->pair[0], EVENT_READABLE, remove_other, fixture);
  fixture->victim = event_loop_add_fd(fixture->loop, twin, EVENT_READABLE, on_victim, fixture);
  poke(fixture);
  run_some(fixture);
  assert_int_equal(fixture->calls + fixture->other_calls, 1);
  event_source_remove(fixture->source);
  event_source_remove(fixture->victim);
  close(twin);
}

static void remove_self(int fd, uint32_t events, void *user_data) {
  struct fixture *fixture = user_data;
  (void)fd, (void)events;
  fixture->calls++;
  event_source_remove(fixture->source);
  fixture->source = NULL;
}

static void may_remove_itself(void **state) {
  struct fixture *fixture = *state;
  fixture->source = event_loop_add_fd(fixture->loop, fixture->pair[0], EVENT_READABLE, remove_self, fixture);
  poke(fixture);
  run_some(fixture);
  assert_int_equal(event_loop_run_once(fixture->loop, 0), 0);
  assert_int_equal(fixture->calls, 1);
}

/* The other end sees our close() at once: no request of ours keeps the file open. */
static void removal_lets_the_file_go(void **state) {
  struct fixture *fixture = *state;
  fixture->source = event_loop_add_fd(fixture->loop, fixture->pair[0], EVENT_READABLE, on_fd, fixture);
  event_loop_run_once(fixture->loop, 0);
  event_source_remove(fixture->source);
  close(fixture->pair[0]);
  fixture->pair[0] = -1;
  char byte;
  assert_int_equal(read(fixture->pair[1], &byte, 1), 0);
}

static void on_timer(void *user_data) { ((struct fixture *)user_data)->calls++; }

static void timers(void **state) {
  struct fixture *fixture = *state;
  struct event_source *timer = event_loop_add_timer(fixture->loop, on_timer, fixture);
  assert_int_equal(event_loop_run_once(fixture->loop, 0), 0);
  event_timer_set(timer, 1000000, 0);
  run_some(fixture);
  assert_int_equal(event_loop_run_once(fixture->loop, 5), 0); /* once means once */
  event_timer_set(timer, 1000000, 1000000);
  for (int i = 0; i < 3; i++)
    run_some(fixture);
  event_timer_set(timer, 0, 0);
  int calls = fixture->calls;
  event_loop_run_once(fixture->loop, 5);
  assert_int_equal(fixture->calls, calls); /* disarmed */
  event_source_remove(timer);
}

static void on_timer_remove(void *user_data) {
  struct fixture *fixture = user_data;
  fixture->calls++;
  event_source_remove(fixture->source);
}

static void timer_may_remove_itself(void **state) {
  struct fixture *fixture = *state;
  fixture->source = event_loop_add_timer(fixture->loop, on_timer_remove, fixture);
  event_timer_set(fixture->source, 1, 1);
  run_some(fixture);
  assert_int_equal(event_loop_run_once(fixture->loop, 5), 0);
  assert_int_equal(fixture->calls, 1);
}

static void *wake_often(void *user_data) {
  for (int i = 0; i < 1000; i++)
    event_loop_wake(user_data);
  return NULL;
}

static void wakes_are_merged(void **state) {
  struct fixture *fixture = *state;
  event_loop_set_wake(fixture->loop, on_timer, fixture);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, wake_often, fixture->loop), 0);
  pthread_join(thread, NULL);
  run_some(fixture);
  assert_int_equal(event_loop_run_once(fixture->loop, 0), 0);
  assert_int_equal(fixture->calls, 1);
}

static void *run_loop(void *user_data) {
  intptr_t result = event_loop_run(user_data);
  return (void *)result;
}

static void stop_from_another_thread(void **state) {
  struct fixture *fixture = *state;
  event_loop_add_fd(fixture->loop, fixture->pair[0], EVENT_READABLE, on_fd, fixture);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, run_loop, fixture->loop), 0);
  event_loop_stop(fixture->loop);
  void *result;
  pthread_join(thread, &result);
  assert_null(result);
}

static void many_sources(void **state) {
  struct fixture *fixture = *state;
  enum { COUNT = 200 };
  struct event_source *sources[COUNT];
  int fds[COUNT];
  for (int i = 0; i < COUNT; i++) {
    fds[i] = dup(fixture->pair[0]);
    sources[i] = event_loop_add_fd(fixture->loop, fds[i], EVENT_READABLE, on_fd, fixture);
    assert_non_null(sources[i]);
  }
  poke(fixture);
  while (fixture->calls < COUNT)
    run_some(fixture);
  for (int i = 0; i < COUNT; i++) {
    event_source_remove(sources[i]);
    close(fds[i]);
  }
  event_loop_run_once(fixture->loop, 0);
}

static bool refuse_io_uring(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
  return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* In a child, where the kernel refuses io_uring as containers and hardened systems do. Exit status: 0 fine, 77 no seccomp here. */
static int child_without_io_uring(void) {
  if (!refuse_io_uring())
    return 77;
  if (event_loop_create(EVENT_LOOP_URING) || errno != EPERM)
    return 1;
  struct event_loop *loop = event_loop_create(EVENT_LOOP_AUTO);
  int result = loop && !strcmp(event_loop_name(loop), "epoll") ? 0 : 2;
  event_loop_destroy(loop);
  return result;
}

static void refused_io_uring_means_epoll(void **state) {
  (void)state;
  pid_t child = fork();
  if (child == 0)
    _exit(child_without_io_uring());
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77)
    skip();
  assert_int_equal(WEXITSTATUS(status), 0);
}

#define BOTH(test)                                                                                                                         \
  {#test " (io_uring)", test, setup_uring, teardown, NULL}, { #test " (epoll)", test, setup_epoll, teardown, NULL }
#define EPOLL(test)                                                                                                                        \
  { #test " (epoll)", test, setup_epoll, teardown, NULL }
#define ALL(KIND)                                                                                                                          \
  KIND(fd_is_level_triggered), KIND(mask_changes), KIND(hangup_is_seen), KIND(removed_in_a_callback_is_silent), KIND(may_remove_itself),   \
      KIND(removal_lets_the_file_go), KIND(timers), KIND(timer_may_remove_itself), KIND(wakes_are_merged), KIND(stop_from_another_thread), \
      KIND(many_sources), cmocka_unit_test(refused_io_uring_means_epoll)

int main(void) {
  const struct CMUnitTest both[] = {ALL(BOTH)};
  const struct CMUnitTest epoll_only[] = {ALL(EPOLL)};
  struct event_loop *probe = event_loop_create(EVENT_LOOP_URING);
  event_loop_destroy(probe);
  if (probe)
    return cmocka_run_group_tests(both, NULL, NULL);
  fprintf(stderr, "io_uring is refused here: only epoll is tested\n");
  return cmocka_run_group_tests(epoll_only, NULL, NULL);
}
