/* `transom view` as a child process with --stats json, and what it says on its standard output. */
#ifndef TRANSOM_TESTS_SUPPORT_VIEWER_PROCESS_H
#define TRANSOM_TESTS_SUPPORT_VIEWER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Environment that keeps Mesa's software Vulkan loaded until the end, so that a leak of its compiler is known by name and one of ours is
 * not taken for one of its. The sanitizer's library then comes second, which it minds only where it is told to. */
#define VIEWER_PROCESS_KEEP_DRIVER "LD_PRELOAD=libvulkan_lvp.so"
#define VIEWER_PROCESS_KNOWN_LEAKS "LSAN_OPTIONS=suppressions=" TEST_LEAKS ":print_suppressions=0"

struct viewer_process {
  pid_t pid;
  int out;
  int log;         /* a file with its standard error */
  char line[4096]; /* being read */
  size_t used;
  /* the last line said */
  char state[24], event[8], presenter[16], rung[16], scaler[16];
  uint64_t sequence, frames, torn, bad, wakeups, elapsed_ms, uploaded_bytes, banded, cursor_moves;
};

/* `environment` are extra "NAME=value" settings; both lists end with NULL. Dies with its parent. */
bool viewer_process_start(struct viewer_process *viewer, const char *const *arguments, const char *const *environment);

/* Waits at most `timeout_ms` for something to be said and takes it. False: nothing, or it has ended. */
bool viewer_process_listen(struct viewer_process *viewer, int timeout_ms);

/* How often it has said `words` on its standard error until now; also after its end, until forget(). */
unsigned viewer_process_said(const struct viewer_process *viewer, const char *words);

/* Sends `signal` (0 = none) and waits for the end; the exit status, or 128 + the signal that ended it; -1 when there is
 * no such process. */
int viewer_process_end(struct viewer_process *viewer, int signal);

void viewer_process_forget(struct viewer_process *viewer); /* after its end */

#endif
