#include "support/viewer_process.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 32
#define LOG_BYTES_MAX (1 << 20)

static void run_viewer(int out, int log, const char *const *arguments, const char *const *environment) {
  const char *argv[ARGUMENTS_MAX] = {TRANSOM, "view", "--stats", "json", "--stats-interval-ms", "20", "--no-remember"};
  size_t count = 7;
  for (size_t i = 0; arguments[i] && count < ARGUMENTS_MAX - 1; i++)
    argv[count++] = arguments[i];
  for (size_t i = 0; environment[i]; i++)
    putenv((char *)(uintptr_t)environment[i]);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(out, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execv(TRANSOM, (char **)(uintptr_t)argv);
  _exit(127);
}

bool viewer_process_start(struct viewer_process *viewer, const char *const *arguments, const char *const *environment) {
  int ends[2];
  *viewer = (struct viewer_process){.pid = -1};
  if (pipe2(ends, O_CLOEXEC) != 0)
    return false;
  viewer->log = memfd_create("viewer log", MFD_CLOEXEC);
  viewer->pid = fork();
  if (viewer->pid == 0)
    run_viewer(ends[1], viewer->log, arguments, environment);
  close(ends[1]);
  viewer->out = ends[0];
  return viewer->pid > 0;
}

static uint64_t number(const cJSON *json, const char *key) {
  const cJSON *item = cJSON_GetObjectItem(json, key);
  return cJSON_IsNumber(item) ? (uint64_t)item->valuedouble : 0;
}

static void text(const cJSON *json, const char *key, char *to, size_t capacity) {
  const cJSON *item = cJSON_GetObjectItem(json, key);
  snprintf(to, capacity, "%s", cJSON_IsString(item) ? item->valuestring : "");
}

static void take_line(struct viewer_process *viewer, const char *line) {
  cJSON *json = cJSON_Parse(line);
  if (!json) {
    fprintf(stderr, "not JSON: %s\n", line);
    abort();
  }
  text(json, "state", viewer->state, sizeof viewer->state);
  text(json, "event", viewer->event, sizeof viewer->event);
  text(json, "presenter", viewer->presenter, sizeof viewer->presenter);
  text(json, "rung", viewer->rung, sizeof viewer->rung);
  text(json, "scaler", viewer->scaler, sizeof viewer->scaler);
  viewer->uploaded_bytes = number(json, "uploaded_bytes");
  viewer->banded = number(json, "banded");
  viewer->cursor_moves = number(json, "cursor_moves");
  viewer->sequence = number(json, "sequence");
  viewer->frames = number(json, "frames");
  viewer->torn = number(json, "torn");
  viewer->bad = number(json, "bad");
  viewer->wakeups = number(json, "wakeups");
  viewer->elapsed_ms = number(json, "elapsed_ms");
  cJSON_Delete(json);
}

bool viewer_process_listen(struct viewer_process *viewer, int timeout_ms) {
  struct pollfd in = {.fd = viewer->out, .events = POLLIN};
  if (poll(&in, 1, timeout_ms) != 1)
    return false;
  ssize_t length = read(viewer->out, viewer->line + viewer->used, sizeof viewer->line - 1 - viewer->used);
  if (length <= 0)
    return false;
  viewer->used += (size_t)length;
  viewer->line[viewer->used] = 0;
  char *start = viewer->line, *end;
  for (; (end = strchr(start, '\n')); start = end + 1) {
    *end = 0;
    take_line(viewer, start);
  }
  viewer->used -= (size_t)(start - viewer->line);
  memmove(viewer->line, start, viewer->used + 1);
  return true;
}

static char *read_log(const struct viewer_process *viewer) {
  char *log = calloc(1, LOG_BYTES_MAX);
  if (log && pread(viewer->log, log, LOG_BYTES_MAX - 1, 0) < 0)
    log[0] = 0;
  return log;
}

unsigned viewer_process_said(const struct viewer_process *viewer, const char *words) {
  char *log = read_log(viewer);
  unsigned count = 0;
  for (const char *at = log; at && (at = strstr(at, words)); at += strlen(words))
    count++;
  free(log);
  return count;
}

/* What it said, for whoever reads the test's output. */
static void repeat_log(const struct viewer_process *viewer) {
  char *log = read_log(viewer);
  fputs(log ? log : "", stderr);
  free(log);
}

void viewer_process_forget(struct viewer_process *viewer) {
  close(viewer->log);
  viewer->log = -1;
}

int viewer_process_end(struct viewer_process *viewer, int signal) {
  int status;
  if (viewer->pid <= 0) /* never started, or ended before: kill(-1) would be everybody's end */
    return -1;
  if (signal)
    kill(viewer->pid, signal);
  while (viewer_process_listen(viewer, -1))
    ;
  waitpid(viewer->pid, &status, 0);
  close(viewer->out);
  repeat_log(viewer);
  viewer->pid = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
