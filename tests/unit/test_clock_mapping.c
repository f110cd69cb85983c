/* The bound is the promise: simulated guest clocks with offset, rate, wander, steps and coarse ticks, exchanges over ways of any length,
 * and every converted stamp's error is inside its bound. TRANSOM_LONG=1: 10^6 exchanges, else a hundredth; TRANSOM_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/random.h"
#include "host/stats/clock_mapping.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define US 1e3
#define MS 1e6
#define S 1e9
#define EXCHANGES_LONG 1000000u
#define STAMPS 64u /* made and not converted yet */

struct random {
  uint64_t state;
};

static double uniform(struct random *random) { /* xorshift64*, 53 bits */
  random->state ^= random->state >> 12;
  random->state ^= random->state << 25;
  random->state ^= random->state >> 27;
  return (double)(random->state * UINT64_C(2685821657736338717) >> 11) / 9007199254740992.0;
}

/* One way of an exchange: a floor, and a tail as long as scheduling makes it. */
static double way(struct random *random, double typical_ns) {
  double tail = uniform(random) < 0.02 ? 50 : 1;
  return typical_ns * (0.1 - tail * log(1 - uniform(random)));
}

/* The guest's clock as a function of the host's; all simulated time is `host`. */
struct guest_clock {
  double host, guest; /* the same moment */
  double rate;        /* guest seconds a host second, minus 1: the mean */
  double wander;      /* present deviation from it */
  double tick_ns;
};

static void advance(struct guest_clock *clock, struct random *random, double to_host) {
  while (clock->host < to_host) {
    double step = fmin(to_host - clock->host, 100 * MS);
    clock->guest += step * (1 + clock->rate + clock->wander);
    clock->host += step;
    clock->wander += (uniform(random) - 0.5) * 0.2e-6;
    clock->wander = fmax(-CLOCK_MAPPING_WANDER / 2, fmin(CLOCK_MAPPING_WANDER / 2, clock->wander));
  }
}

static uint64_t reading(const struct guest_clock *clock) { return (uint64_t)(floor(clock->guest / clock->tick_ns) * clock->tick_ns); }

struct stamp {
  uint64_t guest_ns, seen_ns;
  double host;
  bool waits;
};

struct simulation {
  struct random random;
  struct guest_clock clock;
  struct clock_mapping mapping;
  struct stamp stamps[STAMPS];
  double next_step;
  uint64_t made, known, unknown, violations;
  double worst_share;
};

static void make_stamp(struct simulation *simulation) {
  for (unsigned i = 0; i < STAMPS; i++) {
    struct stamp *stamp = &simulation->stamps[i];
    if (stamp->waits)
      continue;
    double late = uniform(&simulation->random) * 50 * MS;
    *stamp = (struct stamp){reading(&simulation->clock), (uint64_t)(simulation->clock.host + late), simulation->clock.host, true};
    simulation->made++;
    return;
  }
}

static void check_stamps(struct simulation *simulation) {
  for (unsigned i = 0; i < STAMPS; i++) {
    struct stamp *stamp = &simulation->stamps[i];
    struct clock_time time;
    if (!stamp->waits || (double)stamp->seen_ns > simulation->clock.host)
      continue;
    enum clock_mapping_result result = clock_mapping_convert(&simulation->mapping, stamp->guest_ns, stamp->seen_ns, &time);
    if (result == CLOCK_MAPPING_LATER)
      continue;
    stamp->waits = false;
    if (result != CLOCK_MAPPING_KNOWN) {
      simulation->unknown++;
      continue;
    }
    simulation->known++;
    double share = fabs((double)time.host_ns - stamp->host) / (double)time.bound_ns;
    simulation->worst_share = fmax(simulation->worst_share, share);
    simulation->violations += share > 1;
  }
}

static void exchange(struct simulation *simulation, double typical_ns) {
  struct random *random = &simulation->random;
  struct clock_exchange exchange = {.t1_ns = (uint64_t)ceil(simulation->clock.host)};
  advance(&simulation->clock, random, simulation->clock.host + 1 + way(random, typical_ns));
  exchange.t2_ns = reading(&simulation->clock);
  advance(&simulation->clock, random, simulation->clock.host + way(random, typical_ns / 4));
  exchange.t3_ns = reading(&simulation->clock);
  advance(&simulation->clock, random, simulation->clock.host + 1 + way(random, typical_ns));
  exchange.t4_ns = (uint64_t)floor(simulation->clock.host);
  clock_mapping_add(&simulation->mapping, &exchange);
}

