/* Random numbers from the operating system, for epochs and sessions. Control plane. */
#ifndef TRANSOM_COMMON_RANDOM_H
#define TRANSOM_COMMON_RANDOM_H

#include <stdint.h>

/* Never 0. Aborts when the system has no entropy source at all: an epoch that repeats would be worse. */
uint64_t random_nonzero64(void);
uint32_t random_nonzero32(void);

#endif
