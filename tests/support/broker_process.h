/* A broker_viewer (tests/support/broker_viewer.c has its words) as a child of a test: what it says is awaited line by line, and it dies
 * with the test. Every wait has the same generous bound. */
#ifndef TRANSOM_TESTS_SUPPORT_BROKER_PROCESS_H
#define TRANSOM_TESTS_SUPPORT_BROKER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct broker_process {
  pid_t pid;
  int input, output;
  char said[16384]; /* lines that nobody has asked for yet */
  size_t filled;
};

/* `arguments` after the control socket, NULL-terminated, or NULL. As user and group `uid`, with no other groups. */
void broker_process_start(struct broker_process *process, uid_t uid, const char *program, const char *control_socket,
                          const char *const *arguments);
void broker_process_tell(struct broker_process *process, const char *line); /* without newline */

/* The first line that begins so, taken out of what was said; valid until the next call. Fails the test when it does not come. */
const char *broker_process_await(struct broker_process *process, const char *beginning);
bool broker_process_said(struct broker_process *process, const char *beginning); /* by now; takes it out, too */

void broker_process_end(struct broker_process *process); /* SIGKILL */

#endif
