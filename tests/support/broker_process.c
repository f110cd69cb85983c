#include "support/broker_process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_S 60 /* emulation on a busy machine */
#define ARGUMENTS_MAX 8

static void become(uid_t uid) {
  if (uid == getuid())
    return;
  if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
    _exit(126);
}

static void run(uid_t uid, int input, int output, const char *program, const char *control_socket, const char *const *arguments) {
  const char *words[ARGUMENTS_MAX + 3] = {program, control_socket};
  for (int i = 0; arguments && arguments[i] && i < ARGUMENTS_MAX; i++)
    words[2 + i] = arguments[i];
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  become(uid);
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* after the change of user, which clears it */
  execv(program, (char *const *)(uintptr_t)words);
  _exit(127);
}

void broker_process_start(struct broker_process *process, uid_t uid, const char *program, const char *control_socket,
                          const char *const *arguments) {
  int in[2], out[2];
  assert_int_equal(pipe2(in, O_CLOEXEC), 0);
  assert_int_equal(pipe2(out, O_CLOEXEC), 0);
  process->pid = fork();
  assert_true(process->pid >= 0);
  if (process->pid == 0)
    run(uid, in[0], out[1], program, control_socket, arguments);
  close(in[0]);
  close(out[1]);
  process->input = in[1];
  process->output = out[0];
  process->filled = 0;
  process->said[0] = 0;
  fcntl(process->output, F_SETFL, O_NONBLOCK);
}

void broker_process_tell(struct broker_process *process, const char *line) {
  char text[128];
  const int length = snprintf(text, sizeof text, "%s\n", line);
  assert_true(length < (int)sizeof text);
  assert_int_equal(write(process->input, text, (size_t)length), length);
}

/* False: it has closed its output. */
static bool hear(struct broker_process *process) {
  const ssize_t count = read(process->output, process->said + process->filled, sizeof process->said - 1 - process->filled);
  if (count > 0)
    process->filled += (size_t)count;
  process->said[process->filled] = 0;
  return count != 0;
}

static const char *take_line(struct broker_process *process, const char *beginning) {
  static char taken[256];
  for (char *line = process->said, *end; (end = strchr(line, '\n')); line = end + 1) {
    if (strncmp(line, beginning, strlen(beginning)))
      continue;
    snprintf(taken, sizeof taken, "%.*s", (int)(end - line), line);
    memmove(line, end + 1, strlen(end + 1) + 1);
    process->filled = strlen(process->said);
    return taken;
  }
  return NULL;
}

const char *broker_process_await(struct broker_process *process, const char *beginning) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const time_t end_s = now.tv_sec + PATIENCE_S;
  for (bool lives = true;;) {
    const char *line = take_line(process, beginning);
    if (line)
      return line;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!lives || now.tv_sec > end_s)
      fail_msg("the viewer never said '%s', but:\n%s", beginning, process->said);
    struct pollfd poll_fd = {.fd = process->output, .events = POLLIN};
    poll(&poll_fd, 1, 1000);
    lives = hear(process);
  }
}

bool broker_process_said(struct broker_process *process, const char *beginning) {
  hear(process);
  return take_line(process, beginning) != NULL;
}

void broker_process_end(struct broker_process *process) {
  kill(process->pid, SIGKILL);
  assert_int_equal(waitpid(process->pid, NULL, 0), process->pid);
  close(process->input);
  close(process->output);
}
