#include "host/serve/qemu_users.h"

#include <assert.h>
#include <errno.h>
#include <pwd.h>
#include <stddef.h>
#include <unistd.h>

static void add(struct qemu_users *users, uid_t uid) {
  assert(users->count < QEMU_USERS_MAX);
  if (!qemu_users_has(users, uid))
    users->uids[users->count++] = uid;
}

static bool add_by_name(struct qemu_users *users, const char *name) {
  const struct passwd *account = getpwnam(name);
  if (account)
    add(users, account->pw_uid);
  return account != NULL;
}

int qemu_users_init(struct qemu_users *users, const char *name) {
  users->count = 0;
  add(users, 0);
  add(users, geteuid());
  add_by_name(users, "libvirt-qemu"); /* Debian, Arch */
  add_by_name(users, "qemu");         /* Fedora */
  return !*name || add_by_name(users, name) ? 0 : -ENOENT;
}

bool qemu_users_has(const struct qemu_users *users, uid_t uid) {
  for (unsigned i = 0; i < users->count; i++)
    if (users->uids[i] == uid)
      return true;
  return false;
}
