/* What selftest found, a line each: PASS, FAIL or SKIP, the subject, and figures or the reason; then the same as JSON, for the people who
 * read it elsewhere. Control plane. */
#ifndef TRANSOM_GUEST_WINDOWS_SELFTEST_REPORT_H
#define TRANSOM_GUEST_WINDOWS_SELFTEST_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#define SELFTEST_RESULTS_MAX 48u

enum selftest_verdict { SELFTEST_PASS, SELFTEST_FAIL, SELFTEST_SKIP };

struct selftest_result {
  enum selftest_verdict verdict;
  char subject[72];
  char detail[224];
};

struct selftest_report {
  bool json; /* lines at once, or JSON at the end */
  uint32_t count;
  struct selftest_result results[SELFTEST_RESULTS_MAX];
};

#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
void selftest_report_add(struct selftest_report *report, enum selftest_verdict verdict, const char *subject, const char *format, ...);

/* True when the newest result of `subject` is a pass. */
bool selftest_report_passed(const struct selftest_report *report, const char *subject);

void selftest_report_end(const struct selftest_report *report, bool good);

#endif
