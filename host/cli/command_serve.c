#include "common/exit_status.h"
#include "host/cli/command.h"
#include "host/link/sibling_program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "transom-serve"

static int run(int argc, char **argv) {
  (void)argc;
  static char name[] = PROGRAM;
  char beside[4096];
  argv[0] = name;
  if (sibling_program(PROGRAM, beside, sizeof beside))
    execv(beside, argv);
  execvp(PROGRAM, argv);
  fprintf(stderr, "transom serve: cannot start %s: %s; install it beside transom or in PATH\n", PROGRAM, strerror(errno));
  return EXIT_STATUS_FAILED;
}

const struct command command_serve = {.name = "serve", .summary = "own a VM's shared memory and hand it to QEMU and viewers", .run = run};
