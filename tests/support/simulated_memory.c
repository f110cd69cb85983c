#include "protocol/atomics.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define STACK_BYTES (256u * 1024u)
#define BUFFER_MAX 1024u /* stores that wait: far more than any CPU has, so that reordering reaches far */
#define VERSIONS_MAX 8u  /* values of a word that an early load can still find */
#define CELLS_MAX 32768u /* words touched in one run */
#define BUCKETS (4u * CELLS_MAX)

struct version {
  uint64_t time, value;
};

/* One word of shared memory: its last values, oldest first, and the newest of them that each actor has seen or written. */
struct cell {
  uintptr_t address;
  uint32_t count;
  struct version versions[VERSIONS_MAX];
  uint64_t seen[SIMULATED_MEMORY_ACTORS_MAX];
};

struct pending_store {
  uintptr_t address;
  uint64_t value, mask;
};

struct actor {
  void (*run)(void *);
  void *user_data;
  ucontext_t context;
  void *stack;
  bool finished;
  const bool *sleeping_on;
  uint64_t floor; /* no load is satisfied by what was older than this */
  uint32_t pending_count;
  struct pending_store pending[BUFFER_MAX];
};

struct machine {
  uint64_t random;
  uint32_t fences_off;
  uint32_t switch_one_in, drain_one_in; /* 0 = never */
  uint64_t time, steps;
  bool stalled;
  ucontext_t scheduler;
  struct actor *current;
  uint32_t actor_count, cell_count, generation;
  struct actor actors[SIMULATED_MEMORY_ACTORS_MAX];
  struct cell cells[CELLS_MAX];
  struct bucket {
    uint32_t generation, cell;
  } buckets[BUCKETS];
};

static struct machine machine; /* the machine is the process's: the code under test has no place for a pointer to it */

/* ---- chance ---- */

static uint32_t chance(uint32_t bound) { /* xorshift64* */
  machine.random ^= machine.random >> 12;
  machine.random ^= machine.random << 25;
  machine.random ^= machine.random >> 27;
  return (uint32_t)((machine.random * UINT64_C(2685821657736338717)) >> 33) % bound;
}

static bool one_in(uint32_t n) { return n != 0 && chance(n) == 0; }

uint32_t simulated_memory_random(uint32_t bound) { return chance(bound); }

/* ---- words and their past ---- */

static struct cell *cell_of(uintptr_t address) {
  uint32_t at = (uint32_t)((address >> 3) * UINT64_C(2654435761)) % BUCKETS;
  for (; machine.buckets[at].generation == machine.generation; at = (at + 1) % BUCKETS) {
    if (machine.cells[machine.buckets[at].cell].address == address)
      return &machine.cells[machine.buckets[at].cell];
  }
  assert(machine.cell_count < CELLS_MAX);
  machine.buckets[at] = (struct bucket){machine.generation, machine.cell_count};
  struct cell *cell = &machine.cells[machine.cell_count++];
  memset(cell, 0, sizeof *cell);
  cell->address = address;
  cell->count = 1;
  memcpy(&cell->versions[0].value, (const void *)address, 8);
  return cell;
}

static uint32_t index_of(const struct actor *actor) { return (uint32_t)(actor - machine.actors); }

static void add_version(struct cell *cell, uint64_t value) {
  if (cell->count == VERSIONS_MAX)
    memmove(&cell->versions[0], &cell->versions[1], --cell->count * sizeof cell->versions[0]);
  cell->versions[cell->count++] = (struct version){++machine.time, value};
  memcpy((void *)cell->address, &value, 8);
}

/* The store that waits longest for the same word as entry `at` goes first. */
static void drain(struct actor *actor, uint32_t at) {
  uint32_t first = 0;
  while (actor->pending[first].address != actor->pending[at].address)
    first++;
  struct pending_store store = actor->pending[first];
  memmove(&actor->pending[first], &actor->pending[first + 1], (actor->pending_count - first - 1) * sizeof store);
  actor->pending_count--;
  struct cell *cell = cell_of(store.address);
  uint64_t old = cell->versions[cell->count - 1].value;
  add_version(cell, (old & ~store.mask) | (store.value & store.mask));
  cell->seen[index_of(actor)] = machine.time;
}

static void drain_all(struct actor *actor) {
  while (actor->pending_count > 0)
    drain(actor, chance(actor->pending_count));
}

/* ---- scheduling ---- */

void simulated_memory_yield(void) { swapcontext(&machine.current->context, &machine.scheduler); }

bool simulated_memory_sleep(const bool *flag) {
  machine.current->sleeping_on = flag;
  while (!*flag && !machine.stalled)
    simulated_memory_yield();
  machine.current->sleeping_on = NULL;
  return *flag;
}

/* Before each access: chance drains a store of anybody, chance lets another run. */
static void step(void) {
  machine.steps++;
  if (one_in(machine.drain_one_in)) {
    struct actor *actor = &machine.actors[chance(machine.actor_count)];
    if (actor->pending_count > 0)
      drain(actor, chance(actor->pending_count));
  }
  if (one_in(machine.switch_one_in))
    simulated_memory_yield();
}

static void actor_main(void) {
  machine.current->run(machine.current->user_data);
  machine.current->finished = true;
  simulated_memory_yield();
}

static bool is_runnable(const struct actor *actor) {
  return !actor->finished && (!actor->sleeping_on || *actor->sleeping_on || machine.stalled);
}

