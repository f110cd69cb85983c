/* The gate itself: whatever header, table and sections say, what is accepted lies within the mapping (fuzz_region_attach() requires it). */
#include "fuzz/fuzz_region.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct fuzz_input script = {data, bytes};
  uint32_t step;
  fuzz_region_reset();
  while (fuzz_region_next(&script, &step)) {
    struct transom_region region;
    const uint64_t pages = step < 16 ? step : 0; /* a mapping that is shorter than what the agent saw */
    if (fuzz_region_attach(FUZZ_REGION_BYTES - pages * 65536, &region))
      validate_epoch(&region);
  }
  return 0;
}
