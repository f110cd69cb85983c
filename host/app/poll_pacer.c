#include "host/app/poll_pacer.h"

#include <stdbool.h>

#define JITTER_GAIN 4 /* of a new deviation, one part in so many is believed */
#define PHASE_GAIN 2
#define PERIOD_GAIN 8

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

static uint64_t early_ns(const struct poll_pacer *pacer) {
  return smaller(larger(2 * pacer->jitter_ns, POLL_PACER_EARLY_NS), pacer->period_ns);
}

static uint64_t late_ns(const struct poll_pacer *pacer) {
  return smaller(larger(8 * pacer->jitter_ns, POLL_PACER_LATE_NS), pacer->period_ns / 2);
}

static uint64_t close_ns(const struct poll_pacer *pacer) {
  return larger(smaller(pacer->jitter_ns / 4, pacer->period_ns / POLL_PACER_LOOKS_MAX), POLL_PACER_CLOSE_NS);
}

void poll_pacer_init(struct poll_pacer *pacer) { *pacer = (struct poll_pacer){0}; }

/* Two news may be a rhythm. Nothing is known of how regular it is, so looking begins at once. */
static void begin(struct poll_pacer *pacer, uint64_t now_ns, uint64_t gap_ns) {
  pacer->period_ns = larger(gap_ns, POLL_PACER_PERIOD_MIN_NS);
  pacer->jitter_ns = pacer->period_ns / 2;
  pacer->expected_ns = now_ns + pacer->period_ns;
  pacer->strangeness = 0;
}

/* It came after the last look and before this one, nobody knows when: taken is what deviates least. News that was there when we woke up so
 * pulls the time to wake up before itself. */
static uint64_t arrival_ns(const struct poll_pacer *pacer, uint64_t now_ns) {
  uint64_t first = larger(pacer->looked_ns, pacer->seen_ns);
  if (pacer->expected_ns > now_ns)
    return now_ns;
  return larger(pacer->expected_ns, smaller(first, now_ns));
}

static bool skip_missed(struct poll_pacer *pacer, uint64_t now_ns) {
  uint64_t half = pacer->period_ns / 2;
  if (now_ns <= pacer->expected_ns + half)
    return false;
  pacer->expected_ns += (now_ns - pacer->expected_ns + half) / pacer->period_ns * pacer->period_ns;
  return true;
}

/* The rate is another one when too many come at times that were not expected: two of those weigh as much as four that were. */
static bool is_other_rate(struct poll_pacer *pacer, bool strange) {
  if (strange)
    pacer->strangeness += 2;
  else if (pacer->strangeness > 0)
    pacer->strangeness--;
  return pacer->strangeness > POLL_PACER_STRANGENESS_MAX;
}

static void correct(struct poll_pacer *pacer, int64_t error_ns) {
  pacer->expected_ns = (uint64_t)((int64_t)pacer->expected_ns + error_ns / PHASE_GAIN);
  pacer->period_ns = larger((uint64_t)((int64_t)pacer->period_ns + error_ns / PERIOD_GAIN), POLL_PACER_PERIOD_MIN_NS);
}

static void learn(struct poll_pacer *pacer, uint64_t now_ns, uint64_t gap_ns) {
  bool missed = skip_missed(pacer, now_ns);
  int64_t error_ns = (int64_t)(arrival_ns(pacer, now_ns) - pacer->expected_ns);
  uint64_t deviation_ns = (uint64_t)(error_ns < 0 ? -error_ns : error_ns);
  bool strange = deviation_ns > pacer->period_ns / 4;
  if (is_other_rate(pacer, strange || missed)) {
    begin(pacer, now_ns, gap_ns);
    return;
  }
  pacer->jitter_ns = (uint64_t)((int64_t)pacer->jitter_ns + ((int64_t)deviation_ns - (int64_t)pacer->jitter_ns) / JITTER_GAIN);
  if (!strange)
    correct(pacer, error_ns);
  if (!strange || error_ns > 0) /* one between two that are expected takes nobody's place */
    pacer->expected_ns += pacer->period_ns;
}

void poll_pacer_news(struct poll_pacer *pacer, uint64_t now_ns) {
  uint64_t gap_ns = pacer->seen_ns && now_ns > pacer->seen_ns ? now_ns - pacer->seen_ns : 0;
  if (gap_ns == 0 || gap_ns > POLL_PACER_PERIOD_MAX_NS)
    pacer->period_ns = 0;
  else if (pacer->period_ns == 0)
    begin(pacer, now_ns, gap_ns);
  else
    learn(pacer, now_ns, gap_ns);
  pacer->seen_ns = now_ns;
}

uint64_t poll_pacer_sleep_ns(struct poll_pacer *pacer, uint64_t now_ns) {
  pacer->looked_ns = now_ns;
  if (pacer->period_ns == 0)
    return POLL_PACER_REST_NS;
  /* The turn that is not yet given up: the first whose late end lies ahead. */
  uint64_t turn = 0, given_up = pacer->expected_ns + late_ns(pacer);
  if (now_ns > given_up)
    turn = (now_ns - given_up + pacer->period_ns - 1) / pacer->period_ns;
  if (turn >= POLL_PACER_MISSES_MAX)
    return POLL_PACER_REST_NS;
  uint64_t begins = pacer->expected_ns + turn * pacer->period_ns - early_ns(pacer);
  uint64_t sleep = begins > now_ns ? begins - now_ns : 0;
  return smaller(larger(sleep, close_ns(pacer)), POLL_PACER_REST_NS);
}
