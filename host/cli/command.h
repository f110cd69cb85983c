/* The seam for verbs: `transom VERB ...`, one file a verb. */
#ifndef TRANSOM_HOST_CLI_COMMAND_H
#define TRANSOM_HOST_CLI_COMMAND_H

#include <stddef.h>

struct command {
  const char *name;
  const char *summary;               /* one line for `transom --help` */
  int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit status */
};

extern const struct command command_doctor;
extern const struct command command_input;
extern const struct command command_latency;
extern const struct command command_list;
extern const struct command command_record;
extern const struct command command_replay;
extern const struct command command_selftest;
extern const struct command command_serve;
extern const struct command command_setup;
extern const struct command command_view;

/* All verbs, by the alphabet; ends with NULL. */
extern const struct command *const command_table[];

const struct command *command_find(const char *name); /* NULL: no such verb */

/* The verb that looks most like `name`; NULL when none does. */
const struct command *command_nearest(const char *name);

#endif
