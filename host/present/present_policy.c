#include "host/present/present_policy.h"

const char *const present_mode_names[PRESENT_MODES] = {"fifo", "fifo-relaxed", "mailbox", "immediate"};

static bool has(uint32_t available, enum present_mode mode) { return available >> mode & 1; }

enum present_mode present_policy_choose(uint32_t available, bool tearing, bool fullscreen) {
  if (tearing && has(available, PRESENT_MODE_IMMEDIATE))
    return PRESENT_MODE_IMMEDIATE;
  if (tearing && has(available, PRESENT_MODE_FIFO_RELAXED))
    return PRESENT_MODE_FIFO_RELAXED;
  if (!tearing && !fullscreen && has(available, PRESENT_MODE_MAILBOX))
    return PRESENT_MODE_MAILBOX;
  return PRESENT_MODE_FIFO;
}
