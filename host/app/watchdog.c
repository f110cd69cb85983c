#include "host/app/watchdog.h"

void watchdog_start(struct watchdog *watchdog, bool window_grabs, uint64_t now_ns) {
  *watchdog = (struct watchdog){.heard_ns = now_ns, .window_grabbed = window_grabs};
}

void watchdog_heard(struct watchdog *watchdog, uint64_t now_ns, bool captured) {
  if (!watchdog->heard_ns)
    return;
  watchdog->heard_ns = captured ? now_ns : 0;
}

enum watchdog_verdict watchdog_look(const struct watchdog *watchdog, uint64_t now_ns) {
  if (!watchdog->heard_ns || now_ns < watchdog->heard_ns + WATCHDOG_RELEASE_NS)
    return WATCHDOG_WELL;
  return watchdog->window_grabbed && now_ns >= watchdog->heard_ns + WATCHDOG_END_NS ? WATCHDOG_END : WATCHDOG_RELEASE;
}
