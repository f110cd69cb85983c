#include "host/link/memory_guard.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES 4096u

struct guarded {
  _Atomic(uintptr_t) base; /* 0 = free; stored last, after the others: pairs with the load in find() */
  uintptr_t bytes;
  atomic_bool *cut;
};

static struct guarded mappings[MEMORY_GUARD_MAPPINGS_MAX];
static struct sigaction action_before;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of those who add and remove; the handler takes none */

static struct guarded *find(uintptr_t address) {
  for (size_t i = 0; i < MEMORY_GUARD_MAPPINGS_MAX; i++) {
    uintptr_t base = atomic_load(&mappings[i].base);
    if (base && address >= base && address - base < mappings[i].bytes)
      return &mappings[i];
  }
  return NULL;
}

/* All from the page of the access on: the file ends before it. mmap() is a plain system call, and the lock-free flag needs no more. */
static bool replace(struct guarded *mapping, uintptr_t address) {
  uintptr_t from = address / PAGE_BYTES * PAGE_BYTES, end = atomic_load(&mapping->base) + mapping->bytes;
  atomic_store(mapping->cut, true);
  return mmap((void *)from, end - from, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

static void on_bus_error(int number, siginfo_t *info, void *context) {
  (void)context;
  struct guarded *mapping = find((uintptr_t)info->si_addr);
  if (!mapping || !replace(mapping, (uintptr_t)info->si_addr))
    sigaction(number, &action_before, NULL); /* the access is repeated, and is theirs */
}

/* With each mapping, in case a library has taken the signal meanwhile. */
static void install(void) {
  struct sigaction ours = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO}, present;
  if (sigaction(SIGBUS, NULL, &present) != 0 || (present.sa_flags & SA_SIGINFO && present.sa_sigaction == on_bus_error))
    return;
  action_before = present;
  sigaction(SIGBUS, &ours, NULL);
}

bool memory_guard_add(const volatile void *base, uint64_t bytes, atomic_bool *cut) {
  bool added = false;
  pthread_mutex_lock(&lock);
  install();
  for (size_t i = 0; i < MEMORY_GUARD_MAPPINGS_MAX && !added; i++) {
    if (atomic_load(&mappings[i].base))
      continue;
    mappings[i].bytes = bytes;
    mappings[i].cut = cut;
    atomic_store(&mappings[i].base, (uintptr_t)base);
    added = true;
  }
  pthread_mutex_unlock(&lock);
  return added;
}

void memory_guard_remove(const volatile void *base) {
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < MEMORY_GUARD_MAPPINGS_MAX; i++)
    if (atomic_load(&mappings[i].base) == (uintptr_t)base)
      atomic_store(&mappings[i].base, 0);
  pthread_mutex_unlock(&lock);
}
