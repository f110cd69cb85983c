#include "host/app/guest_mode.h"

#include <stdint.h>
#include <string.h>

#define HZ_MAX 1000u

/* Decimal digits, up to `most`; no sign, no white space. */
static bool take_number(const char **at, uint32_t most, uint32_t *number) {
  uint32_t value = 0;
  const char *start = *at;
  while (**at >= '0' && **at <= '9' && value <= most)
    value = value * 10 + (uint32_t)(*(*at)++ - '0');
  *number = value;
  return *at > start && value <= most;
}

/* "144" or "59.94", in thousandths. */
static bool take_rate(const char **at, uint32_t *mhz) {
  uint32_t hz, thousandths = 0, scale = 100;
  if (!take_number(at, HZ_MAX, &hz))
    return false;
  if (**at == '.') {
    for (++*at; **at >= '0' && **at <= '9' && scale > 0; scale /= 10)
      thousandths += (uint32_t)(*(*at)++ - '0') * scale;
  }
  *mhz = hz * 1000 + thousandths;
  return *mhz > 0;
}

static bool take_size(const char **at, struct guest_mode *mode) {
  static const char window[] = "window";
  mode->follows_window = strncmp(*at, window, sizeof window - 1) == 0;
  if (mode->follows_window) {
    *at += sizeof window - 1;
    return true;
  }
  return take_number(at, TRANSOM_WIDTH_MAX, &mode->wish.width) && *(*at)++ == 'x' &&
         take_number(at, TRANSOM_HEIGHT_MAX, &mode->wish.height) && mode->wish.width && mode->wish.height;
}

bool guest_mode_parse(const char *text, struct guest_mode *mode) {
  struct guest_mode parsed = {.follows_window = false};
  if (text[0] && !take_size(&text, &parsed))
    return false;
  if (*text == '@' && (++text, !take_rate(&text, &parsed.wish.refresh_mhz)))
    return false;
  if (*text != 0 || (parsed.wish.refresh_mhz && !parsed.wish.width && !parsed.follows_window))
    return false;
  *mode = parsed;
  return true;
}
