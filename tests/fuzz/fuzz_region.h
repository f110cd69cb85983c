/* A validly formatted region with pictures, cursor and messages in it, which an input then spoils by patches: so the fuzzer starts deep
 * inside instead of at the magic number. Behind the region lies a guard page.
 *
 * A script is a row of operations; see fuzz_region_next(). One region a process; FUZZ_REGION_BYTES large. */
#ifndef TRANSOM_TESTS_FUZZ_FUZZ_REGION_H
#define TRANSOM_TESTS_FUZZ_FUZZ_REGION_H

#include "fuzz/fuzz_input.h"
#include "protocol/validate.h"

#define FUZZ_REGION_BYTES (UINT64_C(2) << 20)
#define FUZZ_REGION_PATCHES_MAX 256u

/* The region as its honest agent left it; the pointer is the same every time. */
volatile uint8_t *fuzz_region_reset(void);

/* Applies patches until the script asks for a step of the target: true with its number, or false at the end of the script.
 * Operations: 0-3 patch now, 4-5 patch after so many loads of the target, else step (operation - 6). */
bool fuzz_region_next(struct fuzz_input *script, uint32_t *step);

/* The target itself writes there: put it back before the next run. */
void fuzz_region_touched(const volatile void *from, uint64_t bytes);

/* Attaches; false when it was refused. Requires that whatever was accepted lies within the mapping. */
bool fuzz_region_attach(uint64_t mapped_bytes, struct transom_region *region);

#endif
