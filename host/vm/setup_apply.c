#include "host/vm/setup_apply.h"

#include "host/vm/text_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an undo leads to from `current`: the first set-up's original with the user's later changes. Heap. */
static char *original_of(const struct setup_backup *backup, const char *current, bool *had_backup, char *error, size_t capacity) {
  bool missing = false;
  char *before = setup_backup_read(backup->before, had_backup, error, capacity);
  *had_backup = !*had_backup;
  if (!before)
    return *had_backup ? NULL : strdup(current);
  char *after = setup_backup_read(backup->after, &missing, error, capacity), *original = NULL;
  unsigned missed;
  if (after && strcmp(after, current) != 0)
    original = text_diff_take_back(before, after, current, &missed);
  free(after);
  if (!original)
    return before;
  free(before);
  return original;
}

static bool replace(struct setup_source *source, const struct setup_backup *backup, const char *current, const char *text, char *error,
                    size_t capacity) {
  char reason[256];
  if (!source->impl->write(source, text, error, capacity))
    return false;
  char *now = source->impl->read(source, error, capacity);
  bool recorded = now && setup_text_write(backup->after, now, NULL, error, capacity);
  free(now);
  if (!recorded && !source->impl->write(source, current, reason, sizeof reason)) {
    size_t used = strlen(error);
    snprintf(error + used, capacity - used, "; and it could not be put back: %s; the original is %s", reason, backup->before);
  }
  return recorded;
}

bool setup_apply(struct setup_source *source, const struct setup_backup *backup, const char *current, const char *text, char *error,
                 size_t capacity) {
  bool had_backup;
  if (!source->impl->accepts(source, text, error, capacity)) {
    char ignored[LIBVIRT_ERROR_BYTES];
    if (source->impl->accepts(source, current, ignored, sizeof ignored)) /* then it is our doing */
      return false;
  }
  char *original = original_of(backup, current, &had_backup, error, capacity);
  if (!original)
    return false;
  bool fine = setup_text_write(backup->before, original, NULL, error, capacity);
  free(original);
  if (fine && replace(source, backup, current, text, error, capacity))
    return true;
  if (!had_backup)
    setup_backup_remove(backup);
  return false;
}

bool setup_undo_plan(const struct setup_backup *backup, const char *current, struct setup_undo *undo, char *error, size_t capacity) {
  bool missing;
  *undo = (struct setup_undo){0};
  char *before = setup_backup_read(backup->before, &missing, error, capacity);
  if (!before) {
    if (missing)
      snprintf(error, capacity, "there is nothing to undo: no backup in %s", backup->before);
    return false;
  }
  char *after = setup_backup_read(backup->after, &missing, error, capacity);
  undo->changed_since = after && strcmp(after, current) != 0;
  if (undo->changed_since) {
    undo->text = text_diff_take_back(before, after, current, &undo->not_undone);
    free(before);
    if (!undo->text)
      snprintf(error, capacity, "the definition has changed so much since setup that nothing of it can be recognised; the original is %s",
               backup->before);
  } else if (after)
    undo->text = before;
  else
    free(before);
  free(after);
  return undo->text != NULL;
}

bool setup_undo_apply(struct setup_source *source, const struct setup_backup *backup, const struct setup_undo *undo, char *error,
                      size_t capacity) {
  if (!source->impl->write(source, undo->text, error, capacity))
    return false;
  setup_backup_remove(backup);
  return true;
}
