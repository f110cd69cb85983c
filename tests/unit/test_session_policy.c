#include "guest/core/session_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/test_random.h"

#define S UINT64_C(1000000000)
#define MS UINT64_C(1000000)

struct fixture {
  struct session_policy policy;
  uint64_t now_ns;
};

static struct fixture running_in(uint32_t session) {
  struct fixture f = {.now_ns = 5 * S};
  session_policy_init(&f.policy);
  assert_int_equal(session_policy_console(&f.policy, session, f.now_ns), SESSION_START);
  assert_int_equal(f.policy.session, session);
  return f;
}

static enum session_action console(struct fixture *f, uint32_t session) { return session_policy_console(&f->policy, session, f->now_ns); }
static enum session_action ended(struct fixture *f) { return session_policy_worker_ended(&f->policy, SESSION_WORKER_ENDED, f->now_ns); }
static enum session_action stop(struct fixture *f) { return session_policy_stop(&f->policy, f->now_ns); }

static enum session_action after(struct fixture *f, uint64_t ns) {
  f->now_ns += ns;
  return session_policy_time(&f->policy, f->now_ns);
}

static void starts_where_the_console_is(void **state) {
  (void)state;
  struct fixture f = {.now_ns = S};
  session_policy_init(&f.policy);
  assert_int_equal(console(&f, SESSION_NONE), SESSION_NOTHING);
  assert_int_equal(after(&f, 3600 * S), SESSION_NOTHING);
  assert_int_equal(console(&f, 2), SESSION_START);
  assert_int_equal(f.policy.session, 2);
  assert_int_equal(console(&f, 2), SESSION_NOTHING);
}

static void restarts_with_a_growing_bounded_pause(void **state) {
  (void)state;
  struct fixture f = running_in(1);
  uint64_t expected_ns = 250 * MS;
  for (int i = 0; i < 20; i++) {
    assert_int_equal(ended(&f), SESSION_NOTHING);
    assert_int_equal(f.policy.due_ns, f.now_ns + expected_ns);
    assert_int_equal(after(&f, expected_ns - 1), SESSION_NOTHING);
    assert_int_equal(after(&f, 1), SESSION_START);
    expected_ns = expected_ns * 2 > 30 * S ? 30 * S : expected_ns * 2;
  }
  assert_int_equal(f.policy.starts, 21);
}

static void forgets_old_failures_of_a_worker_that_lived(void **state) {
  (void)state;
  struct fixture f = running_in(1);
  for (int i = 0; i < 6; i++) {
    ended(&f);
    assert_int_equal(after(&f, 30 * S), SESSION_START);
  }
  f.now_ns += 60 * S;
  ended(&f);
  assert_int_equal(f.policy.due_ns, f.now_ns + 250 * MS);
}

static void waits_long_for_what_does_not_come_soon(void **state) {
  (void)state;
  struct fixture f = running_in(1);
  assert_int_equal(session_policy_worker_ended(&f.policy, SESSION_WORKER_LATER, f.now_ns), SESSION_NOTHING);
  assert_int_equal(after(&f, 30 * S - 1), SESSION_NOTHING);
  assert_int_equal(after(&f, 1), SESSION_START);
}

static void follows_the_console_after_the_old_worker_is_gone(void **state) {
  (void)state;
  struct fixture f = running_in(1);
  assert_int_equal(console(&f, SESSION_NONE), SESSION_ASK_END);
  assert_int_equal(console(&f, 2), SESSION_NOTHING);
  assert_int_equal(console(&f, 3), SESSION_NOTHING);
  assert_int_equal(ended(&f), SESSION_START);
  assert_int_equal(f.policy.session, 3);
}

static void rests_when_nobody_has_the_console(void **state) {
  (void)state;
  struct fixture f = running_in(1);
  assert_int_equal(console(&f, SESSION_NONE), SESSION_ASK_END);
  assert_int_equal(ended(&f), SESSION_NOTHING);
  assert_int_equal(f.policy.state, SESSION_NO_SESSION);
  assert_int_equal(f.policy.due_ns, SESSION_NEVER);
  assert_int_equal(console(&f, 1), SESSION_START);
}

static void comes_back_to_the_same_session(void **state) {
  (void)state;
  struct fixture f = running_in(1);
  console(&f, 2);
  console(&f, 1);
  assert_int_equal(ended(&f), SESSION_START);
  assert_int_equal(f.policy.session, 1);
}