/* A tenth of a microsecond to a second, forth or back; one in a minute or less often. */
static void maybe_step(struct simulation *simulation) {
  struct random *random = &simulation->random;
  if (simulation->clock.host < simulation->next_step)
    return;
  simulation->clock.guest += pow(10, 2 + 7 * uniform(random)) * (uniform(random) < 0.5 ? -1 : 1);
  simulation->next_step = simulation->clock.host + 70 * S - 30 * S * log(1 - uniform(random));
}

/* Ten exchanges a second, a stamp before each. */
static void simulate(struct simulation *simulation, uint64_t exchanges, double typical_ns) {
  struct random *random = &simulation->random;
  for (uint64_t i = 0; i < exchanges; i++) {
    double gap = (uniform(random) < 0.005 ? 2 * S : 100 * MS) * uniform(random) * 2; /* the whole machine stalls now and then */
    double middle = simulation->clock.host + gap * uniform(random), end = simulation->clock.host + gap;
    advance(&simulation->clock, random, middle);
    make_stamp(simulation);
    maybe_step(simulation);
    advance(&simulation->clock, random, end);
    exchange(simulation, typical_ns);
    check_stamps(simulation);
  }
}

static uint64_t seed(void) {
  const char *text = getenv("TRANSOM_SEED");
  return text ? strtoull(text, NULL, 10) : random_nonzero64();
}

static void run(struct simulation *simulation, double typical_ns, double rate, double tick_ns, bool steps) {
  uint64_t start = seed(), exchanges = EXCHANGES_LONG / (getenv("TRANSOM_LONG") ? 1 : 100);
  *simulation = (struct simulation){.random = {start}};
  simulation->clock =
      (struct guest_clock){.host = 5e12, .guest = 1e12 + 1e14 * uniform(&simulation->random), .rate = rate, .tick_ns = tick_ns};
  clock_mapping_init(&simulation->mapping);
  simulation->next_step = steps ? 0 : INFINITY;
  simulate(simulation, exchanges, typical_ns);
  printf(
      "seed %llu: %llu exchanges, %llu steps found, %llu stamps: %llu known, %llu unknown (%.2f %%), rho %.2f ppm, worst error %.0f %% of "
      "its bound\n",
      (unsigned long long)start, (unsigned long long)exchanges, (unsigned long long)simulation->mapping.steps,
      (unsigned long long)simulation->made, (unsigned long long)simulation->known, (unsigned long long)simulation->unknown,
      100.0 * (double)simulation->unknown / (double)simulation->made, simulation->mapping.rho * 1e6, 100 * simulation->worst_share);
  assert_int_equal(simulation->violations, 0);
  assert_int_equal(simulation->mapping.impossible, 0);
  assert_true(simulation->known > exchanges / 4);
}

static void steady_clocks(void **state) {
  static const double rates[] = {0, 200e-6, -200e-6};
  static struct simulation simulation;
  (void)state;
  for (unsigned i = 0; i < sizeof rates / sizeof *rates; i++) {
    run(&simulation, 20 * US, rates[i], 1, false);
    assert_int_equal(simulation.mapping.steps, 0);
    assert_true(fabs(simulation.mapping.rate - rates[i]) < 5e-6);
    assert_true(simulation.unknown * 100 < simulation.made); /* the target: less than 1 % withheld */
  }
}

static void coarse_ticks_and_slow_answers(void **state) {
  static struct simulation simulation;
  (void)state;
  run(&simulation, 1 * MS, 37e-6, 100, false);
  assert_int_equal(simulation.mapping.steps, 0);
}

static void steps_are_not_crossed(void **state) {
  static struct simulation simulation;
  (void)state;
  run(&simulation, 20 * US, -50e-6, 100, true);
  assert_true(simulation.mapping.steps > 0);
}

/* Ways of 1 us: what a guest that spins on its cell gives. The bound is of that order, half a second from any exchange. */
static void quick_answers_bind_tightly(void **state) {
  static struct simulation simulation;
  struct clock_time time;
  (void)state;
  run(&simulation, 1 * US, 20e-6, 1, false);
  const struct clock_mapping *mapping = &simulation.mapping;
  const struct clock_offset *newest = &mapping->kept[(mapping->first + mapping->count - 1) % CLOCK_MAPPING_WINDOWS];
  uint64_t host_ns = newest->asked_ns;
  assert_int_equal(clock_mapping_convert(mapping, newest->guest_ns, host_ns, &time), CLOCK_MAPPING_KNOWN);
  assert_true(time.bound_ns < 10000);
}

