/* Puts a planned text in its place with a backup, and takes it back. A failure on the way leaves the definition as it was; `error` says
 * what failed, on what. One thread; blocks. */
#ifndef TRANSOM_HOST_VM_SETUP_APPLY_H
#define TRANSOM_HOST_VM_SETUP_APPLY_H

#include "host/vm/setup_backup.h"
#include "host/vm/setup_source.h"

/* First the backup, then the definition, then what it became: in that order, so that there is always a way back. A backup that is there
 * already stays the way back of the first set-up; what the user changed since goes into it. */
bool setup_apply(struct setup_source *source, const struct setup_backup *backup, const char *current, const char *text, char *error,
                 size_t capacity);

struct setup_undo {
  char *text;          /* what the definition will be; heap */
  bool changed_since;  /* the user edited it after set-up: only our changes are taken back */
  unsigned not_undone; /* of these, how many could not be found any more */
};

/* False: there is no backup, or nothing of ours is left; `error`. */
bool setup_undo_plan(const struct setup_backup *backup, const char *current, struct setup_undo *undo, char *error, size_t capacity);
bool setup_undo_apply(struct setup_source *source, const struct setup_backup *backup, const struct setup_undo *undo, char *error,
                      size_t capacity);

#endif
