#include "host/link/clock_probe.h"

#include "common/clock.h"
#include "common/cpu_pause.h"
#include "common/random.h"
#include "host/event/event_loop.h"

#include <errno.h>
#include <stdlib.h>

struct clock_probe {
  struct event_loop *loop;
  clock_probe_handler sample;
  void *user_data;
  struct event_source *timer;
  uint64_t interval_ns; /* 0 = off */
  const struct transom_consumer *consumer;
  bool has_bell, waits;
  uint64_t sequence, asked_ns; /* of the request under way */
};

static uint64_t look_ns(const struct clock_probe *probe) {
  return probe->waits && !probe->has_bell ? CLOCK_PROBE_LOOK_NS : probe->interval_ns;
}

static void schedule(struct clock_probe *probe) {
  bool is_on = probe->interval_ns && probe->consumer && probe->consumer->region->clock_replies; /* else nobody will answer */
  event_timer_set(probe->timer, is_on ? look_ns(probe) : 0, 0);
}

static void ask(struct clock_probe *probe) {
  probe->sequence = probe->sequence == UINT64_MAX ? 1 : probe->sequence + 1;
  probe->asked_ns = clock_raw_ns();
  probe->waits = clock_cell_ask(probe->consumer, probe->sequence, probe->asked_ns) == 0;
}

/* True: there was an answer, good or not. */
static bool take(struct clock_probe *probe) {
  struct transom_clock_sample sample;
  int result = clock_cell_answer(probe->consumer, probe->sequence, probe->asked_ns, clock_raw_ns, &sample);
  if (result == -EAGAIN)
    return false;
  probe->waits = false;
  if (result == 0)
    probe->sample(&sample, probe->user_data);
  return true;
}

static bool take_soon(struct clock_probe *probe) {
  uint64_t until_ns = clock_raw_ns() + CLOCK_PROBE_SPIN_NS;
  bool taken = take(probe);
  for (; !taken && clock_raw_ns() < until_ns; cpu_pause())
    taken = take(probe);
  return taken;
}

void clock_probe_look(struct clock_probe *probe) {
  if (!probe->waits || !take(probe))
    return;
  /* The agent listens now: as many more as it is quick to answer. The last one may be answered at leisure. */
  for (unsigned i = 0; i < CLOCK_PROBE_BURST && !probe->waits; i++) {
    ask(probe);
    if (!probe->waits || !take_soon(probe))
      break;
  }
}

static void on_timer(void *user_data) {
  struct clock_probe *probe = user_data;
  bool too_late = clock_raw_ns() - probe->asked_ns >= probe->interval_ns;
  clock_probe_look(probe);
  if (!probe->waits || too_late)
    ask(probe);
  schedule(probe);
}

struct clock_probe *clock_probe_create(struct event_loop *loop, clock_probe_handler sample, void *user_data) {
  struct clock_probe *probe = calloc(1, sizeof *probe);
  if (!probe)
    return NULL;
  *probe = (struct clock_probe){.loop = loop, .sample = sample, .user_data = user_data, .sequence = random_nonzero64()};
  probe->timer = event_loop_add_timer(loop, on_timer, probe);
  if (probe->timer)
    return probe;
  free(probe);
  return NULL;
}

void clock_probe_destroy(struct clock_probe *probe) {
  if (!probe)
    return;
  event_source_remove(probe->timer);
  free(probe);
}

void clock_probe_set_interval(struct clock_probe *probe, uint64_t interval_ns) {
  probe->interval_ns = interval_ns;
  schedule(probe);
}

void clock_probe_attach(struct clock_probe *probe, const struct transom_consumer *consumer, bool has_bell) {
  probe->consumer = consumer;
  probe->has_bell = has_bell;
  probe->waits = false;
  schedule(probe);
}
