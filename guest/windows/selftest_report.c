#include "guest/windows/selftest_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *name_of(enum selftest_verdict verdict) {
  static const char *const names[] = {"PASS", "FAIL", "SKIP"};
  return names[verdict];
}

void selftest_report_add(struct selftest_report *report, enum selftest_verdict verdict, const char *subject, const char *format, ...) {
  va_list arguments;
  if (report->count == SELFTEST_RESULTS_MAX)
    return;
  struct selftest_result *result = &report->results[report->count++];
  result->verdict = verdict;
  snprintf(result->subject, sizeof result->subject, "%s", subject);
  va_start(arguments, format);
  vsnprintf(result->detail, sizeof result->detail, format, arguments);
  va_end(arguments);
  if (report->json)
    return;
  printf("%s  %-28s  %s\n", name_of(verdict), result->subject, result->detail);
  fflush(stdout);
}

bool selftest_report_passed(const struct selftest_report *report, const char *subject) {
  for (uint32_t i = report->count; i-- > 0;) {
    if (strcmp(report->results[i].subject, subject) == 0)
      return report->results[i].verdict == SELFTEST_PASS;
  }
  return false;
}

/* Names of devices and users come from elsewhere: everything that JSON would mind is replaced. */
static void print_string(const char *text) {
  putchar('"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      putchar('\\');
    putchar((unsigned char)*text < ' ' ? '?' : *text);
  }
  putchar('"');
}

void selftest_report_end(const struct selftest_report *report, bool good) {
  if (!report->json) {
    printf("%s\n", good ? "the agent works here" : "the agent does not work here: see the first FAIL");
    return;
  }
  printf("{\"schema\": 1, \"agent\": \"%s\", \"ok\": %s, \"results\": [", TRANSOM_VERSION, good ? "true" : "false");
  for (uint32_t i = 0; i < report->count; i++) {
    printf("%s\n  {\"result\": \"%s\", \"subject\": ", i ? "," : "", name_of(report->results[i].verdict));
    print_string(report->results[i].subject);
    printf(", \"detail\": ");
    print_string(report->results[i].detail);
    printf("}");
  }
  printf("\n]}\n");
}