static struct clock_exchange at(uint64_t host_s, int64_t offset_ns) {
  uint64_t host_ns = host_s * (uint64_t)S, guest_ns = host_ns + (uint64_t)offset_ns;
  return (struct clock_exchange){.t1_ns = host_ns, .t4_ns = host_ns + 2000, .t2_ns = guest_ns + 1000, .t3_ns = guest_ns + 1000};
}

static void add(struct clock_mapping *mapping, uint64_t host_s, int64_t offset_ns) {
  struct clock_exchange exchange = at(host_s, offset_ns);
  clock_mapping_add(mapping, &exchange);
}

static void what_cannot_be_known(void **state) {
  struct clock_mapping mapping;
  struct clock_time time;
  (void)state;
  clock_mapping_init(&mapping);
  assert_int_equal(clock_mapping_convert(&mapping, 5, 5, &time), CLOCK_MAPPING_LATER);
  add(&mapping, 10, 7000);
  add(&mapping, 12, 7000);
  add(&mapping, 14, 7000);
  uint64_t now_ns = 11 * (uint64_t)S;
  assert_int_equal(clock_mapping_convert(&mapping, now_ns + 7000, now_ns, &time), CLOCK_MAPPING_KNOWN);
  assert_int_equal(time.host_ns, now_ns);
  assert_int_equal(clock_mapping_convert(&mapping, now_ns + 7000, 13 * (uint64_t)S, &time), CLOCK_MAPPING_LATER); /* no exchange since */
  assert_int_equal(clock_mapping_convert(&mapping, 9 * (uint64_t)S, 11 * (uint64_t)S, &time), CLOCK_MAPPING_UNKNOWN); /* before the first */
  assert_int_equal(clock_mapping_convert(&mapping, 11 * (uint64_t)S, 10 * (uint64_t)S, &time),
                   CLOCK_MAPPING_UNKNOWN); /* seen before made */
  add(&mapping, 40, 7000);
  add(&mapping, 42, 7000);
  assert_int_equal(clock_mapping_convert(&mapping, 25 * (uint64_t)S, 25 * (uint64_t)S + 10, &time), CLOCK_MAPPING_FAR);
  add(&mapping, 44, 900000000);
  add(&mapping, 46, 900000000);
  add(&mapping, 48, 900000000);
  assert_int_equal(mapping.steps, 1);
  assert_int_equal(clock_mapping_convert(&mapping, 41 * (uint64_t)S + 7000, 41 * (uint64_t)S, &time), CLOCK_MAPPING_UNKNOWN);
  now_ns = (uint64_t)(45.5 * S);
  assert_int_equal(clock_mapping_convert(&mapping, now_ns + 900000000, now_ns, &time), CLOCK_MAPPING_KNOWN);
}

/* Whatever a guest answers: no overflow (the sanitizer's to say), and nothing is known by it. */
static void nonsense_is_dropped(void **state) {
  static const struct clock_exchange nonsense[] = {
      {.t1_ns = 10, .t4_ns = 5, .t2_ns = 1, .t3_ns = 1},
      {.t1_ns = 5, .t4_ns = 10, .t2_ns = 9, .t3_ns = 3},
      {.t1_ns = 5, .t4_ns = 10, .t2_ns = 0, .t3_ns = 100000},
      {.t1_ns = 0, .t4_ns = 10, .t2_ns = UINT64_C(1) << 63, .t3_ns = UINT64_C(1) << 63},
      {.t1_ns = 0, .t4_ns = 10, .t2_ns = 0, .t3_ns = UINT64_MAX},
  };
  struct clock_mapping mapping;
  (void)state;
  clock_mapping_init(&mapping);
  for (unsigned i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
    clock_mapping_add(&mapping, &nonsense[i]);
  assert_int_equal(mapping.impossible, sizeof nonsense / sizeof *nonsense);
  assert_int_equal(mapping.count, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steady_clocks),         cmocka_unit_test(coarse_ticks_and_slow_answers),
      cmocka_unit_test(steps_are_not_crossed), cmocka_unit_test(quick_answers_bind_tightly),
      cmocka_unit_test(what_cannot_be_known),  cmocka_unit_test(nonsense_is_dropped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
