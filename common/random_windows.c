#include "common/random.h"

#include <stdlib.h>
#include <windows.h>

#include <bcrypt.h>

uint64_t random_nonzero64(void) {
  uint64_t value = 0;
  while (value == 0) {
    if (BCryptGenRandom(NULL, (PUCHAR)&value, sizeof value, BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0)
      abort();
  }
  return value;
}

uint32_t random_nonzero32(void) {
  uint32_t value = 0;
  while (value == 0)
    value = (uint32_t)random_nonzero64();
  return value;
}
