#include "host/present/late_latch.h"

#include "common/clock.h"

enum presenter_result late_latch_present(struct presenter *presenter, late_latch_take take, void *user_data, uint64_t *submitted_ns) {
  const struct presenter_impl *impl = presenter->impl;
  enum presenter_result result = impl->acquire ? impl->acquire(presenter) : PRESENTER_OK;
  if (result != PRESENTER_OK)
    return result;
  if (take && !take(user_data))
    return PRESENTER_PENDING;
  uint64_t now_ns = clock_raw_ns();
  result = impl->present(presenter);
  if (result == PRESENTER_OK)
    *submitted_ns = now_ns;
  return result;
}
