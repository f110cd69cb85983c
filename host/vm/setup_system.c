#include "host/vm/setup_system.h"

#include "host/vm/setup_backup.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUP "transom"
#define DROP_IN "50-setup.conf"

extern char **environ;

static const char *unit_directory(bool is_user, char *storage, size_t capacity) {
  const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
  if (!is_user)
    return "/etc/systemd/system";
  if (config && config[0])
    snprintf(storage, capacity, "%s/systemd/user", config);
  else
    snprintf(storage, capacity, "%s/.config/systemd/user", home ? home : "");
  return storage;
}

static struct setup_system_file *add_file(struct setup_system *system, const struct setup_system_options *options, const char *unit,
                                          const char *kind) {
  char storage[160];
  struct setup_system_file *file = &system->files[system->file_count++];
  snprintf(file->path, sizeof file->path, "%s%s/%s@%s.%s.d/" DROP_IN, options->root,
           unit_directory(options->is_user, storage, sizeof storage), unit, options->instance, kind);
  return file;
}

static void add_size(struct setup_system *system, const struct setup_system_options *options) {
  struct setup_system_file *file = add_file(system, options, "transom-serve", "service");
  snprintf(file->text, sizeof file->text, "# by transom setup\n[Service]\nEnvironment=TRANSOM_SIZE=%lluM\n",
           (unsigned long long)(options->region_bytes >> 20));
}

uint64_t setup_system_chosen_bytes(const struct setup_system_options *options) {
  struct setup_system scratch = {0};
  char error[128];
  bool missing;
  unsigned long long mebibytes = 0;
  char *text = setup_text_read(add_file(&scratch, options, "transom-serve", "service")->path, &missing, error, sizeof error);
  const char *value = text ? strstr(text, "TRANSOM_SIZE=") : NULL;
  if (!value || sscanf(value, "TRANSOM_SIZE=%6lluM", &mebibytes) != 1)
    mebibytes = 0;
  free(text);
  return (uint64_t)mebibytes << 20;
}

/* QEMU's user gets what QEMU connects to, and not the viewers' socket. */
static void add_right(struct setup_system *system, const struct setup_system_options *options, const char *unit, const char *sockets[2]) {
  struct setup_system_file *file = add_file(system, options, unit, "socket");
  size_t used =
      (size_t)snprintf(file->text, sizeof file->text, "# by transom setup: libvirt runs QEMU as user %s\n[Socket]\n", options->qemu_user);
  for (unsigned i = 0; i < 2 && sockets[i]; i++)
    used += (size_t)snprintf(file->text + used, sizeof file->text - used, "ExecStartPost=setfacl -m u:%s:rw %s/%s/%s\n", options->qemu_user,
                             options->run_directory, options->instance, sockets[i]);
}

static void add_rights(struct setup_system *system, const struct setup_system_options *options) {
  add_right(system, options, "transom-serve", (const char *[2]){"region.sock", NULL});
  add_right(system, options, "transom-serve-usb", (const char *[2]){"usb-input.sock", "usb-audio.sock"});
}

void setup_system_binding_path(const struct setup_system_options *options, char path[SETUP_SYSTEM_PATH_BYTES]) {
  snprintf(path, SETUP_SYSTEM_PATH_BYTES, "%s/etc/udev/rules.d/10-transom-%s.rules", options->root, options->instance);
}

/* By address: two cards of one maker have the same ids. udev sets the override when it hears of the device, before it loads a driver. */
static void add_binding(struct setup_system *system, const struct setup_system_options *options) {
  struct setup_system_file *file = &system->files[system->file_count++];
  setup_system_binding_path(options, file->path);
  size_t used = (size_t)snprintf(file->text, sizeof file->text, "# by transom setup: for the guest %s, from boot on\n", options->instance);
  for (unsigned i = 0; i < options->bind_count && used < sizeof file->text; i++) {
    char address[16];
    pci_address_format(&options->bind[i], address);
    used += (size_t)snprintf(file->text + used, sizeof file->text - used,
                             "ACTION==\"add\", SUBSYSTEM==\"pci\", KERNEL==\"%s\", ATTR{driver_override}=\"vfio-pci\", "
                             "RUN{builtin}+=\"kmod load vfio-pci\"\n",
                             address);
  }
}

/* Under sudo the user is who called it. */
static void find_member(char *name, size_t capacity) {
  const char *caller = getenv("SUDO_USER");
  const struct passwd *user = geteuid() == 0 && caller ? getpwnam(caller) : getpwuid(getuid());
  const struct group *group = getgrnam(GROUP);
  name[0] = 0;
  if (!user || user->pw_uid == 0 || !group)
    return;
  for (char **member = group->gr_mem; *member; member++)
    if (strcmp(*member, user->pw_name) == 0)
      return;
  snprintf(name, capacity, "%s", user->pw_name);
}

