/* Lines that differ between two texts, as people read them (unified), and taken back from a text that has changed since. Pure. */
#ifndef TRANSOM_HOST_VM_TEXT_DIFF_H
#define TRANSOM_HOST_VM_TEXT_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#define TEXT_DIFF_LINES_MAX 65536u /* of a text; beyond it nothing is compared */

/* Prints nothing for equal texts. Heap; NULL when out of memory or a text has too many lines. Passwords are replaced by stars. */
char *text_diff_unified(const char *old_text, const char *new_text, const char *old_name, const char *new_name);

/* `current` with the changes old->new taken back: where `current` still has what the new text brought, in one place only. Heap; NULL: it
 * does not apply, or out of memory. `missed` counts the changes that were not found; they are left. */
char *text_diff_take_back(const char *old_text, const char *new_text, const char *current, unsigned *missed);

#endif
