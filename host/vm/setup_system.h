/* What belongs to a set-up beside the domain: its transom-serve under systemd, the region's size, QEMU's right to the sockets. The units,
 * the group and the directories are the package's; here they are only enabled for one VM. One thread; blocks for systemctl. */
#ifndef TRANSOM_HOST_VM_SETUP_SYSTEM_H
#define TRANSOM_HOST_VM_SETUP_SYSTEM_H

#include "host/vm/setup_plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETUP_SYSTEM_PATH_BYTES 320u
#define SETUP_SYSTEM_TEXT_BYTES 2560u /* a rule of 130 bytes for each of SETUP_HOSTDEVS_MAX devices, and a comment */
#define SETUP_SYSTEM_FILES 4u

struct setup_system_file {
  char path[SETUP_SYSTEM_PATH_BYTES];
  char text[SETUP_SYSTEM_TEXT_BYTES];
};

struct setup_system {
  struct setup_system_file files[SETUP_SYSTEM_FILES];
  unsigned file_count;
  char unit[96];       /* transom-serve@NAME.socket */
  bool is_user;        /* the user's own systemd: no root needed */
  bool with_server;    /* a transom-serve belongs to it */
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
  bool with_server;
  const struct pci_address *bind; /* devices that the host's drivers leave alone from the next boot on */
  unsigned bind_count;
};

/* The region's size that an earlier set-up chose; 0 = none. */
uint64_t setup_system_chosen_bytes(const struct setup_system_options *options);

void setup_system_init(struct setup_system *system, const struct setup_system_options *options);

/* Are all files there as they should be? */
bool setup_system_is_done(const struct setup_system *system);
bool setup_system_needs_root(const struct setup_system *system); /* and we are not */

/* The file that keeps the host's drivers away from passed-through devices; `path` may not exist. */
void setup_system_binding_path(const struct setup_system_options *options, char path[SETUP_SYSTEM_PATH_BYTES]);

/* Writes the files and enables the unit. Without systemd the files are written and `error` is empty, but *started is false. */
bool setup_system_apply(const struct setup_system *system, bool *started, char *error, size_t capacity);
bool setup_system_undo(const struct setup_system *system, char *error, size_t capacity);

#endif