static struct actor *next_actor(void) {
  uint32_t start = chance(machine.actor_count);
  for (uint32_t i = 0; i < machine.actor_count; i++) {
    struct actor *actor = &machine.actors[(start + i) % machine.actor_count];
    if (is_runnable(actor))
      return actor;
  }
  return NULL;
}

static bool all_finished(void) {
  for (uint32_t i = 0; i < machine.actor_count; i++) {
    if (!machine.actors[i].finished)
      return false;
  }
  return true;
}

bool simulated_memory_run(uint64_t steps_max) {
  while (!all_finished() && machine.steps < steps_max) {
    machine.current = next_actor();
    machine.stalled |= machine.current == NULL; /* for good: all sleepers are woken to find out */
    if (machine.current)
      swapcontext(&machine.scheduler, &machine.current->context);
  }
  machine.current = NULL;
  return all_finished();
}

void simulated_memory_reset(uint64_t seed, uint32_t fences_off) {
  static const uint32_t switches[] = {1, 2, 6, 25, 100};
  static const uint32_t drains[] = {0, 200, 30, 4, 1};
  machine.random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
  machine.fences_off = fences_off;
  machine.switch_one_in = switches[chance(5)];
  machine.drain_one_in = drains[chance(5)];
  machine.time = machine.steps = 0;
  machine.stalled = false;
  machine.actor_count = machine.cell_count = 0;
  machine.generation++;
}

void simulated_memory_add_actor(void (*run)(void *), void *user_data) {
  assert(machine.actor_count < SIMULATED_MEMORY_ACTORS_MAX);
  struct actor *actor = &machine.actors[machine.actor_count++];
  actor->run = run;
  actor->user_data = user_data;
  actor->finished = false;
  actor->sleeping_on = NULL;
  actor->floor = 0;
  actor->pending_count = 0;
  if (!actor->stack)
    actor->stack = malloc(STACK_BYTES); /* kept for the process's life */
  assert(actor->stack);
  getcontext(&actor->context);
  actor->context.uc_stack.ss_sp = actor->stack;
  actor->context.uc_stack.ss_size = STACK_BYTES;
  actor->context.uc_link = NULL;
  makecontext(&actor->context, actor_main, 0);
}

/* ---- the names of atomics.h ---- */

static uint64_t own_stores_over(const struct actor *actor, uintptr_t address, uint64_t value) {
  for (uint32_t i = 0; i < actor->pending_count; i++) {
    if (actor->pending[i].address == address)
      value = (value & ~actor->pending[i].mask) | (actor->pending[i].value & actor->pending[i].mask);
  }
  return value;
}

/* Chooses which of the values since the floor this load finds; an ordered load raises the floor to the moment of its choice. */
static uint64_t load(uintptr_t address, bool ordered) {
  struct actor *actor = machine.current;
  if (!actor)
    return *(const volatile uint64_t *)address;
  step();
  struct cell *cell = cell_of(address);
  uint64_t *seen = &cell->seen[index_of(actor)];
  uint64_t since = actor->floor > *seen ? actor->floor : *seen;
  uint32_t newest = cell->count - 1, oldest = newest;
  while (oldest > 0 && cell->versions[oldest].time > since)
    oldest--;
  uint32_t at = chance(2) ? newest : oldest + chance(newest - oldest + 1);
  uint64_t moment = cell->versions[at].time > since ? cell->versions[at].time : since;
  if (ordered && moment > actor->floor)
    actor->floor = moment;
  if (cell->versions[at].time > *seen)
    *seen = cell->versions[at].time;
  return own_stores_over(actor, address, cell->versions[at].value);
}

static void store(uintptr_t address, uint64_t value, uint64_t mask) {
  struct actor *actor = machine.current;
  if (!actor) {
    volatile uint64_t *to = (volatile uint64_t *)address;
    *to = (*to & ~mask) | (value & mask);
    return;
  }
  step();
  if (actor->pending_count == BUFFER_MAX)
    drain(actor, chance(BUFFER_MAX));
  actor->pending[actor->pending_count++] = (struct pending_store){address, value, mask};
}

static uint32_t half_shift(uintptr_t address) { return address % 8 ? 32 : 0; }

uint32_t wire_load32(const volatile uint32_t *from) {
  uintptr_t address = (uintptr_t)from;
  return (uint32_t)(load(address & ~(uintptr_t)7, true) >> half_shift(address));
}

void wire_store32(volatile uint32_t *to, uint32_t value) {
  uintptr_t address = (uintptr_t)to;
  uint32_t shift = half_shift(address);
  store(address & ~(uintptr_t)7, (uint64_t)value << shift, UINT64_C(0xffffffff) << shift);
}

uint64_t wire_load64(const volatile uint64_t *from) { return load((uintptr_t)from, true); }
uint64_t wire_load_body64(const volatile uint64_t *from) { return load((uintptr_t)from, false); }
void wire_store64(volatile uint64_t *to, uint64_t value) { store((uintptr_t)to, value, UINT64_MAX); }
void wire_store_body64(volatile uint64_t *to, uint64_t value) { store((uintptr_t)to, value, UINT64_MAX); }

static bool fence(enum wire_fence name) {
  if (!machine.current || machine.fences_off & 1u << name)
    return false;
  step();
  return true;
}

void wire_fence_store(enum wire_fence name) {
  if (fence(name))
    drain_all(machine.current);
}

void wire_fence_load(enum wire_fence name) {
  if (fence(name))
    machine.current->floor = machine.time;
}

void wire_fence_full(enum wire_fence name) {
  wire_fence_store(name);
  wire_fence_load(name);
}
