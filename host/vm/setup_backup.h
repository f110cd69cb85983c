/* The definition before and after a set-up, kept so that it can be undone. Files of mode 0600, for definitions hold passwords. Each is
 * written aside, synchronised and renamed: a full disk leaves what was there. Control plane. */
#ifndef TRANSOM_HOST_VM_SETUP_BACKUP_H
#define TRANSOM_HOST_VM_SETUP_BACKUP_H

#include <stdbool.h>
#include <stddef.h>

#define SETUP_BACKUP_PATH_BYTES 512u

struct setup_backup {
  char before[SETUP_BACKUP_PATH_BYTES]; /* the definition as the user had it */
  char after[SETUP_BACKUP_PATH_BYTES];  /* as libvirt printed it when setup was done */
};

/* Of a domain: below /var/lib/transom/setup where that may be written (`root` in front of it), else below the user's state directory, which
 * is made. False: `error`. */
bool setup_backup_init_domain(struct setup_backup *backup, const char *root, const char *uuid, char *error, size_t capacity);
/* Of a file: beside it. */
bool setup_backup_init_file(struct setup_backup *backup, const char *path, char *error, size_t capacity);

/* Whole text of a file, ending with 0. NULL with *missing when there is none; else NULL with `error`. */
char *setup_text_read(const char *path, bool *missing, char *error, size_t capacity);
/* `like`: a file whose mode and owner the new one gets; NULL = 0600. */
bool setup_text_write(const char *path, const char *text, const char *like, char *error, size_t capacity);

/* As setup_text_read(), but only of a file that is the caller's own: who may write into the directory of backups must not choose what root
 * defines. */
char *setup_backup_read(const char *path, bool *missing, char *error, size_t capacity);
void setup_backup_remove(const struct setup_backup *backup);

#endif
