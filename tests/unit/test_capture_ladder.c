#include "guest/core/capture_ladder.h"

#include "support/agent_fixture.h"

#include "common/log.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A way that answers what the test says, and counts. */
struct way {
  bool made_in_vain; /* cannot be made */
  int answer;        /* of acquire() */
  int made, destroyed, asked;
  sem_t *gate; /* making it waits for that */
};

struct fake_capture {
  struct screen_capture capture;
  struct way *way;
};

static struct way ways[3];

static int acquire(struct screen_capture *capture, uint64_t now_ns, struct screen_frame *frame) {
  struct way *way = ((struct fake_capture *)capture)->way;
  (void)frame;
  way->asked++;
  snprintf(capture->text, sizeof capture->text, "answer %d at %d", way->answer, (int)now_ns);
  return way->answer;
}

static void release(struct screen_capture *capture) { (void)capture; }

static void destroy(struct screen_capture *capture) {
  ((struct fake_capture *)capture)->way->destroyed++;
  free(capture);
}

static bool rest(struct screen_capture *capture, uint64_t now_ns, uint64_t until_ns) {
  (void)capture;
  return until_ns > now_ns;
}

static const struct screen_capture_impl impl = {.name = "fake", .acquire = acquire, .release = release, .rest = rest, .destroy = destroy};

static struct screen_capture *make(struct way *way, char why[CAPTURE_LADDER_WHY_BYTES]) {
  if (way->gate)
    sem_wait(way->gate);
  way->made++;
  if (way->made_in_vain) {
    snprintf(why, CAPTURE_LADDER_WHY_BYTES, "it is not there");
    return NULL;
  }
  struct fake_capture *made = calloc(1, sizeof *made);
  *made = (struct fake_capture){.capture = {.impl = &impl, .period_ns = 7, .cursor_apart = true, .rests = true}, .way = way};
  return &made->capture;
}

static struct screen_capture *make_0(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) { return make((struct way *)user_data, why); }
static struct screen_capture *make_1(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) { return make((struct way *)user_data + 1, why); }
static struct screen_capture *make_2(void *user_data, char why[CAPTURE_LADDER_WHY_BYTES]) { return make((struct way *)user_data + 2, why); }

static struct screen_capture *create_ladder(const struct way *first, bool apart) {
  static const struct capture_rung rungs[] = {{"first", make_0}, {"second", make_1}, {"third", make_2}};
  for (int i = 0; i < 3; i++)
    ways[i] = first[i];
  struct screen_capture *ladder = capture_ladder_create(rungs, 3, ways, apart);
  assert_non_null(ladder);
  return ladder;
}

static struct screen_capture *create(const struct way *first) { return create_ladder(first, false); }

static int look(struct screen_capture *ladder) {
  struct screen_frame frame;
  return ladder->impl->acquire(ladder, 1, &frame);
}

static void takes_the_first_that_works(void **state) {
  (void)state;
  struct screen_capture *ladder = create((struct way[3]){{.made_in_vain = true}, {.answer = 0}, {.answer = 0}});
  assert_int_equal(look(ladder), 0);
  assert_int_equal(look(ladder), 0);
  assert_int_equal(ways[0].made, 1);
  assert_int_equal(ways[1].made, 1);
  assert_int_equal(ways[1].asked, 2);
  assert_int_equal(ways[2].made, 0);
  assert_string_equal(ladder->impl->name, "fake");
  assert_true(ladder->cursor_apart && ladder->rests && ladder->period_ns == 7);
  assert_true(ladder->impl->rest(ladder, 1, 2));
  ladder->impl->destroy(ladder);
  assert_int_equal(ways[1].destroyed, 1);
}

/* The screen's own troubles are no reason for another way. */
static void stays_where_the_screen_is_to_blame(void **state) {
  (void)state;
  static const int answers[] = {-EAGAIN, -ENODEV, -ENOTSUP};
  for (int i = 0; i < 3; i++) {
    struct screen_capture *ladder = create((struct way[3]){{.answer = answers[i]}, {.answer = 0}, {.answer = 0}});
    assert_int_equal(look(ladder), answers[i]);
    assert_int_equal(look(ladder), answers[i]);
    assert_int_equal(ways[0].asked, 2);
    assert_int_equal(ways[1].made, 0);
    ladder->impl->destroy(ladder);
  }
}

static void never_goes_back_up(void **state) {
  (void)state;
  struct screen_capture *ladder = create((struct way[3]){{.answer = 0}, {.answer = 0}, {.answer = 0}});
  assert_int_equal(look(ladder), 0);
  ways[0].answer = -EIO;
  assert_int_equal(look(ladder), 0); /* the next way answers in the same look */
  ways[0].answer = 0;
  assert_int_equal(look(ladder), 0);
  assert_int_equal(ways[0].made, 1);
  assert_int_equal(ways[0].destroyed, 1);
  assert_int_equal(ways[1].asked, 2);
  ladder->impl->destroy(ladder);
}

static void ends_where_nothing_works(void **state) {
  (void)state;
  struct screen_capture *ladder = create((struct way[3]){{.answer = -EIO}, {.made_in_vain = true}, {.answer = -EIO}});
  for (int i = 0; i < 5; i++)
    assert_int_equal(look(ladder), -ENOTSUP);
  assert_non_null(strstr(ladder->text, "no way to read the screen works here"));
  for (int i = 0; i < 3; i++)
    assert_int_equal(ways[i].made, 1);
  assert_int_equal(ways[0].destroyed + ways[2].destroyed, 2);
  assert_false(ladder->impl->rest(ladder, 1, 2));
  assert_int_equal(ladder->impl->next_ns(ladder, 1), 0);
  ladder->impl->release(ladder);
  ladder->impl->destroy(ladder);
}

