#include "support/serve_process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS_MAX 16

bool serve_process_init(struct serve_process *process) {
  *process = (struct serve_process){.input = -1, .output = -1};
  strcpy(process->directory, "/tmp/transom-test-XXXXXX");
  if (!mkdtemp(process->directory))
    return false;
  snprintf(process->region_socket, sizeof process->region_socket, "%s/region.sock", process->directory);
  snprintf(process->control_socket, sizeof process->control_socket, "%s/control.sock", process->directory);
  snprintf(process->log, sizeof process->log, "%s/log", process->directory);
  return true;
}

static void close_pipes(struct serve_process *process) {
  if (process->input >= 0)
    close(process->input);
  if (process->output >= 0)
    close(process->output);
  process->input = process->output = -1;
}

void serve_process_finish(struct serve_process *process) {
  if (process->pid)
    serve_process_kill(process, SIGTERM);
  static const char *const files[] = {"region.sock", "control.sock", "usb-input.sock", "usb-audio.sock", "region.state",
                                      "serve.lock",  "log"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", process->directory, files[i]);
    unlink(path);
  }
  rmdir(process->directory);
}

static void run_child(const struct serve_process *process, int input, int output, const char *const *arguments) {
  const char *line[ARGUMENTS_MAX + 5] = {TRANSOM_SERVE, "--private", "--socket", process->region_socket};
  for (int i = 0; arguments && arguments[i] && i < ARGUMENTS_MAX; i++)
    line[4 + i] = arguments[i];
  int log = open(process->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execv(line[0], (char *const *)(uintptr_t)line);
  _exit(127);
}

static bool is_ready(int output) {
  char line[256];
  ssize_t length = read(output, line, sizeof line); /* one write of the server's */
  return length > 6 && !strncmp(line, "ready ", 6);
}

bool serve_process_start(struct serve_process *process, const char *const *arguments) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
    return false;
  process->pid = fork();
  if (process->pid == 0)
    run_child(process, in[0], out[1], arguments);
  close(in[0]);
  close(out[1]);
  process->input = in[1];
  process->output = out[0];
  return process->pid > 0 && is_ready(process->output);
}

int serve_process_wait(struct serve_process *process) {
  int status = 0;
  waitpid(process->pid, &status, 0);
  process->pid = 0;
  close_pipes(process);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int serve_process_kill(struct serve_process *process, int signal) {
  kill(process->pid, signal);
  return serve_process_wait(process);
}

bool serve_process_said(const struct serve_process *process, const char *text) {
  char log[16384];
  int fd = open(process->log, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, log, sizeof log - 1);
  if (fd >= 0)
    close(fd);
  log[length > 0 ? length : 0] = 0;
  return strstr(log, text) != NULL;
}

bool serve_process_will_say(const struct serve_process *process, const char *text) {
  for (int tries = 0; tries < 1000; tries++) { /* a log file is no event to wait for */
    if (serve_process_said(process, text))
      return true;
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  }
  return false;
}
