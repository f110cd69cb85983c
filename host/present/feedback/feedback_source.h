/* The seam for window systems that tell when they have shown a picture. One instance a window; the presenting thread; nothing waits.
 *
 * A source reports what it is told and judges nothing: see feedback_judge.h. */
#ifndef TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_SOURCE_H
#define TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct feedback_source;

struct feedback_stamp {
  uint64_t picture;    /* the number that ask() was given */
  bool shown;          /* false: replaced before it was shown, and the rest means nothing */
  uint64_t told_ns;    /* when it was shown, on the source's own clock */
  uint64_t shown_ns;   /* the same on CLOCK_MONOTONIC_RAW; 0 = that clock cannot be read here */
  uint64_t refresh_ns; /* of the display; 0 = not told */
};

struct feedback_source_impl {
  const char *name; /* of the protocol: "wp_presentation" */

  /* The next picture that is handed over has this number. Asked again for the same one when it was not handed over: no second question. */
  void (*ask)(struct feedback_source *source, uint64_t picture);

  /* Optional. It was, as number `count` since the presenter's images were made anew; 0 = the presenter does not count. */
  void (*handed_over)(struct feedback_source *source, uint64_t picture, uint32_t count);

  /* What has come meanwhile, one by one. False: nothing more. */
  bool (*next)(struct feedback_source *source, struct feedback_stamp *stamp);

  void (*destroy)(struct feedback_source *source); /* before its window */
};

struct feedback_source {
  const struct feedback_source_impl *impl;
  uint64_t resolution_ns; /* of its clock; 0 = not known */
};

#endif
