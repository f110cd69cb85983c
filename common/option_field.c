#include "common/option_field.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool set_flag(bool *field, const char *text, char fault[OPTION_FAULT_BYTES]) {
  static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};
  for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
    if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
      *field = strcmp(text, yes[i]) == 0;
      return true;
    }
  }
  snprintf(fault, OPTION_FAULT_BYTES, "is true or false, not '%.40s'", text);
  return false;
}

static bool set_int(const struct option_entry *entry, int64_t *field, const char *text, char fault[OPTION_FAULT_BYTES]) {
  char *end;
  errno = 0;
  const long long value = strtoll(text, &end, 10);
  if (end == text || *end || errno == ERANGE || value < entry->minimum || value > entry->maximum) {
    snprintf(fault, OPTION_FAULT_BYTES, "is a number from %lld to %lld, not '%.40s'", entry->minimum, entry->maximum, text);
    return false;
  }
  *field = value;
  return true;
}

static bool set_string(const struct option_entry *entry, char *field, const char *text, char fault[OPTION_FAULT_BYTES]) {
  if (strlen(text) >= entry->capacity) {
    snprintf(fault, OPTION_FAULT_BYTES, "is longer than %zu bytes", entry->capacity - 1);
    return false;
  }
  memcpy(field, text, strlen(text) + 1);
  return true;
}

void option_field_choices(const struct option_entry *entry, char *to, size_t capacity) {
  size_t length = 0;
  to[0] = 0;
  for (int i = 0; entry->choices[i] && length < capacity; i++)
    length += (size_t)snprintf(to + length, capacity - length, "%s%s", i ? "|" : "", entry->choices[i]);
}

static bool set_choice(const struct option_entry *entry, int *field, const char *text, char fault[OPTION_FAULT_BYTES]) {
  for (int i = 0; entry->choices[i]; i++) {
    if (strcmp(text, entry->choices[i]) == 0) {
      *field = i;
      return true;
    }
  }
  char names[96];
  option_field_choices(entry, names, sizeof names);
  snprintf(fault, OPTION_FAULT_BYTES, "is one of %s, not '%.40s'", names, text);
  return false;
}

bool option_field_set(const struct option_entry *entry, void *target, const char *text, char fault[OPTION_FAULT_BYTES]) {
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
