/* How the viewer's start went: when each stage was done first, for the figures. Pure. The main thread until others start, then the
 * presenting thread. */
#ifndef TRANSOM_HOST_APP_VIEWER_START_H
#define TRANSOM_HOST_APP_VIEWER_START_H

#include <stdint.h>

enum viewer_start_stage {
  VIEWER_START_WINDOW,    /* created */
  VIEWER_START_PRESENTER, /* created */
  VIEWER_START_SESSION,   /* the guest's, in the presenting thread's hands */
  VIEWER_START_PICTURE,   /* the first frame is uploaded */
  VIEWER_START_PRESENTED, /* and has been given to the display */
  VIEWER_START_STAGES
};

/* CLOCK_MONOTONIC; 0 = not yet. */
struct viewer_start {
  uint64_t began_ns, at_ns[VIEWER_START_STAGES];
};

static inline void viewer_start_note(struct viewer_start *start, enum viewer_start_stage stage, uint64_t now_ns) {
  if (start->at_ns[stage] == 0)
    start->at_ns[stage] = now_ns;
}

#endif
