/* Edits of a text by byte offsets: what lies outside of them stays as it is, byte for byte. Pure; one thread at a time. */
#ifndef TRANSOM_HOST_VM_TEXT_EDIT_H
#define TRANSOM_HOST_VM_TEXT_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#define TEXT_EDITS_MAX 128u

struct text_edit {
  size_t offset, removed;
  char *inserted; /* heap */
};

/* Sorted by offset; edits at the same place keep their order. */
struct text_edits {
  struct text_edit items[TEXT_EDITS_MAX];
  size_t count;
  bool failed; /* out of memory, too many, or two that overlap */
};

/* Takes over `inserted` (heap; NULL counts as a failure). */
void text_edits_add(struct text_edits *edits, size_t offset, size_t removed, char *inserted);
void text_edits_finish(struct text_edits *edits);

/* A new text on the heap, ending with 0; NULL when an edit failed. */
char *text_edits_apply(const struct text_edits *edits, const char *text, size_t length, size_t *new_length);

#endif
