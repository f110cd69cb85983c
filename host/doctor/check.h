/* The seam for checks: one check is one function that looks at one thing and says what it saw, how that is, and what to do about it.
 *
 * A check reads only what the context gives it and files below its root, changes nothing, and takes at most a few seconds. One thread. */
#ifndef TRANSOM_HOST_DOCTOR_CHECK_H
#define TRANSOM_HOST_DOCTOR_CHECK_H

#include "host/doctor/region_probe.h"
#include "host/vm/libvirt_connection.h"
#include "host/vm/setup_plan.h"

enum check_verdict {
  CHECK_FINE,
  CHECK_WARNING, /* works, worse than it could */
  CHECK_FAILED,  /* does not work: do what `fix` says */
  CHECK_UNKNOWN, /* cannot be found out here; `evidence` says why */
  CHECK_SKIPPED, /* says nothing about this machine or domain; not shown */
};

struct check_result {
  enum check_verdict verdict;
  char evidence[400]; /* what was seen, one line */
  char fix[400];      /* what to do, one line; "" when there is nothing to do */
};

struct check_context {
  const char *root;   /* "" = this machine */
  const char *domain; /* NULL: only the host is looked at */
  const char *uri;    /* of the libvirt that knows the domain; "" = none does */
  const char *reason; /* why none does */
  enum domain_state state;
  bool has_facts;
  struct setup_facts facts;
  struct setup_host host;
  const char *qemu_user; /* number or name; "" = the caller */
  struct region_probe region;
};

struct check {
  const char *name;  /* for JSON: snake_case */
  const char *title; /* for people */
  void (*run)(const struct check_context *context, struct check_result *result);
};

/* In the order in which a chain breaks; ends with NULL. */
extern const struct check *const doctor_checks[];

__attribute__((format(printf, 3, 4))) void check_say(struct check_result *result, enum check_verdict verdict, const char *evidence, ...);
__attribute__((format(printf, 2, 3))) void check_fix(struct check_result *result, const char *fix, ...);

const char *check_verdict_name(enum check_verdict verdict); /* "fine" */

#endif
