/* When a picture was really shown, as far as the window system tells and is to be believed: a source, its judge, and the pictures of which
 * nothing was told yet.
 *
 * Threads: created and destroyed on the window's, the rest on the presenting thread, one at a time. Data plane but for create and destroy:
 * no call waits, allocates or logs (a source's library may). Every call takes NULL for "nobody tells". */
#ifndef TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_H
#define TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_H

#include "host/present/feedback/feedback_judge.h"
#include "host/present/feedback/feedback_source.h"

#define FEEDBACK_PICTURES 32u /* handed over and not told of; a display holds two or three */

struct feedback;

/* What was told of one picture. */
struct feedback_news {
  uint64_t picture;
  uint64_t shown_ns; /* CLOCK_MONOTONIC_RAW; 0 = it was never shown */
};

/* Takes the source over. NULL: out of memory, and the source is destroyed; or there is no source. */
struct feedback *feedback_create(struct feedback_source *source);
void feedback_destroy(struct feedback *feedback);

/* Before a picture is handed over, and again for the same one if it was not: its number, from 1. 0 for NULL, or when nobody is believed any
 * more. */
uint64_t feedback_ask(struct feedback *feedback);
/* It was. `count`: struct presenter_impl, pictures(); 0 = the presenter does not count. */
void feedback_handed_over(struct feedback *feedback, uint32_t count, uint64_t submitted_ns, uint64_t returned_ns);

/* The next news that may be used. False: no more now. */
bool feedback_take(struct feedback *feedback, uint64_t now_ns, struct feedback_news *news);

/* Whether to wait for what is told: BELIEVED. FEEDBACK_NONE for NULL. */
enum feedback_state feedback_state(const struct feedback *feedback);
unsigned feedback_stamps(const struct feedback *feedback);    /* good ones of the test so far */
const char *feedback_name(const struct feedback *feedback);   /* of the source; NULL = none */
const char *feedback_reason(const struct feedback *feedback); /* why it is refused; NULL = it is not */

#endif
