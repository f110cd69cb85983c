#include "host/app/mode_follower.h"

/* Modes have even edges: a window of odd size has a border of a pixel. */
static uint32_t edge(uint32_t pixels, uint32_t least, uint32_t most) {
  pixels &= ~1u;
  return pixels < least ? least : pixels > most ? most : pixels;
}

static bool same(const struct transom_control_mode_wish *one, const struct transom_control_mode_wish *other) {
  return one->width == other->width && one->height == other->height;
}

void mode_follower_init(struct mode_follower *follower, uint32_t refresh_mhz) {
  *follower = (struct mode_follower){.refresh_mhz = refresh_mhz, .due_ns = MODE_FOLLOWER_NEVER};
}

static void want(struct mode_follower *follower, const struct transom_control_mode_wish *wish, uint64_t due_ns) {
  if (wish->width && same(wish, &follower->wanted) && follower->due_ns != MODE_FOLLOWER_NEVER)
    return; /* stands still already */
  follower->wanted = *wish;
  follower->due_ns = wish->width == 0 || same(wish, &follower->asked) ? MODE_FOLLOWER_NEVER : due_ns;
}

void mode_follower_window(struct mode_follower *follower, const struct mode_follower_window *window, uint64_t now_ns) {
  if (!window->chosen) { /* nothing, or what the guest had, if it was asked for something else since */
    if (follower->asked.width == 0)
      follower->found = (struct transom_control_mode_wish){0};
    want(follower, &follower->found, now_ns + MODE_FOLLOWER_STILL_NS);
    return;
  }
  if (follower->found.width == 0 && follower->asked.width == 0)
    follower->found = (struct transom_control_mode_wish){
        .width = window->picture_width, .height = window->picture_height, .refresh_mhz = follower->refresh_mhz};
  const struct transom_control_mode_wish wish = {.width = edge(window->width, MODE_FOLLOWER_WIDTH_MIN, TRANSOM_WIDTH_MAX),
                                                 .height = edge(window->height, MODE_FOLLOWER_HEIGHT_MIN, TRANSOM_HEIGHT_MAX),
                                                 .refresh_mhz = follower->refresh_mhz};
  want(follower, &wish, now_ns + MODE_FOLLOWER_STILL_NS);
}

void mode_follower_hello(struct mode_follower *follower, uint64_t now_ns) {
  follower->listens = true;
  follower->asked = (struct transom_control_mode_wish){0};
  if (follower->wanted.width && follower->due_ns == MODE_FOLLOWER_NEVER)
    follower->due_ns = now_ns;
}

uint64_t mode_follower_due_ns(const struct mode_follower *follower) { return follower->listens ? follower->due_ns : MODE_FOLLOWER_NEVER; }

bool mode_follower_take(struct mode_follower *follower, uint64_t now_ns, struct transom_control_mode_wish *wish) {
  if (now_ns < mode_follower_due_ns(follower) || mode_follower_due_ns(follower) == MODE_FOLLOWER_NEVER)
    return false;
  *wish = follower->asked = follower->wanted;
  follower->due_ns = MODE_FOLLOWER_NEVER;
  if (same(wish, &follower->found)) /* given back: from here on it is the guest's own again */
    follower->wanted = follower->asked = follower->found = (struct transom_control_mode_wish){0};
  return true;
}
