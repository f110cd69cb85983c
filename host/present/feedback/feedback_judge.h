/* Are a window system's stamps to be believed? Tested before the first is, and watched from then on; one lie ends it for good.
 *
 * state      what leads out of it
 * TESTING    FEEDBACK_JUDGE_STAMPS good stamps that together look like a display's: BELIEVED; a bad one, or silence: REFUSED
 * BELIEVED   a bad stamp, or silence: REFUSED
 * REFUSED    -
 *
 * A stamp is good when it lies between the moment when its picture was handed over and now, and after the one before it. Together they must
 * not just repeat when we called, must not come in whole milliseconds, and must not come faster than the display refreshes, by the median.
 *
 * Pure; one thread at a time. */
#ifndef TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_JUDGE_H
#define TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#define FEEDBACK_JUDGE_STAMPS 30u                      /* half a second at 60 Hz */
#define FEEDBACK_JUDGE_SILENCE_MAX 64u                 /* pictures in a row of which nothing is told */
#define FEEDBACK_JUDGE_FUTURE_NS UINT64_C(1000000)     /* a kernel tells of the end of a vertical blank that has just begun */
#define FEEDBACK_JUDGE_RESOLUTION_NS UINT64_C(1000000) /* a coarser clock says nothing of a display */
#define FEEDBACK_JUDGE_ECHO_NS UINT64_C(2000)          /* nearer to our call than a display can be, every time */
#define FEEDBACK_JUDGE_REFRESH_PERCENT 80u

enum feedback_state { FEEDBACK_NONE, FEEDBACK_TESTING, FEEDBACK_BELIEVED, FEEDBACK_REFUSED };
extern const char *const feedback_state_names[]; /* "none", "testing", ... */

struct feedback_judge {
  enum feedback_state state;
  const char *reason; /* REFUSED: one clause, static; else NULL */
  unsigned good, silent, echoes, whole_ms;
  uint64_t last_ns, refresh_ns;            /* of the newest stamp */
  uint64_t gaps_ns[FEEDBACK_JUDGE_STAMPS]; /* between two stamps of the test */
};

/* One picture's whole story; CLOCK_MONOTONIC_RAW but for told_ns. */
struct feedback_case {
  uint64_t submitted_ns, returned_ns;     /* the call that handed it over */
  uint64_t told_ns, shown_ns, refresh_ns; /* as in struct feedback_stamp */
  uint64_t now_ns;
};

void feedback_judge_init(struct feedback_judge *judge, uint64_t resolution_ns);

/* A picture was handed over; a picture was told of, shown or not. */
void feedback_judge_asked(struct feedback_judge *judge);
void feedback_judge_answered(struct feedback_judge *judge);

/* True: this stamp may be used. */
bool feedback_judge_stamp(struct feedback_judge *judge, const struct feedback_case *told);

#endif
