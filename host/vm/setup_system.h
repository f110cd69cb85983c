/* What belongs to a set-up beside the domain: its transom-serve under systemd, the region's size, QEMU's right to the sockets. The units,
 * the group and the directories are the package's; here they are only enabled for one VM. One thread; blocks for systemctl. */
#ifndef TRANSOM_HOST_VM_SETUP_SYSTEM_H
#define TRANSOM_HOST_VM_SETUP_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETUP_SYSTEM_PATH_BYTES 320u
#define SETUP_SYSTEM_TEXT_BYTES 768u
#define SETUP_SYSTEM_FILES 3u

struct setup_system_file {
  char path[SETUP_SYSTEM_PATH_BYTES];
  char text[SETUP_SYSTEM_TEXT_BYTES];
};

struct setup_system {
  struct setup_system_file files[SETUP_SYSTEM_FILES];
  unsigned file_count;
  char unit[96];       /* transom-serve@NAME.socket */
  bool is_user;        /* the user's own systemd: no root needed */
  bool has_prefix;     /* files below another root: nothing is started */
  char join_group[64]; /* user who must become a member of the group transom; "" = nobody */
};

struct setup_system_options {
  const char *root;          /* "" or a prefix */
  const char *instance;      /* the VM's directory name */
  const char *run_directory; /* "/run/transom" */
  uint64_t region_bytes;
  const char *qemu_user; /* number or name; "" = the caller */
  bool is_user;
};

void setup_system_init(struct setup_system *system, const struct setup_system_options *options);

/* Are all files there as they should be? */
bool setup_system_is_done(const struct setup_system *system);
bool setup_system_needs_root(const struct setup_system *system); /* and we are not */

/* Writes the files and enables the unit. Without systemd the files are written and `error` is empty, but *started is false. */
bool setup_system_apply(const struct setup_system *system, bool *started, char *error, size_t capacity);
bool setup_system_undo(const struct setup_system *system, char *error, size_t capacity);

#endif
