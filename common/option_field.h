/* One option's text into its field: what command line and config file share. Private to common/options*.c. */
#ifndef TRANSOM_COMMON_OPTION_FIELD_H
#define TRANSOM_COMMON_OPTION_FIELD_H

#include "common/options.h"

#define OPTION_FAULT_BYTES 160

/* False: `fault` says what the option is instead, "is a number from 1 to 9, not 'x'". */
bool option_field_set(const struct option_entry *entry, void *target, const char *text, char fault[OPTION_FAULT_BYTES]);

/* "auto|drm|test-card" */
void option_field_choices(const struct option_entry *entry, char *to, size_t capacity);

#endif
