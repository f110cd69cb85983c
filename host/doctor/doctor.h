/* Runs the checks. One thread; blocks for libvirt and the region, a few seconds in all. */
#ifndef TRANSOM_HOST_DOCTOR_DOCTOR_H
#define TRANSOM_HOST_DOCTOR_DOCTOR_H

#include "host/doctor/check.h"

#define DOCTOR_CHECKS_MAX 48u

struct doctor_entry {
  const struct check *check;
  struct check_result result;
};

struct doctor_report {
  struct doctor_entry entries[DOCTOR_CHECKS_MAX]; /* without those that were skipped */
  unsigned count;
  bool ok; /* none failed */
};

void doctor_run(const struct check_context *context, struct doctor_report *report);

#endif
