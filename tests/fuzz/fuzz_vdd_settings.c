/* A settings file of a virtual display's driver that nobody well-meaning wrote: what comes out is within its bounds, and doing it again
 * changes nothing. */
#include "fuzz/fuzz_input.h"
#include "guest/core/vdd_settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const struct display_mode mode = {3840, 2160, size % 3 ? 59940 : 120000};
  const size_t capacity = size + VDD_SETTINGS_MORE_BYTES + 1;
  char *text = malloc(size + 1), *once = malloc(capacity), *twice = malloc(capacity);
  fuzz_require(text && once && twice);
  memcpy(text, data, size);
  text[size] = 0;
  const int result = vdd_settings_put_mode(text, &mode, once, capacity);
  fuzz_require(result == 0 || result == -EINVAL);
  if (result == 0 && !strstr(text, "<!-- Transom's mode -->")) /* by hand there may be several */
    fuzz_require(vdd_settings_put_mode(once, &mode, twice, capacity) == 0 && strcmp(once, twice) == 0);
  fuzz_require(vdd_settings_put_mode(text, &mode, once, 1) != 0);
  free(text);
  free(once);
  free(twice);
  return 0;
}
