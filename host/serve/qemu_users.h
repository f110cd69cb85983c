/* Whose processes may be QEMU: whoever poses as it on a USB channel hears what the user types. */
#ifndef TRANSOM_HOST_SERVE_QEMU_USERS_H
#define TRANSOM_HOST_SERVE_QEMU_USERS_H

#include <stdbool.h>
#include <sys/types.h>

#define QEMU_USERS_MAX 8

struct qemu_users {
  uid_t uids[QEMU_USERS_MAX];
  unsigned count;
};

/* root, our own user, libvirt's accounts ("libvirt-qemu", "qemu"), and `name` if it is not empty. -ENOENT: no such user as `name`. */
int qemu_users_init(struct qemu_users *users, const char *name);
bool qemu_users_has(const struct qemu_users *users, uid_t uid);

#endif
