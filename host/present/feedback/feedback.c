#include "host/present/feedback/feedback.h"

#include <stdlib.h>

struct handed_over {
  uint64_t picture; /* 0 = none */
  uint64_t submitted_ns, returned_ns;
};

struct feedback {
  struct feedback_source *source;
  struct feedback_judge judge;
  struct handed_over pictures[FEEDBACK_PICTURES]; /* by number */
  uint64_t next;                                  /* number of the next picture */
};

struct feedback *feedback_create(struct feedback_source *source) {
  struct feedback *feedback = source ? calloc(1, sizeof *feedback) : NULL;
  if (!feedback) {
    if (source)
      source->impl->destroy(source);
    return NULL;
  }
  feedback->source = source;
  feedback->next = 1;
  feedback_judge_init(&feedback->judge, source->resolution_ns);
  return feedback;
}

void feedback_destroy(struct feedback *feedback) {
  if (!feedback)
    return;
  feedback->source->impl->destroy(feedback->source);
  free(feedback);
}

uint64_t feedback_ask(struct feedback *feedback) {
  if (!feedback || feedback->judge.state == FEEDBACK_REFUSED)
    return 0;
  feedback->source->impl->ask(feedback->source, feedback->next);
  return feedback->next;
}

void feedback_handed_over(struct feedback *feedback, uint32_t count, uint64_t submitted_ns, uint64_t returned_ns) {
  if (!feedback || feedback->judge.state == FEEDBACK_REFUSED)
    return;
  if (feedback->source->impl->handed_over)
    feedback->source->impl->handed_over(feedback->source, feedback->next, count);
  feedback->pictures[feedback->next % FEEDBACK_PICTURES] = (struct handed_over){feedback->next, submitted_ns, returned_ns};
  feedback->next++;
  feedback_judge_asked(&feedback->judge);
}

/* True: of use. One of a picture that was never handed over, or too long ago, is of none. */
static bool judge_one(struct feedback *feedback, const struct feedback_stamp *stamp, uint64_t now_ns, struct feedback_news *news) {
  struct handed_over *picture = &feedback->pictures[stamp->picture % FEEDBACK_PICTURES];
  if (stamp->picture == 0 || picture->picture != stamp->picture)
    return false;
  const struct feedback_case told = {picture->submitted_ns, picture->returned_ns, stamp->told_ns,
                                     stamp->shown_ns,       stamp->refresh_ns,    now_ns};
  picture->picture = 0;
  feedback_judge_answered(&feedback->judge);
  *news = (struct feedback_news){stamp->picture, stamp->shown ? stamp->shown_ns : 0};
  return stamp->shown ? feedback_judge_stamp(&feedback->judge, &told) : feedback->judge.state == FEEDBACK_BELIEVED;
}

bool feedback_take(struct feedback *feedback, uint64_t now_ns, struct feedback_news *news) {
  struct feedback_stamp stamp;
  if (!feedback)
    return false;
  while (feedback->source->impl->next(feedback->source, &stamp))
    if (judge_one(feedback, &stamp, now_ns, news))
      return true;
  return false;
}

enum feedback_state feedback_state(const struct feedback *feedback) { return feedback ? feedback->judge.state : FEEDBACK_NONE; }

unsigned feedback_stamps(const struct feedback *feedback) { return feedback ? feedback->judge.good : 0; }

const char *feedback_name(const struct feedback *feedback) { return feedback ? feedback->source->impl->name : NULL; }

const char *feedback_reason(const struct feedback *feedback) { return feedback ? feedback->judge.reason : NULL; }