/* ---- rungs that take their time ---- */

static void let_time_pass(void) { nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); }

/* Asks until the ladder knows; a ladder that never does hangs into the test's time-out. */
static int look_until_settled(struct screen_capture *ladder) {
  int error;
  while ((error = look(ladder)) == -EAGAIN && ladder->settling)
    let_time_pass();
  return error;
}

/* The first rung fails after its time, the second works after its own: no look waits for either. */
static void looks_do_not_wait_for_a_rung(void **state) {
  (void)state;
  sem_t gates[2];
  for (int i = 0; i < 2; i++)
    assert_int_equal(sem_init(&gates[i], 0, 0), 0);
  struct screen_capture *ladder =
      create_ladder((struct way[3]){{.made_in_vain = true, .gate = &gates[0]}, {.gate = &gates[1]}, {.made = 0}}, true);
  for (int i = 0; i < 100; i++) {
    assert_int_equal(look(ladder), -EAGAIN);
    assert_true(ladder->settling && !ladder->rests);
  }
  sem_post(&gates[0]);
  for (int i = 0; i < 100; i++)
    assert_int_equal(look(ladder), -EAGAIN);
  sem_post(&gates[1]);
  assert_int_equal(look_until_settled(ladder), 0);
  assert_false(ladder->settling);
  assert_true(ladder->rests);
  for (int i = 0; i < 2; i++)
    assert_int_equal(ways[i].made, 1);
  ladder->impl->destroy(ladder);
  assert_int_equal(ways[1].destroyed, 1);
}

/* A rung that breaks later is followed by one that takes its time as well. */
static void steps_down_apart(void **state) {
  (void)state;
  sem_t gate;
  assert_int_equal(sem_init(&gate, 0, 0), 0);
  struct screen_capture *ladder = create_ladder((struct way[3]){{.answer = 0}, {.gate = &gate}, {.made = 0}}, true);
  assert_int_equal(look_until_settled(ladder), 0);
  ways[0].answer = -EIO;
  assert_int_equal(look(ladder), -EAGAIN);
  assert_true(ladder->settling);
  assert_int_equal(ways[0].destroyed, 1);
  sem_post(&gate);
  assert_int_equal(look_until_settled(ladder), 0);
  ladder->impl->destroy(ladder);
  assert_int_equal(ways[1].destroyed, 1);
}

static void is_destroyed_with_a_rung_under_way(void **state) {
  (void)state;
  for (int in_vain = 0; in_vain < 2; in_vain++) {
    sem_t gate;
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    struct screen_capture *ladder =
        create_ladder((struct way[3]){{.made_in_vain = in_vain, .gate = &gate}, {.made = 0}, {.made = 0}}, true);
    assert_int_equal(look(ladder), -EAGAIN);
    sem_post(&gate);
    ladder->impl->destroy(ladder);
    assert_int_equal(ways[0].made, 1);
    assert_int_equal(ways[0].destroyed, !in_vain);
    assert_int_equal(ways[1].made, 0);
  }
}

/* An agent whose first rung takes a minute of its clock: its heart beats, it says that it is starting, and does not spin. */
static void agent_lives_while_a_rung_is_made(void **state) {
  struct agent_fixture *fixture = *state;
  sem_t gate;
  assert_int_equal(sem_init(&gate, 0, 0), 0);
  struct screen_capture *ladder = create_ladder((struct way[3]){{.answer = -ENODEV, .gate = &gate}, {.made = 0}, {.made = 0}}, true);
  agent_destroy(fixture->agent);
  fixture->ports.captures[0] = ladder;
  fixture->agent = agent_create(&fixture->options, &fixture->ports);
  assert_non_null(fixture->agent);
  agent_fixture_step(fixture);
  agent_fixture_attach(fixture);
  uint64_t last = fixture->region.status->heartbeat;
  for (int second = 0; second < 60; second++) {
    agent_fixture_run(fixture, UINT64_C(1000000000));
    const uint64_t heartbeat = fixture->region.status->heartbeat;
    assert_in_range(heartbeat - last, 1, 3);
    last = heartbeat;
    assert_int_equal(agent_fixture_status(fixture).state, TRANSOM_AGENT_STARTING);
  }
  struct agent_stats stats;
  agent_stats(fixture->agent, &stats);
  assert_in_range(stats.wakeups, 60, 60 * 60);
  sem_post(&gate);
  while (agent_fixture_status(fixture).state == TRANSOM_AGENT_STARTING) {
    agent_fixture_step(fixture);
    let_time_pass();
  }
  assert_int_equal(agent_fixture_status(fixture).state, TRANSOM_AGENT_NO_DISPLAY);
  ladder->impl->destroy(ladder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_the_first_that_works),
      cmocka_unit_test(stays_where_the_screen_is_to_blame),
      cmocka_unit_test(never_goes_back_up),
      cmocka_unit_test(ends_where_nothing_works),
      cmocka_unit_test(looks_do_not_wait_for_a_rung),
      cmocka_unit_test(steps_down_apart),
      cmocka_unit_test(is_destroyed_with_a_rung_under_way),
      cmocka_unit_test_setup_teardown(agent_lives_while_a_rung_is_made, agent_fixture_setup, agent_fixture_teardown),
  };
  log_set_level(LOG_ERROR);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
