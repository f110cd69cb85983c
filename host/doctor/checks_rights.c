/* Who may do what: the viewer's user, QEMU's user, and what a security module forbids. */
#include "host/doctor/doctor_checks.h"

#include "common/unix_socket_linux.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_TAIL_BYTES (256l << 10)

static const char *socket_of(const struct check_context *context) {
  return context->has_facts && strncmp(context->facts.region, "server:", 7) == 0 ? context->facts.region + 7 : NULL;
}

/* control.sock beside region.sock is the viewers' own. */
static void run_viewer_rights(const struct check_context *context, struct check_result *result) {
  const char *region = socket_of(context), *slash = region ? strrchr(region, '/') : NULL;
  char path[400];
  if (!slash || context->region.state == REGION_PROBE_UNREACHABLE)
    return;
  snprintf(path, sizeof path, "%.*s/control.sock", (int)(slash - region), region);
  int fd = unix_socket_connect(path);
  if (fd >= 0) {
    close(fd);
    check_say(result, CHECK_FINE, "this user may connect to %s", path);
    return;
  }
  check_say(result, CHECK_FAILED, "%s: %s", path, strerror(-fd));
  check_fix(result, "sudo usermod -aG transom $USER, and log in again");
}

const struct check check_viewer_rights = {"viewer_rights", "Your right to the sockets", run_viewer_rights};

static bool find_user(const char *text, uid_t *uid, gid_t *gid, char *name, size_t capacity) {
  char *end;
  unsigned long number = strtoul(text, &end, 10);
  const struct passwd *user = *end ? getpwnam(text) : getpwuid((uid_t)number);
  if (!user)
    return false;
  *uid = user->pw_uid;
  *gid = user->pw_gid;
  snprintf(name, capacity, "%s", user->pw_name);
  return true;
}

/* In a child with that user's rights. 0 or the errno of the connection. */
static int connect_as(const char *name, uid_t uid, gid_t gid, const char *path) {
  int status;
  pid_t child = fork();
  if (child < 0)
    return errno;
  if (child == 0) {
    if (initgroups(name, gid) != 0 || setgid(gid) != 0 || setuid(uid) != 0)
      _exit(EPERM);
    int fd = unix_socket_connect(path);
    _exit(fd >= 0 ? 0 : -fd);
  }
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

static void run_qemu_rights(const struct check_context *context, struct check_result *result) {
  const char *path = socket_of(context);
  char name[64];
  uid_t uid;
  gid_t gid;
  if (!path || !context->qemu_user[0] || context->region.state == REGION_PROBE_UNREACHABLE)
    return;
  if (!find_user(context->qemu_user, &uid, &gid, name, sizeof name)) {
    check_say(result, CHECK_UNKNOWN, "libvirt runs QEMU as user %s, who has no name here", context->qemu_user);
    return;
  }
  if (geteuid() != 0) {
    check_say(result, CHECK_UNKNOWN, "only root can try it as user %s: sudo transom doctor '%s'", name, context->domain);
    return;
  }
  int failed = connect_as(name, uid, gid, path);
  if (!failed) {
    check_say(result, CHECK_FINE, "user %s may connect to %s", name, path);
    return;
  }
  check_say(result, CHECK_FAILED, "user %s and %s: %s", name, path, strerror(failed));
  check_fix(result, "transom setup '%s' gives the right; for now: sudo setfacl -m u:%s:rw %s", context->domain, name, path);
}

const struct check check_qemu_rights = {"qemu_rights", "QEMU's right to the socket", run_qemu_rights};

static void run_input_rights(const struct check_context *context, struct check_result *result) {
  if (!context->has_facts)
    return;
  if (context->facts.has_usb_input && context->facts.region_is_ours)
    check_say(result, CHECK_FINE, "keyboards and mice are handed out by transom-serve; no right to /dev/input is needed");
  else
    check_say(result, CHECK_WARNING, "input comes from the window only: no exclusive capture of keyboard and mouse");
}

const struct check check_input_rights = {"input_rights", "Keyboard and mouse", run_input_rights};

static bool is_denial(const char *line, const struct check_context *context) {
  bool denied = strstr(line, "apparmor=\"DENIED\"") || strstr(line, "avc:  denied");
  return denied && (strstr(line, "transom") || (context->facts.uuid[0] && strstr(line, context->facts.uuid)));
}

/* The last refusal in one log's tail. */
static bool find_denial(const struct check_context *context, const char *log, char *found, size_t capacity) {
  char path[512], line[1024];
  bool any = false;
  snprintf(path, sizeof path, "%s%s", context->root, log);
  FILE *in = fopen(path, "re");
  if (in && fseek(in, -LOG_TAIL_BYTES, SEEK_END) != 0)
    rewind(in);
  while (in && fgets(line, sizeof line, in))
    if (is_denial(line, context)) {
      line[strcspn(line, "\n")] = 0;
      snprintf(found, capacity, "%.*s", (int)capacity - 1, line);
      any = true;
    }
  if (in)
    fclose(in);
  return any;
}

static void run_denials(const struct check_context *context, struct check_result *result) {
  static const char *const logs[] = {"/var/log/audit/audit.log", "/var/log/kern.log", "/var/log/syslog"};
  char line[300];
  bool readable = false;
  if (!context->has_facts)
    return;
  for (unsigned i = 0; i < sizeof logs / sizeof *logs; i++) {
    char path[512];
    snprintf(path, sizeof path, "%s%s", context->root, logs[i]);
    readable |= access(path, R_OK) == 0;
    if (find_denial(context, logs[i], line, sizeof line)) {
      check_say(result, CHECK_FAILED, "%s", line);
      if (strstr(line, "apparmor"))
        check_fix(result,
                  "allow it: add `/run/transom/*/*.sock rw,` to /etc/apparmor.d/local/abstractions/libvirt-qemu, and start the VM anew");
      else
        check_fix(result, "label it: sudo semanage fcontext -a -t svirt_image_t '/run/transom(/.*)?' and sudo restorecon -R /run/transom");
      return;
    }
  }
  if (readable)
    check_say(result, CHECK_FINE, "neither AppArmor nor SELinux has refused anything of ours");
  else
    check_say(result, CHECK_UNKNOWN, "no log can be read; sudo journalctl -k | grep -i denied shows what AppArmor or SELinux refused");
}

const struct check check_denials = {"denials", "AppArmor, SELinux", run_denials};
