/* A presenter into ordinary memory, for tests, benchmarks and screenshots without a display. Any one thread at a time. */
#ifndef TRANSOM_HOST_PRESENT_HEADLESS_PRESENTER_HEADLESS_H
#define TRANSOM_HOST_PRESENT_HEADLESS_PRESENTER_HEADLESS_H

#include "host/present/presenter.h"

struct presenter *presenter_headless_create(void); /* NULL: out of memory */

/* What was asked for last, for tests. */
const struct presenter_status *presenter_headless_status(const struct presenter *presenter);
uint64_t presenter_headless_presents(const struct presenter *presenter);

#endif