static void a_new_console_ends_the_pause(void **state) {
  (void)state;
  struct fixture f = running_in(1);
  session_policy_worker_ended(&f.policy, SESSION_WORKER_LATER, f.now_ns);
  assert_int_equal(console(&f, 1), SESSION_NOTHING);
  assert_int_equal(console(&f, 2), SESSION_START);
  ended(&f);
  assert_int_equal(f.policy.due_ns, f.now_ns + 250 * MS);
  assert_int_equal(console(&f, SESSION_NONE), SESSION_NOTHING);
  assert_int_equal(after(&f, 3600 * S), SESSION_NOTHING);
}

static void kills_a_worker_that_does_not_listen(void **state) {
  (void)state;
  struct fixture f = running_in(1);
  console(&f, 2);
  assert_int_equal(after(&f, 5 * S - 1), SESSION_NOTHING);
  assert_int_equal(after(&f, 1), SESSION_KILL);
  assert_int_equal(after(&f, 1), SESSION_NOTHING);
  assert_int_equal(after(&f, 5 * S), SESSION_KILL);
  assert_int_equal(ended(&f), SESSION_START);
}

static void stops_from_every_state(void **state) {
  (void)state;
  struct fixture f = running_in(1);
  assert_int_equal(stop(&f), SESSION_ASK_END);
  assert_int_equal(stop(&f), SESSION_NOTHING);
  assert_int_equal(console(&f, 2), SESSION_NOTHING);
  assert_int_equal(ended(&f), SESSION_NOTHING);
  assert_int_equal(f.policy.state, SESSION_DONE);
  assert_int_equal(console(&f, 3), SESSION_NOTHING);
  assert_int_equal(after(&f, 3600 * S), SESSION_NOTHING);

  f = running_in(1);
  ended(&f);
  stop(&f);
  assert_int_equal(f.policy.state, SESSION_DONE);

  f = running_in(1);
  console(&f, 2);
  assert_int_equal(after(&f, 4 * S), SESSION_NOTHING);
  assert_int_equal(stop(&f), SESSION_NOTHING);
  assert_int_equal(after(&f, S), SESSION_KILL); /* its time ran on */
  assert_int_equal(ended(&f), SESSION_NOTHING);
  assert_int_equal(f.policy.state, SESSION_DONE);
}

/* One thing that may happen, at random; a worker that is not there cannot end. */
static enum session_action something(struct fixture *f, struct test_random *random, bool late, bool *alive) {
  f->now_ns += MS * (test_random_one_in(random, 4) ? test_random_below(random, 40000) : test_random_below(random, 400));
  const uint32_t what = test_random_below(random, 16);
  if (what == 0)
    return late ? stop(f) : SESSION_NOTHING;
  if (what < 4)
    return console(f, test_random_one_in(random, 4) ? SESSION_NONE : test_random_below(random, 3));
  if (what < 6 && *alive) {
    *alive = false;
    return ended(f);
  }
  return session_policy_time(&f->policy, f->now_ns);
}

static void check(const struct fixture *f, enum session_action action, bool *alive) {
  if (action == SESSION_START) {
    assert_false(*alive);
    assert_int_equal(f->policy.session, f->policy.console);
    assert_int_not_equal(f->policy.session, SESSION_NONE);
    *alive = true;
  }
  if (action == SESSION_ASK_END || action == SESSION_KILL)
    assert_true(*alive);
  assert_true(f->policy.state != SESSION_DONE || !*alive);
}

/* Whatever happens in whatever order: at most one worker, in the console's session when it starts, never one after the end. */
static void never_has_two_workers(void **state) {
  (void)state;
  struct test_random random = {.state = 20261126};
  for (int run = 0; run < 200; run++) {
    struct fixture f = {.now_ns = S};
    session_policy_init(&f.policy);
    bool alive = false;
    for (int i = 0; i < 300; i++)
      check(&f, something(&f, &random, i > 250, &alive), &alive);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(starts_where_the_console_is),
      cmocka_unit_test(restarts_with_a_growing_bounded_pause),
      cmocka_unit_test(forgets_old_failures_of_a_worker_that_lived),
      cmocka_unit_test(waits_long_for_what_does_not_come_soon),
      cmocka_unit_test(follows_the_console_after_the_old_worker_is_gone),
      cmocka_unit_test(rests_when_nobody_has_the_console),
      cmocka_unit_test(comes_back_to_the_same_session),
      cmocka_unit_test(a_new_console_ends_the_pause),
      cmocka_unit_test(kills_a_worker_that_does_not_listen),
      cmocka_unit_test(stops_from_every_state),
      cmocka_unit_test(never_has_two_workers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
