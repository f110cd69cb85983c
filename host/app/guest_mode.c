#include "host/app/guest_mode.h"

#include <stdint.h>

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

bool guest_mode_parse(const char *text, struct transom_control_mode_wish *wish) {
  struct transom_control_mode_wish parsed = {.head = 0};
  if (text[0] == 0) {
    *wish = parsed;
    return true;
  }
  if (!take_number(&text, TRANSOM_WIDTH_MAX, &parsed.width) || *text++ != 'x' || !take_number(&text, TRANSOM_HEIGHT_MAX, &parsed.height))
    return false;
  if (*text == '@' && (++text, !take_rate(&text, &parsed.refresh_mhz)))
    return false;
  if (*text != 0 || parsed.width == 0 || parsed.height == 0)
    return false;
  *wish = parsed;
  return true;
}
