#include "common/exit_status.h"
#include "host/cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "transom-serve"

/* Beside ourselves, so that a build tree and an installation outside of PATH find their own. */
static void exec_beside(char **argv) {
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof PROGRAM);
  if (length <= 0)
    return;
  path[length] = 0;
  char *slash = strrchr(path, '/');
  if (!slash)
    return;
  memcpy(slash + 1, PROGRAM, sizeof PROGRAM);
  execv(path, argv);
}

static int run(int argc, char **argv) {
  (void)argc;
  static char name[] = PROGRAM;
  argv[0] = name;
  exec_beside(argv);
  execvp(PROGRAM, argv);
  fprintf(stderr, "transom serve: cannot start %s: %s; install it beside transom or in PATH\n", PROGRAM, strerror(errno));
  return EXIT_STATUS_FAILED;
}

const struct command command_serve = {.name = "serve", .summary = "own a VM's shared memory and hand it to QEMU and viewers", .run = run};
