#include "support/child_process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t child_process_start(void (*body)(void *user_data), void *user_data) {
  const pid_t parent = getpid(), child = fork();
  if (child != 0)
    return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(EXIT_FAILURE);
  body(user_data);
  _exit(EXIT_SUCCESS);
}

static int wait_for(pid_t child, int options) {
  int status = 0;
  while (waitpid(child, &status, options) < 0 && errno == EINTR)
    continue;
  return status;
}

void child_process_stop(pid_t child) {
  kill(child, SIGSTOP);
  wait_for(child, WUNTRACED);
}

void child_process_continue(pid_t child) { kill(child, SIGCONT); }

void child_process_kill(pid_t child) {
  kill(child, SIGKILL);
  wait_for(child, 0);
}

bool child_process_join(pid_t child) {
  const int status = wait_for(child, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}
