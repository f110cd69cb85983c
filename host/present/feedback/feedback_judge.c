#include "host/present/feedback/feedback_judge.h"

#include <stdlib.h>
#include <string.h>

#define ANOTHER_CLOCK_NS UINT64_C(1000000000) /* so far off is no mistake of a display's */
#define MS UINT64_C(1000000)

const char *const feedback_state_names[] = {"none", "testing", "believed", "refused"};

static void refuse(struct feedback_judge *judge, const char *reason) {
  judge->state = FEEDBACK_REFUSED;
  judge->reason = reason;
}

void feedback_judge_init(struct feedback_judge *judge, uint64_t resolution_ns) {
  *judge = (struct feedback_judge){.state = FEEDBACK_TESTING};
  if (resolution_ns > FEEDBACK_JUDGE_RESOLUTION_NS)
    refuse(judge, "its clock moves in steps of more than a millisecond");
}

void feedback_judge_asked(struct feedback_judge *judge) {
  if (judge->state != FEEDBACK_REFUSED && ++judge->silent > FEEDBACK_JUDGE_SILENCE_MAX)
    refuse(judge, judge->good ? "it has stopped to tell of pictures" : "it tells of no picture");
}

void feedback_judge_answered(struct feedback_judge *judge) { judge->silent = 0; }

/* NULL: nothing is wrong with this one. */
static const char *fault_of(const struct feedback_judge *judge, const struct feedback_case *told) {
  if (told->shown_ns == 0)
    return "its clock cannot be read here";
  if (told->shown_ns > told->now_ns + ANOTHER_CLOCK_NS || told->shown_ns + ANOTHER_CLOCK_NS < told->submitted_ns)
    return "its stamps are of another clock than it says";
  if (told->shown_ns > told->now_ns + FEEDBACK_JUDGE_FUTURE_NS)
    return "its stamps lie in the future";
  if (judge->good && told->shown_ns == judge->last_ns)
    return "its stamps stand still";
  if (told->shown_ns < told->submitted_ns)
    return "its stamps lie before the picture was handed over";
  if (judge->good && told->shown_ns < judge->last_ns)
    return "its stamps go backwards";
  return NULL;
}

static bool is_near(uint64_t one_ns, uint64_t other_ns) {
  return (one_ns > other_ns ? one_ns - other_ns : other_ns - one_ns) <= FEEDBACK_JUDGE_ECHO_NS;
}

static int by_size(const void *a, const void *b) {
  uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
  return (one > other) - (one < other);
}

static uint64_t median_gap(const struct feedback_judge *judge) {
  uint64_t sorted[FEEDBACK_JUDGE_STAMPS];
  memcpy(sorted, judge->gaps_ns, sizeof sorted);
  qsort(sorted + 1, FEEDBACK_JUDGE_STAMPS - 1, sizeof sorted[0], by_size); /* the first stamp has none before it */
  return sorted[FEEDBACK_JUDGE_STAMPS / 2];
}

/* What no single stamp shows. */
static void pass_sentence(struct feedback_judge *judge) {
  judge->state = FEEDBACK_BELIEVED;
  if (judge->echoes == FEEDBACK_JUDGE_STAMPS)
    refuse(judge, "its stamps repeat the time of the call");
  else if (judge->whole_ms == FEEDBACK_JUDGE_STAMPS)
    refuse(judge, "its stamps come in whole milliseconds");
  else if (judge->refresh_ns && median_gap(judge) < judge->refresh_ns / 100 * FEEDBACK_JUDGE_REFRESH_PERCENT)
    refuse(judge, "its stamps come faster than the display refreshes");
}

bool feedback_judge_stamp(struct feedback_judge *judge, const struct feedback_case *told) {
  if (judge->state == FEEDBACK_REFUSED)
    return false;
  const char *fault = fault_of(judge, told);
  if (fault) {
    refuse(judge, fault);
    return false;
  }
  if (judge->state == FEEDBACK_TESTING) {
    judge->gaps_ns[judge->good] = told->shown_ns - judge->last_ns;
    judge->echoes += is_near(told->shown_ns, told->submitted_ns) || is_near(told->shown_ns, told->returned_ns);
    judge->whole_ms += told->told_ns % MS == 0;
  }
  judge->last_ns = told->shown_ns;
  judge->refresh_ns = told->refresh_ns;
  bool was_believed = judge->state == FEEDBACK_BELIEVED;
  if (!was_believed && ++judge->good == FEEDBACK_JUDGE_STAMPS)
    pass_sentence(judge);
  return was_believed;
}
