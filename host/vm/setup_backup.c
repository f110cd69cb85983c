#include "host/vm/setup_backup.h"

#include "host/vm/domain_xml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fits(int length, char *error, size_t capacity) {
  if (length > 0 && (size_t)length < SETUP_BACKUP_PATH_BYTES)
    return true;
  snprintf(error, capacity, "the path of the backup is too long");
  return false;
}

/* mkdir -p, private. */
static bool make_directories(const char *path) {
  char part[SETUP_BACKUP_PATH_BYTES];
  for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
    snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
    if (part[0] && mkdir(part, 0700) != 0 && errno != EEXIST)
      return false;
  }
  return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool choose_directory(char *directory, const char *root, char *error, size_t capacity) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  if (!fits(snprintf(directory, SETUP_BACKUP_PATH_BYTES, "%s/var/lib/transom/setup", root), error, capacity))
    return false;
  if (geteuid() == 0 && make_directories(directory))
    return true;
  if (access(directory, W_OK | X_OK) == 0)
    return true;
  int length = state && state[0] ? snprintf(directory, SETUP_BACKUP_PATH_BYTES, "%s/transom/setup", state)
                                 : snprintf(directory, SETUP_BACKUP_PATH_BYTES, "%s/.local/state/transom/setup", home ? home : "");
  if (!fits(length, error, capacity))
    return false;
  if (make_directories(directory))
    return true;
  snprintf(error, capacity, "cannot make %s for the backup: %s", directory, strerror(errno));
  return false;
}

bool setup_backup_init_domain(struct setup_backup *backup, const char *root, const char *uuid, char *error, size_t capacity) {
  char directory[SETUP_BACKUP_PATH_BYTES];
  if (!uuid[0] || uuid[strspn(uuid, "0123456789abcdefABCDEF-")]) {
    snprintf(error, capacity, "the domain has no UUID");
    return false;
  }
  return choose_directory(directory, root, error, capacity) &&
         fits(snprintf(backup->before, sizeof backup->before, "%.440s/%.64s.before.xml", directory, uuid), error, capacity) &&
         fits(snprintf(backup->after, sizeof backup->after, "%.440s/%.64s.after.xml", directory, uuid), error, capacity);
}

bool setup_backup_init_file(struct setup_backup *backup, const char *path, char *error, size_t capacity) {
  return fits(snprintf(backup->before, sizeof backup->before, "%s.before-transom", path), error, capacity) &&
         fits(snprintf(backup->after, sizeof backup->after, "%s.after-transom", path), error, capacity);
}

static char *read_all(int fd, char *error, size_t capacity) {
  char *text = malloc(DOMAIN_XML_BYTES_MAX + 2);
  size_t length = 0;
  ssize_t got = text ? 1 : -1;
  while (got > 0 && length <= DOMAIN_XML_BYTES_MAX) {
    got = read(fd, text + length, DOMAIN_XML_BYTES_MAX + 1 - length);
    if (got < 0 && errno == EINTR)
      got = 1;
    else if (got > 0)
      length += (size_t)got;
  }
  if (got < 0 || length > DOMAIN_XML_BYTES_MAX || (length && memchr(text, 0, length))) {
    snprintf(error, capacity, "%s",
             got < 0                         ? strerror(errno)
             : length > DOMAIN_XML_BYTES_MAX ? "it is larger than 4 MiB"
                                             : "it is not text");
    free(text);
    return NULL;
  }
  text[length] = 0;
  char *shorter = realloc(text, length + 1);
  return shorter ? shorter : text;
}

static char *read_file(const char *path, int flags, bool only_own, bool *missing, char *error, size_t capacity) {
  char reason[128] = "", *text = NULL;
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
  *missing = fd < 0 && errno == ENOENT;
  if (fd < 0 || fstat(fd, &status) != 0)
    snprintf(reason, sizeof reason, "%s", strerror(errno));
  else if (only_own && (status.st_uid != geteuid() || !S_ISREG(status.st_mode)))
    snprintf(reason, sizeof reason, "it belongs to user %u, who has to undo what he set up", (unsigned)status.st_uid);
  else
    text = read_all(fd, reason, sizeof reason);
  if (fd >= 0)
    close(fd);
  if (!text)
    snprintf(error, capacity, "cannot read %s: %s", path, reason);
  return text;
}

char *setup_text_read(const char *path, bool *missing, char *error, size_t capacity) {
  return read_file(path, 0, false, missing, error, capacity);
}

char *setup_backup_read(const char *path, bool *missing, char *error, size_t capacity) {
  return read_file(path, O_NOFOLLOW, true, missing, error, capacity);
}

static bool write_all(int fd, const char *text) {
  for (size_t left = strlen(text); left > 0;) {
    ssize_t written = write(fd, text, left);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    text += written;
    left -= (size_t)written;
  }
  return fsync(fd) == 0;
}

static void copy_rights(int fd, const char *like) {
  struct stat status;
  if (!like || stat(like, &status) != 0)
    return;
  if (fchown(fd, status.st_uid, status.st_gid) == 0)
    fchmod(fd, status.st_mode & 07777);
}

bool setup_text_write(const char *path, const char *text, const char *like, char *error, size_t capacity) {
  char unfinished[SETUP_BACKUP_PATH_BYTES + 8];
  snprintf(unfinished, sizeof unfinished, "%s.XXXXXX", path);
  int fd = mkostemp(unfinished, O_CLOEXEC); /* 0600 */
  bool fine = fd >= 0;
  if (fine) {
    copy_rights(fd, like);
    fine = write_all(fd, text);
    int failed = errno;
    fine = (close(fd) == 0 || (failed = errno, false)) && fine;
    fine = fine && (rename(unfinished, path) == 0 || (failed = errno, false));
    if (!fine)
      unlink(unfinished);
    errno = failed;
  }
  if (!fine)
    snprintf(error, capacity, "cannot write %s: %s", path, strerror(errno));
  return fine;
}

void setup_backup_remove(const struct setup_backup *backup) {
  unlink(backup->after);
  unlink(backup->before);
}
