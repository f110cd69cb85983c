/* The report of `transom selftest` as JSON (schema 1). */
#ifndef TRANSOM_HOST_CLI_SELFTEST_JSON_H
#define TRANSOM_HOST_CLI_SELFTEST_JSON_H

#include "host/app/selftest.h"

bool selftest_json_print(const struct selftest_report *report); /* on stdout; false: out of memory or not written */

#endif
