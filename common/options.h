/* Command line and INI file into a typed struct, by one declarative table. Control plane, start of the program.
 *
 * A table entry binds a long option (and its config key, which is the same word) to a field. Later sources win: built-in defaults,
 * then the config file's section, then [domain.NAME], then the command line. */
#ifndef TRANSOM_COMMON_OPTIONS_H
#define TRANSOM_COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
  OPTION_FLAG,   /* bool; --name and --no-name; config: true/false */
  OPTION_INT,    /* int64_t within [minimum, maximum] */
  OPTION_STRING, /* char[capacity], copied; too long is an error */
  OPTION_CHOICE, /* int: index into `choices`, which ends with NULL */
};

struct option_entry {
  const char *name;
  char letter; /* short form, or 0 */
  enum option_kind kind;
  size_t offset;              /* of the field in the struct */
  size_t capacity;            /* OPTION_STRING */
  long long minimum, maximum; /* OPTION_INT */
  const char *const *choices; /* OPTION_CHOICE */
  const char *argument;       /* shown in --help: "FILE"; NULL for flags */
  const char *help;           /* one line */
};

struct option_table {
  const char *usage;                  /* "transom view [DOMAIN] [OPTION...]" */
  const char *summary;                /* one sentence */
  const struct option_entry *entries; /* ends with a NULL name; --help is added by itself */
  const char *epilog;                 /* printed after the options, or NULL */
};

enum options_result { OPTIONS_OK, OPTIONS_HELP, OPTIONS_ERROR };

/* Parses argv[1..]. Words that are not options are collected in order: at most `positional_max`, more is an error. OPTIONS_HELP: the help
 * was printed on stdout, exit 0. OPTIONS_ERROR: one line with the fault and "try --help" was printed on stderr, exit 2. */
enum options_result options_parse(const struct option_table *table, int argc, char **argv, void *target, const char **positional,
                                  int positional_max, int *positional_count);

/* Applies `section` of an INI file. A file that does not exist is fine. False: one line `file:line: what` was written to
 * `error` (capacity bytes). */
bool options_load_file(const struct option_table *table, const char *path, const char *section, void *target, char *error, size_t capacity);

#endif
