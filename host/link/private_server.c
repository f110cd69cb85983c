#include "host/link/private_server.h"

#include "host/link/sibling_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_TIMEOUT_MS 5000
#define END_TIMEOUT_MS 2000 /* it has only files to remove */
#define PROGRAM "transom-serve"

extern char **environ;

struct private_server {
  pid_t pid;
  int lifeline; /* its standard input: nothing is ever said */
};

/* Its signals are ours to choose: a terminal's Ctrl+C ends the viewer, and the viewer's end ends the server. */
static int spawn(const struct private_server_options *options, int input, int output, pid_t *pid) {
  char beside[4096];
  const char *program = options->program ? options->program : sibling_program(PROGRAM, beside, sizeof beside) ? beside : PROGRAM;
  const char *arguments[] = {program, "--private", "--socket", options->socket, options->size ? "--size" : NULL, options->size, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  int error = posix_spawnp(pid, program, &actions, &attributes, (char *const *)(uintptr_t)arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return -error;
}

static int wait_until_ready(int output) {
  char line[256];
  struct pollfd poll_fd = {.fd = output, .events = POLLIN};
  int result;
  do
    result = poll(&poll_fd, 1, READY_TIMEOUT_MS);
  while (result < 0 && errno == EINTR);
  if (result == 0)
    return -ETIMEDOUT;
  return read(output, line, sizeof line) > 0 ? 0 : -ECHILD; /* it says "ready ...", or nothing at all */
}

int private_server_start(const struct private_server_options *options, struct private_server **out) {
  int lifeline[2], output[2];
  struct private_server *server = calloc(1, sizeof *server);
  if (!server)
    return -ENOMEM;
  int result = pipe2(lifeline, O_CLOEXEC) ? -errno : 0;
  if (result)
    goto fail_server;
  result = pipe2(output, O_CLOEXEC) ? -errno : 0;
  if (result) {
    close(lifeline[0]);
    close(lifeline[1]);
    goto fail_server;
  }
  server->lifeline = lifeline[1];
  result = spawn(options, lifeline[0], output[1], &server->pid);
  close(lifeline[0]);
  close(output[1]);
  if (result)
    close(server->lifeline);
  else
    result = wait_until_ready(output[0]);
  close(output[0]);
  if (!result) {
    *out = server;
    return 0;
  }
  if (server->pid > 0) {
    kill(server->pid, SIGKILL);
    private_server_stop(server);
    return result;
  }
fail_server:
  free(server);
  return result;
}

void private_server_stop(struct private_server *server) {
  if (!server)
    return;
  close(server->lifeline);
  struct pollfd end = {.fd = pidfd_open(server->pid, 0), .events = POLLIN};
  if (end.fd >= 0 && poll(&end, 1, END_TIMEOUT_MS) == 1)
    waitpid(server->pid, NULL, 0);
  if (end.fd >= 0)
    close(end.fd);
  free(server);
}
