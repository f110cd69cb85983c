/* A transom-serve of a test's own: a child process in a directory of its own. */
#ifndef TRANSOM_TESTS_SUPPORT_SERVE_PROCESS_H
#define TRANSOM_TESTS_SUPPORT_SERVE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct serve_process {
  pid_t pid; /* 0: not running */
  int input; /* its standard input: closing it ends a private server */
  int output;
  char directory[64];
  char region_socket[96];
  char control_socket[96];
  char log[96]; /* what it said on standard error */
};

/* Makes the directory. */
bool serve_process_init(struct serve_process *process);
void serve_process_finish(struct serve_process *process); /* stops it and removes the directory */

/* Starts a private server and waits until it is ready. `arguments` ends with NULL, or is NULL. False: it ended instead. */
bool serve_process_start(struct serve_process *process, const char *const *arguments);
int serve_process_wait(struct serve_process *process);             /* exit status, or -signal */
int serve_process_kill(struct serve_process *process, int signal); /* and waits */

/* Does its log contain `text`? */
bool serve_process_said(const struct serve_process *process, const char *text);
bool serve_process_will_say(const struct serve_process *process, const char *text); /* waits for it, 10 s at most */

#endif
