#include "common/options.h"

#include "common/option_field.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 64
#define HELP_COLUMN 30

/* getopt_long() returns these for entry i: FLAG_ON + i sets it, FLAG_OFF + i clears it. Above every letter. */
enum { FLAG_ON = 0x1000, FLAG_OFF = 0x2000, HELP = 0x3000 };

static int entry_count(const struct option_table *table) {
  int count = 0;
  while (table->entries[count].name)
    count++;
  assert(count <= ENTRIES_MAX);
  return count;
}

/* ---- help ---- */

static void print_entry(const struct option_entry *entry) {
  char choices[96], left[160];
  const char *argument = entry->argument;
  if (!argument && entry->kind == OPTION_CHOICE) {
    option_field_choices(entry, choices, sizeof choices);
    argument = choices;
  }
  const char dash = entry->letter ? '-' : ' ', letter = entry->letter ? entry->letter : ' ', comma = entry->letter ? ',' : ' ';
  snprintf(left, sizeof left, "  %c%c%c --%s%s%s%s", dash, letter, comma, entry->kind == OPTION_FLAG ? "[no-]" : "", entry->name,
           argument ? " " : "", argument ? argument : "");
  if (strlen(left) < HELP_COLUMN)
    printf("%-*s%s\n", HELP_COLUMN, left, entry->help);
  else
    printf("%s\n%*s%s\n", left, HELP_COLUMN, "", entry->help);
}

static void print_help(const struct option_table *table) {
  printf("usage: %s\n%s\n\n", table->usage, table->summary);
  for (const struct option_entry *entry = table->entries; entry->name; entry++)
    print_entry(entry);
  printf("%-*s%s\n", HELP_COLUMN, "  -h, --help", "show this help");
  if (table->epilog)
    printf("\n%s\n", table->epilog);
}

/* ---- command line ---- */

/* What to call ourselves: the words of the usage before the first argument. */
static int name_length(const struct option_table *table) {
  int length = (int)strcspn(table->usage, "[<-");
  while (length > 0 && table->usage[length - 1] == ' ')
    length--;
  return length;
}

static enum options_result fault_line(const struct option_table *table, const char *what, const char *why) {
  fprintf(stderr, "%.*s: %s %s; try --help\n", name_length(table), table->usage, what, why);
  return OPTIONS_ERROR;
}

struct long_names {
  struct option options[2 * ENTRIES_MAX + 2];
  char negated[ENTRIES_MAX][48];
  char letters[2 * ENTRIES_MAX + 4];
};

static void build_names(const struct option_table *table, struct long_names *names) {
  memset(names, 0, sizeof *names);
  size_t used = 0, letters = 0;
  names->letters[letters++] = '-'; /* words that are not options come in order, as the argument of option 1 */
  names->letters[letters++] = ':'; /* a missing argument is told apart from an unknown option */
  for (int i = 0; i < entry_count(table); i++) {
    const struct option_entry *entry = &table->entries[i];
    const int has_argument = entry->kind == OPTION_FLAG ? no_argument : required_argument;
    names->options[used++] = (struct option){entry->name, has_argument, NULL, FLAG_ON + i};
    if (entry->kind == OPTION_FLAG) {
      snprintf(names->negated[i], sizeof names->negated[i], "no-%s", entry->name);
      names->options[used++] = (struct option){names->negated[i], no_argument, NULL, FLAG_OFF + i};
    }
    if (entry->letter) {
      names->letters[letters++] = entry->letter;
      if (has_argument == required_argument)
        names->letters[letters++] = ':';
    }
  }
  names->options[used] = (struct option){"help", no_argument, NULL, HELP};
  names->letters[letters] = 'h';
}

static const struct option_entry *find_letter(const struct option_table *table, int letter) {
  for (const struct option_entry *entry = table->entries; entry->name; entry++) {
    if (entry->letter == letter)
      return entry;
  }
  return NULL;
}

static enum options_result apply(const struct option_table *table, int code, void *target) {
  const struct option_entry *entry = code >= FLAG_OFF  ? &table->entries[code - FLAG_OFF]
                                     : code >= FLAG_ON ? &table->entries[code - FLAG_ON]
                                                       : find_letter(table, code);
  assert(entry);
  if (entry->kind == OPTION_FLAG) {
    *(bool *)((char *)target + entry->offset) = code < FLAG_OFF;
    return OPTIONS_OK;
  }
  char name[64], fault[OPTION_FAULT_BYTES];
  if (option_field_set(entry, target, optarg, fault))
    return OPTIONS_OK;
  snprintf(name, sizeof name, "--%s", entry->name);
  return fault_line(table, name, fault);
}

struct positionals {
  const char **words;
  int maximum, count;
};

static enum options_result take_word(const struct option_table *table, struct positionals *found, const char *word) {
  if (found->count >= found->maximum)
    return fault_line(table, word, "is one argument too many");
  found->words[found->count++] = word;
  return OPTIONS_OK;
}

static enum options_result take(const struct option_table *table, int code, char **argv, void *target, struct positionals *found) {
  switch (code) {
  case 1:
    return take_word(table, found, optarg);
  case '?':
    return fault_line(table, argv[optind - 1], "is no option here");
  case ':':
    return fault_line(table, argv[optind - 1], "needs an argument");
  case 'h':
  case HELP:
    print_help(table);
    return OPTIONS_HELP;
  default:
    return apply(table, code, target);
  }
}

enum options_result options_parse(const struct option_table *table, int argc, char **argv, void *target, const char **positional,
                                  int positional_max, int *positional_count) {
  struct long_names names;
  build_names(table, &names);
  struct positionals found = {positional, positional_max, 0};
  optind = 0; /* GNU: start over, whatever was parsed before */
  opterr = 0;
  int code;
  while ((code = getopt_long(argc, argv, names.letters, names.options, NULL)) != -1) {
    const enum options_result result = take(table, code, argv, target, &found);
    if (result != OPTIONS_OK)
      return result;
  }
  while (optind < argc) { /* what stands after "--" */
    if (take_word(table, &found, argv[optind++]) != OPTIONS_OK)
      return OPTIONS_ERROR;
  }
  if (positional_count)
    *positional_count = found.count;
  return OPTIONS_OK;
}
