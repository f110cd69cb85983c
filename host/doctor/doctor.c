#include "host/doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>

const char *check_verdict_name(enum check_verdict verdict) {
  static const char *const names[] = {"fine", "warning", "failed", "unknown", "skipped"};
  return names[verdict];
}

void check_say(struct check_result *result, enum check_verdict verdict, const char *evidence, ...) {
  va_list arguments;
  va_start(arguments, evidence);
  vsnprintf(result->evidence, sizeof result->evidence, evidence, arguments);
  va_end(arguments);
  result->verdict = verdict;
}

void check_fix(struct check_result *result, const char *fix, ...) {
  va_list arguments;
  va_start(arguments, fix);
  vsnprintf(result->fix, sizeof result->fix, fix, arguments);
  va_end(arguments);
}

void doctor_run(const struct check_context *context, struct doctor_report *report) {
  *report = (struct doctor_report){.ok = true};
  for (unsigned i = 0; doctor_checks[i] && report->count < DOCTOR_CHECKS_MAX; i++) {
    struct doctor_entry entry = {.check = doctor_checks[i], .result = {.verdict = CHECK_SKIPPED}};
    entry.check->run(context, &entry.result);
    if (entry.result.verdict == CHECK_SKIPPED)
      continue;
    report->ok &= entry.result.verdict != CHECK_FAILED;
    report->entries[report->count++] = entry;
  }
}
