/* What `transom setup` prints. */
#ifndef TRANSOM_HOST_CLI_SETUP_REPORT_H
#define TRANSOM_HOST_CLI_SETUP_REPORT_H

#include "host/vm/setup_apply.h"
#include "host/vm/setup_plan.h"
#include "host/vm/setup_system.h"

void setup_report_plan(const struct setup_plan *plan, const char *current, const char *name);
void setup_report_system(const struct setup_system *system, uint64_t region_bytes);
void setup_report_undo(const struct setup_undo *undo, const char *current, const char *name);

#endif
