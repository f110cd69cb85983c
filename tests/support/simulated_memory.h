/* Shared memory as a weakly ordered machine could show it: what protocol/atomics.h becomes under WIRE_SIMULATED_MEMORY.
 *
 * Each actor is a coroutine with a store buffer. A store waits there until a fence of its actor, or until chance drains it: in any order,
 * save that stores to one word keep theirs (write-combining). A load may be satisfied early: by any value that the word has had since the
 * actor's last load fence or last ordered load, never by one older than it has already seen of that word. Loads of record bodies and of
 * pixels are unordered: a later load may be satisfied before them. A store fence empties the buffer; a load fence forbids looking back;
 * a full fence does both. Each can be switched off by its name.
 *
 * Everything follows from the seed. Outside of simulated_memory_run() accesses go straight to memory. One thread. */
#ifndef TRANSOM_TESTS_SIMULATED_MEMORY_H
#define TRANSOM_TESTS_SIMULATED_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* enum wire_fence is declared by atomics.h before it includes this header. */
uint32_t wire_load32(const volatile uint32_t *from);
uint64_t wire_load64(const volatile uint64_t *from);
void wire_store32(volatile uint32_t *to, uint32_t value);
void wire_store64(volatile uint64_t *to, uint64_t value);
uint64_t wire_load_body64(const volatile uint64_t *from);
void wire_store_body64(volatile uint64_t *to, uint64_t value);
void wire_fence_store(enum wire_fence name);
void wire_fence_load(enum wire_fence name);
void wire_fence_full(enum wire_fence name);

#define SIMULATED_MEMORY_ACTORS_MAX 4u
#define SIMULATED_MEMORY_FENCES_ALL 0u

/* Forgets all actors and buffers. `fences_off`: bits 1 << enum wire_fence. */
void simulated_memory_reset(uint64_t seed, uint32_t fences_off);
void simulated_memory_add_actor(void (*run)(void *user_data), void *user_data);

/* Runs all actors to their end. False: not within `steps_max` accesses. Buffers keep what was not fenced: nothing drains by itself. */
bool simulated_memory_run(uint64_t steps_max);

/* For actors: a number below `bound` from the seed; let others run; sleep until *flag (false: nobody is left to set it). */
uint32_t simulated_memory_random(uint32_t bound);
void simulated_memory_yield(void);
bool simulated_memory_sleep(const bool *flag);

#endif
