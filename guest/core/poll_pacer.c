#include "guest/core/poll_pacer.h"

#define PERIOD_DEFAULT_NS UINT64_C(16666667)

void poll_pacer_init(struct poll_pacer *pacer, uint64_t now_ns) {
  *pacer = (struct poll_pacer){.period_ns = PERIOD_DEFAULT_NS, .changed_ns = now_ns};
}

void poll_pacer_watched(struct poll_pacer *pacer, bool watched, uint64_t now_ns) {
  if (watched && !pacer->watched)
    pacer->changed_ns = now_ns;
  pacer->watched = watched;
}

void poll_pacer_changed(struct poll_pacer *pacer, uint64_t now_ns) { pacer->changed_ns = now_ns; }

void poll_pacer_talked(struct poll_pacer *pacer, uint64_t now_ns) { pacer->talked_ns = now_ns; }

uint64_t poll_pacer_screen_ns(const struct poll_pacer *pacer, uint64_t now_ns) {
  if (!pacer->watched)
    return POLL_ALONE_SCREEN_NS;
  const uint64_t still_ns = now_ns - pacer->changed_ns;
  return still_ns < POLL_STILL_AFTER_NS ? pacer->period_ns : still_ns < POLL_RESTING_AFTER_NS ? POLL_STILL_NS : POLL_RESTING_NS;
}

uint64_t poll_pacer_talk_ns(const struct poll_pacer *pacer, uint64_t now_ns) {
  if (pacer->talked_ns && now_ns - pacer->talked_ns < POLL_TALK_FOR_NS)
    return POLL_TALK_NS;
  return pacer->watched ? poll_pacer_screen_ns(pacer, now_ns) : POLL_ALONE_NS;
}

uint64_t poll_pacer_cursor_ns(const struct poll_pacer *pacer, uint64_t now_ns) {
  const uint64_t screen_ns = poll_pacer_screen_ns(pacer, now_ns);
  return screen_ns == pacer->period_ns && POLL_CURSOR_NS < screen_ns ? POLL_CURSOR_NS : screen_ns;
}
