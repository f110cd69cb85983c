/* The clock exchange with a real agent, peer of a real server, on this host: both sides read CLOCK_MONOTONIC_RAW, so the truth is known,
 * and every exchange must contain it. argv[1] is transom-agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "host/event/event_loop.h"
#include "host/link/clock_probe.h"
#include "host/link/guest_link.h"
#include "host/stats/clock_mapping.h"
#include "support/child_process.h"
#include "support/serve_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define INTERVAL_NS UINT64_C(50000000)
#define SAMPLES_WANTED 200u
#define LIMIT_NS UINT64_C(60000000000)

static const char *agent_path;

struct fixture {
  struct serve_process serve;
  pid_t agent;
  struct event_loop *loop;
  struct guest_link *link;
  struct clock_mapping mapping;
  uint64_t samples, outside, shortest_ns, started_ns, stamp_ns;
  bool converted;
};

/* Taken when the first exchange came; both clocks are one, so it converts to itself. */
static void try_to_convert(struct fixture *fixture) {
  struct clock_time time;
  if (clock_mapping_convert(&fixture->mapping, fixture->stamp_ns, fixture->stamp_ns, &time) != CLOCK_MAPPING_KNOWN)
    return;
  uint64_t error_ns = time.host_ns > fixture->stamp_ns ? time.host_ns - fixture->stamp_ns : fixture->stamp_ns - time.host_ns;
  assert_true(error_ns <= time.bound_ns);
  printf("a stamp was converted with an error of %llu ns, bound %llu ns\n", (unsigned long long)error_ns,
         (unsigned long long)time.bound_ns);
  fixture->converted = true;
}

static void on_clock(const struct transom_clock_sample *sample, void *user_data) {
  struct fixture *fixture = user_data;
  uint64_t round_ns = (sample->t4_ns - sample->t1_ns) - (sample->t3_ns - sample->t2_ns);
  fixture->samples++;
  fixture->outside += sample->t2_ns < sample->t1_ns || sample->t4_ns < sample->t3_ns;
  fixture->shortest_ns = round_ns < fixture->shortest_ns ? round_ns : fixture->shortest_ns;
  clock_mapping_add(&fixture->mapping, &(struct clock_exchange){sample->t1_ns, sample->t4_ns, sample->t2_ns, sample->t3_ns});
  if (fixture->mapping.count >= 1 && !fixture->stamp_ns)
    fixture->stamp_ns = clock_raw_ns();
  if (fixture->stamp_ns && !fixture->converted)
    try_to_convert(fixture);
  bool done = fixture->samples >= SAMPLES_WANTED && fixture->converted;
  if (done || clock_monotonic_ns() - fixture->started_ns > LIMIT_NS)
    event_loop_stop(fixture->loop);
}

static int setup(void **state) {
  struct fixture *fixture = calloc(1, sizeof *fixture);
  static const char *const small[] = {"--size", "16M", NULL};
  *state = fixture;
  fixture->shortest_ns = UINT64_MAX;
  clock_mapping_init(&fixture->mapping);
  return serve_process_init(&fixture->serve) && serve_process_start(&fixture->serve, small) ? 0 : -1;
}

static int teardown(void **state) {
  struct fixture *fixture = *state;
  guest_link_destroy(fixture->link);
  event_loop_destroy(fixture->loop);
  if (fixture->agent > 0)
    child_process_kill(fixture->agent);
  serve_process_finish(&fixture->serve);
  free(fixture);
  return 0;
}

static void run_agent(void *user_data) {
  execl(agent_path, agent_path, "run", "--region", (const char *)user_data, "--source", "test-card", "--size", "320x200", (char *)NULL);
}

static void exchanges_contain_the_truth(void **state) {
  struct fixture *fixture = *state;
  char region[128];
  snprintf(region, sizeof region, "server:%s", fixture->serve.region_socket);
  fixture->agent = child_process_start(run_agent, region);
  fixture->loop = event_loop_create(EVENT_LOOP_AUTO);
  const struct guest_link_events events = {.clock = on_clock};
  fixture->link = guest_link_create(fixture->loop, &(struct guest_link_options){.region = region}, &events, fixture);
  assert_non_null(fixture->link);
  guest_link_ask_clock(fixture->link, INTERVAL_NS);
  fixture->started_ns = clock_monotonic_ns();
  assert_int_equal(event_loop_run(fixture->loop), 0);
  printf("%llu exchanges, shortest %llu ns\n", (unsigned long long)fixture->samples, (unsigned long long)fixture->shortest_ns);
  assert_true(fixture->samples >= SAMPLES_WANTED);
  assert_int_equal(fixture->outside, 0);
  assert_int_equal(fixture->mapping.impossible, 0);
  assert_true(fixture->converted);
}

int main(int argc, char **argv) {
  assert_true(argc == 2);
  agent_path = argv[1];
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(exchanges_contain_the_truth, setup, teardown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
