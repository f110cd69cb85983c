#include "host/vm/text_edit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void text_edits_add(struct text_edits *edits, size_t offset, size_t removed, char *inserted) {
  if (!inserted || edits->count == TEXT_EDITS_MAX) {
    free(inserted);
    edits->failed = true;
    return;
  }
  size_t at = edits->count;
  while (at > 0 && edits->items[at - 1].offset > offset)
    at--;
  memmove(&edits->items[at + 1], &edits->items[at], (edits->count - at) * sizeof edits->items[0]);
  edits->items[at] = (struct text_edit){.offset = offset, .removed = removed, .inserted = inserted};
  edits->count++;
}

void text_edits_finish(struct text_edits *edits) {
  for (size_t i = 0; i < edits->count; i++)
    free(edits->items[i].inserted);
  edits->count = 0;
}

static bool measure(const struct text_edits *edits, size_t length, size_t *new_length) {
  size_t end = 0;
  *new_length = length;
  for (size_t i = 0; i < edits->count; i++) {
    const struct text_edit *edit = &edits->items[i];
    if (edit->offset < end || edit->offset > length || edit->removed > length - edit->offset)
      return false;
    end = edit->offset + edit->removed;
    *new_length += strlen(edit->inserted);
    *new_length -= edit->removed;
  }
  return true;
}

char *text_edits_apply(const struct text_edits *edits, const char *text, size_t length, size_t *new_length) {
  size_t total, from = 0, to = 0;
  if (edits->failed || !measure(edits, length, &total))
    return NULL;
  char *result = malloc(total + 1);
  if (!result)
    return NULL;
  for (size_t i = 0; i < edits->count; i++) {
    const struct text_edit *edit = &edits->items[i];
    size_t inserted = strlen(edit->inserted);
    memcpy(result + to, text + from, edit->offset - from);
    to += edit->offset - from;
    memcpy(result + to, edit->inserted, inserted);
    to += inserted;
    from = edit->offset + edit->removed;
  }
  memcpy(result + to, text + from, length - from);
  assert(to + length - from == total);
  result[total] = 0;
  *new_length = total;
  return result;
}