void setup_system_init(struct setup_system *system, const struct setup_system_options *options) {
  *system = (struct setup_system){.is_user = options->is_user, .has_prefix = options->root[0] != 0};
  snprintf(system->unit, sizeof system->unit, "transom-serve@%s.socket", options->instance);
  system->with_server = options->with_server;
  if (options->with_server)
    add_size(system, options);
  if (options->with_server && options->qemu_user[0])
    add_rights(system, options);
  if (options->bind_count)
    add_binding(system, options);
  if (options->with_server && !options->is_user)
    find_member(system->join_group, sizeof system->join_group);
}

bool setup_system_is_done(const struct setup_system *system) {
  for (unsigned i = 0; i < system->file_count; i++) {
    char error[128];
    bool missing;
    char *text = setup_text_read(system->files[i].path, &missing, error, sizeof error);
    bool same = text && strcmp(text, system->files[i].text) == 0;
    free(text);
    if (!same)
      return false;
  }
  return system->join_group[0] == 0;
}

bool setup_system_needs_root(const struct setup_system *system) { return !system->is_user && !system->has_prefix && geteuid() != 0; }

static bool has_systemd(void) { return access("/run/systemd/system", F_OK) == 0; }

static bool run(const char *const *argv, char *error, size_t capacity) {
  pid_t child;
  int status;
  int failed = posix_spawnp(&child, argv[0], NULL, NULL, (char *const *)argv, environ);
  if (!failed && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return true;
  if (failed)
    snprintf(error, capacity, "cannot start %s: %s", argv[0], strerror(failed));
  else
    snprintf(error, capacity, "%s %s failed; it has said why", argv[0], argv[1]);
  return false;
}

static bool run_systemctl(const struct setup_system *system, const char *verb, bool with_unit, char *error, size_t capacity) {
  const char *argv[8];
  unsigned count = 0;
  argv[count++] = "systemctl";
  if (system->is_user)
    argv[count++] = "--user";
  argv[count++] = verb;
  if (with_unit) {
    argv[count++] = "--now";
    argv[count++] = system->unit;
  }
  argv[count] = NULL;
  return run(argv, error, capacity);
}

static bool make_parents(const char *path) {
  char part[SETUP_SYSTEM_PATH_BYTES];
  for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
    if (mkdir(part, 0755) != 0 && errno != EEXIST)
      return false;
  }
  return true;
}

static bool write_files(const struct setup_system *system, char *error, size_t capacity) {
  for (unsigned i = 0; i < system->file_count; i++) {
    const struct setup_system_file *file = &system->files[i];
    if (!make_parents(file->path)) {
      snprintf(error, capacity, "cannot make the directory of %s: %s", file->path, strerror(errno));
      return false;
    }
    if (!setup_text_write(file->path, file->text, NULL, error, capacity))
      return false;
    chmod(file->path, 0644); /* no secret, and systemctl cat is everybody's */
  }
  return true;
}

bool setup_system_apply(const struct setup_system *system, bool *started, char *error, size_t capacity) {
  *started = false;
  if (!write_files(system, error, capacity))
    return false;
  if (system->has_prefix)
    return true;
  const char *const join[] = {"usermod", "-aG", GROUP, system->join_group, NULL};
  if (system->join_group[0] && !run(join, error, capacity))
    return false;
  if (!has_systemd() || !system->with_server)
    return true;
  if (!run_systemctl(system, "daemon-reload", false, error, capacity) || !run_systemctl(system, "enable", true, error, capacity))
    return false;
  *started = true;
  return true;
}

bool setup_system_undo(const struct setup_system *system, char *error, size_t capacity) {
  bool live = system->with_server && !system->has_prefix && has_systemd();
  if (live && !run_systemctl(system, "disable", true, error, capacity))
    return false;
  for (unsigned i = 0; i < system->file_count; i++) {
    char directory[SETUP_SYSTEM_PATH_BYTES];
    if (unlink(system->files[i].path) != 0 && errno != ENOENT) {
      snprintf(error, capacity, "cannot remove %s: %s", system->files[i].path, strerror(errno));
      return false;
    }
    snprintf(directory, sizeof directory, "%s", system->files[i].path);
    *strrchr(directory, '/') = 0;
    if (strstr(directory, "/transom-serve"))
      rmdir(directory); /* unless somebody else has files there */
  }
  return !live || run_systemctl(system, "daemon-reload", false, error, capacity);
}
