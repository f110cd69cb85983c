#include "common/options.h"

#include "common/ini_reader.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 64
#define FAULT_BYTES 160
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

static bool set_flag(bool *field, const char *text, char fault[FAULT_BYTES]) {
  static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};
  for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
    if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
      *field = strcmp(text, yes[i]) == 0;
      return true;
    }
  }
  snprintf(fault, FAULT_BYTES, "is true or false, not '%.40s'", text);
  return false;
}

static bool set_int(const struct option_entry *entry, int64_t *field, const char *text, char fault[FAULT_BYTES]) {
  char *end;
  errno = 0;
  const long long value = strtoll(text, &end, 10);
  if (end == text || *end || errno == ERANGE || value < entry->minimum || value > entry->maximum) {
    snprintf(fault, FAULT_BYTES, "is a number from %lld to %lld, not '%.40s'", entry->minimum, entry->maximum, text);
    return false;
  }
  *field = value;
  return true;
}

static bool set_string(const struct option_entry *entry, char *field, const char *text, char fault[FAULT_BYTES]) {
  if (strlen(text) >= entry->capacity) {
    snprintf(fault, FAULT_BYTES, "is longer than %zu bytes", entry->capacity - 1);
    return false;
  }
  memcpy(field, text, strlen(text) + 1);
  return true;
}

/* "auto|drm|test-card" */
static void join_choices(const struct option_entry *entry, char *to, size_t capacity) {
  size_t length = 0;
  to[0] = 0;
  for (int i = 0; entry->choices[i] && length < capacity; i++)
    length += (size_t)snprintf(to + length, capacity - length, "%s%s", i ? "|" : "", entry->choices[i]);
}

static bool set_choice(const struct option_entry *entry, int *field, const char *text, char fault[FAULT_BYTES]) {
  for (int i = 0; entry->choices[i]; i++) {
    if (strcmp(text, entry->choices[i]) == 0) {
      *field = i;
      return true;
    }
  }
  char names[96];
  join_choices(entry, names, sizeof names);
  snprintf(fault, FAULT_BYTES, "is one of %s, not '%.40s'", names, text);
  return false;
}

static bool set_field(const struct option_entry *entry, void *target, const char *text, char fault[FAULT_BYTES]) {
  void *field = (char *)target + entry->offset;
  switch (entry->kind) {
  case OPTION_FLAG:
    return set_flag(field, text, fault);
  case OPTION_INT:
    return set_int(entry, field, text, fault);
  case OPTION_STRING:
    return set_string(entry, field, text, fault);
  case OPTION_CHOICE:
    return set_choice(entry, field, text, fault);
  }
  return false;
}

/* ---- help ---- */

static void print_entry(const struct option_entry *entry) {
  char choices[96], left[160];
  const char *argument = entry->argument;
  if (!argument && entry->kind == OPTION_CHOICE) {
    join_choices(entry, choices, sizeof choices);
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

/* What to call ourselves: the program and its verb, which are the usage's first words in small letters. */
static int name_length(const struct option_table *table) {
  const char *end = table->usage;
  for (const char *word = end; *word >= 'a' && *word <= 'z'; word = end + (*end == ' '))
    end = word + strspn(word, "abcdefghijklmnopqrstuvwxyz-");
  while (end > table->usage && end[-1] == ' ')
    end--;
  return (int)(end - table->usage);
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
  char name[64], fault[FAULT_BYTES];
  if (set_field(entry, target, optarg, fault))
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

/* ---- config file ---- */

struct ini_load {
  const struct option_table *table;
  const char *section;
  void *target;
  FILE *file;
  int line;       /* of the line read last: the INI reader does not say it to the handler */
  int fault_line; /* first fault of ours; 0 = none */
  char fault[FAULT_BYTES + 64];
};

static void note_fault(struct ini_load *load, const char *name, const char *why) {
  if (load->fault_line)
    return;
  load->fault_line = load->line;
  snprintf(load->fault, sizeof load->fault, "%.40s %s", name, why);
}

static char *read_line(char *to, int capacity, void *stream) {
  struct ini_load *load = stream;
  char *line = fgets(to, capacity, load->file);
  if (!line)
    return NULL;
  load->line++;
  if ((int)strlen(line) == capacity - 1 && line[capacity - 2] != '\n')
    note_fault(load, "this line", "is too long");
  return line;
}

/* A [domain.NAME] section serves the tables of all verbs, so it may hold keys that are not in this one. */
static bool may_hold_others(const char *section) { return strncmp(section, "domain.", 7) == 0; }

static int take_key(void *user, const char *section, const char *name, const char *value) {
  struct ini_load *load = user;
  if (strcmp(section, load->section) != 0)
    return 1;
  for (const struct option_entry *entry = load->table->entries; entry->name; entry++) {
    if (strcmp(entry->name, name) != 0)
      continue;
    char fault[FAULT_BYTES];
    if (set_field(entry, load->target, value, fault))
      return 1;
    note_fault(load, name, fault);
    return 0;
  }
  if (may_hold_others(section))
    return 1;
  note_fault(load, name, "is no key of this section");
  return 0;
}

bool options_load_file(const struct option_table *table, const char *path, const char *section, void *target, char *error,
                       size_t capacity) {
  struct ini_load load = {.table = table, .section = section, .target = target, .file = ini_reader_open(path)};
  if (!load.file) {
    if (errno == ENOENT)
      return true;
    snprintf(error, capacity, "%s: cannot be read: %s", path, strerror(errno));
    return false;
  }
  const int first = ini_reader_parse(read_line, &load, take_key, &load);
  fclose(load.file);
  if (first == 0 && load.fault_line == 0)
    return true;
  if (load.fault_line && (first <= 0 || load.fault_line <= first))
    snprintf(error, capacity, "%s:%d: %s", path, load.fault_line, load.fault);
  else
    snprintf(error, capacity, "%s:%d: is neither [section], key = value nor a comment", path, first);
  return false;
}
