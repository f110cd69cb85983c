/* Which mode to ask the guest for while it is to follow the window's size (--guest-mode window). Pure: the clock is the caller's. One
 * thread.
 *
 * Only a size that the user chose counts: he resized the window, or put it in full screen; any other size came from the guest's picture. It
 * is asked for once it has stood still for MODE_FOLLOWER_STILL_NS, and again of an agent that has started anew. When the window goes back
 * to following the picture, the guest is asked for the mode that it had before. */
#ifndef TRANSOM_HOST_APP_MODE_FOLLOWER_H
#define TRANSOM_HOST_APP_MODE_FOLLOWER_H

#include "protocol/control_message.h"

#include <stdbool.h>

#define MODE_FOLLOWER_STILL_NS UINT64_C(300000000)
#define MODE_FOLLOWER_NEVER UINT64_MAX
#define MODE_FOLLOWER_WIDTH_MIN 320u /* less is no desktop */
#define MODE_FOLLOWER_HEIGHT_MIN 200u

struct mode_follower_window {
  uint32_t width, height;                 /* physical pixels */
  uint32_t picture_width, picture_height; /* of the guest's picture in it, upright; 0 = none yet */
  bool chosen;                            /* by the user */
};

struct mode_follower {
  uint32_t refresh_mhz;                                  /* for each wish */
  bool listens;                                          /* an agent has said hello */
  struct transom_control_mode_wish wanted, asked, found; /* width 0 = none; found: what the guest had before the first wish */
  uint64_t due_ns;
};

void mode_follower_init(struct mode_follower *follower, uint32_t refresh_mhz);
void mode_follower_window(struct mode_follower *follower, const struct mode_follower_window *window, uint64_t now_ns);
void mode_follower_hello(struct mode_follower *follower, uint64_t now_ns); /* an agent begins to listen: it knows of no wish */

/* When to call take(); MODE_FOLLOWER_NEVER: nothing is to be asked. */
uint64_t mode_follower_due_ns(const struct mode_follower *follower);

/* True: `wish` is to be sent now, once. */
bool mode_follower_take(struct mode_follower *follower, uint64_t now_ns, struct transom_control_mode_wish *wish);

#endif
