/* Children of a stress test: forked on the parent's mapping, stopped, continued and killed on demand, and never left behind. */
#ifndef TRANSOM_TESTS_SUPPORT_CHILD_PROCESS_H
#define TRANSOM_TESTS_SUPPORT_CHILD_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* Forks; the child runs `body` and exits. It dies with its parent. -1 when the system refuses. */
pid_t child_process_start(void (*body)(void *user_data), void *user_data);

void child_process_stop(pid_t child); /* SIGSTOP; returns when it stands still */
void child_process_continue(pid_t child);
void child_process_kill(pid_t child); /* SIGKILL; returns when it is gone */

/* Waits until the child has ended by itself. True when it ended well. */
bool child_process_join(pid_t child);

#endif
