/* How pictures go to the display: pure.
 *
 * The default is FIFO with the fewest images the display works with, and the newest frame taken only when one of them is free: no tearing,
 * and no queue. IMMEDIATE (--tearing) shows at once and tears. MAILBOX replaces a picture that waits by a newer one; in a window a
 * compositor stands between us and the display, and FIFO would wait for it as well. */
#ifndef TRANSOM_HOST_PRESENT_PRESENT_POLICY_H
#define TRANSOM_HOST_PRESENT_PRESENT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum present_mode { PRESENT_MODE_FIFO, PRESENT_MODE_FIFO_RELAXED, PRESENT_MODE_MAILBOX, PRESENT_MODE_IMMEDIATE, PRESENT_MODES };

extern const char *const present_mode_names[PRESENT_MODES];

/* `available` has bit 1 << mode for each mode; FIFO is always there. */
enum present_mode present_policy_choose(uint32_t available, bool tearing, bool fullscreen);

#endif
