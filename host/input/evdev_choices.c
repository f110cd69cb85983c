#include "host/input/evdev_choices.h"

#include <string.h>

bool evdev_choices_split(char *text, const char *choices[EVDEV_CHOICES_MAX], size_t *count) {
  size_t found = 0;
  char *rest = text, *word;
  while ((word = strsep(&rest, ","))) {
    if (!*word)
      continue;
    if (found == EVDEV_CHOICES_MAX)
      return false;
    choices[found++] = word;
  }
  *count = found;
  return true;
}
