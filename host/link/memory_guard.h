/* Mappings of files that may shrink: an access beyond the new end would be SIGBUS, the end of the program. Here it becomes zeros and a
 * flag.
 *
 * The handler is process-wide, as signals are; it maps zero pages over what went away and lets the access go on. Whoever read from the
 * mapping looks at the flag before believing anything. A SIGBUS anywhere else goes to whoever handled it before. Control plane, any thread;
 * the flag is read on the data plane. */
#ifndef TRANSOM_HOST_LINK_MEMORY_GUARD_H
#define TRANSOM_HOST_LINK_MEMORY_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define MEMORY_GUARD_MAPPINGS_MAX 16u /* a viewer has one region, and old ones until their last reader lets go */

/* `cut` becomes true when pages of the mapping went away. False: no room; the mapping is then not guarded. */
bool memory_guard_add(const volatile void *base, uint64_t bytes, atomic_bool *cut);
void memory_guard_remove(const volatile void *base); /* before munmap(); one that was never added is fine */

#endif
