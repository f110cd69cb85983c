/* The config file, by libinih. */
#include "common/option_field.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

struct ini_load {
  const struct option_table *table;
  const char *section;
  void *target;
  FILE *file;
  int line;       /* of the line read last: libinih does not say it to the handler */
  int fault_line; /* first fault of ours; 0 = none */
  char fault[OPTION_FAULT_BYTES + 64];
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
    char fault[OPTION_FAULT_BYTES];
    if (option_field_set(entry, load->target, value, fault))
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
  struct ini_load load = {.table = table, .section = section, .target = target, .file = fopen(path, "re")};
  if (!load.file) {
    if (errno == ENOENT)
      return true;
    snprintf(error, capacity, "%s: cannot be read: %s", path, strerror(errno));
    return false;
  }
  const int first = ini_parse_stream(read_line, &load, take_key, &load);
  fclose(load.file);
  if (first == 0 && load.fault_line == 0)
    return true;
  if (load.fault_line && (first <= 0 || load.fault_line <= first))
    snprintf(error, capacity, "%s:%d: %s", path, load.fault_line, load.fault);
  else
    snprintf(error, capacity, "%s:%d: is neither [section], key = value nor a comment", path, first);
  return false;
}
