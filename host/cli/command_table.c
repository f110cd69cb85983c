#include "host/cli/command.h"

#include <string.h>

#define NAME_BYTES_MAX 24u
#define NEAR_EDITS_MAX 3u /* more typing errors than this is another word */

const struct command *const command_table[] = {
    &command_doctor, &command_input, &command_latency, &command_list, &command_record, &command_replay, &command_selftest,
    &command_serve,  &command_setup, &command_view,    NULL,
};

const struct command *command_find(const char *name) {
  for (size_t i = 0; command_table[i]; i++)
    if (strcmp(command_table[i]->name, name) == 0)
      return command_table[i];
  return NULL;
}

static unsigned least(unsigned a, unsigned b, unsigned c) { return a < b ? (a < c ? a : c) : (b < c ? b : c); }

/* Levenshtein's distance: insertions, deletions and replacements that make one word the other. */
static unsigned edits(const char *one, const char *other) {
  unsigned row[NAME_BYTES_MAX + 1];
  size_t length = strlen(other);
  for (size_t j = 0; j <= length; j++)
    row[j] = (unsigned)j;
  for (size_t i = 1; one[i - 1]; i++) {
    unsigned diagonal = row[0];
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= length; j++) {
      unsigned above = row[j];
      row[j] = least(above + 1, row[j - 1] + 1, diagonal + (one[i - 1] != other[j - 1]));
      diagonal = above;
    }
  }
  return row[length];
}

const struct command *command_nearest(const char *name) {
  const struct command *best = NULL;
  unsigned best_edits = NEAR_EDITS_MAX + 1;
  for (size_t i = 0; command_table[i] && strlen(name) <= NAME_BYTES_MAX; i++) {
    unsigned distance = edits(name, command_table[i]->name);
    if (distance < best_edits && distance < strlen(command_table[i]->name)) {
      best = command_table[i];
      best_edits = distance;
    }
  }
  return best;
}
