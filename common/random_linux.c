#include "common/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

uint64_t random_nonzero64(void) {
  uint64_t value = 0;
  while (value == 0) {
    const ssize_t got = getrandom(&value, sizeof value, 0);
    if (got < 0 && errno != EINTR)
      abort();
    if (got != (ssize_t)sizeof value)
      value = 0;
  }
  return value;
}

uint32_t random_nonzero32(void) {
  uint32_t value = 0;
  while (value == 0)
    value = (uint32_t)random_nonzero64();
  return value;
}
