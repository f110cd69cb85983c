/* The doctor's report as JSON: {"schema": 1, "domain", "ok", "checks": [{"name", "verdict", "evidence", "fix"}]}. */
#ifndef TRANSOM_HOST_CLI_DOCTOR_JSON_H
#define TRANSOM_HOST_CLI_DOCTOR_JSON_H

#include "host/doctor/doctor.h"

/* Heap; NULL = out of memory. `domain` may be NULL. */
char *doctor_json(const struct doctor_report *report, const char *domain);

#endif
