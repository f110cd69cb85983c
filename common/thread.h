/* Threads: create, name, join. Control plane. */
#ifndef TRANSOM_COMMON_THREAD_H
#define TRANSOM_COMMON_THREAD_H

#include <stdbool.h>

struct thread; /* opaque */

/* NULL when the system refuses. `name` is at most 15 characters. */
struct thread *thread_create(const char *name, void (*body)(void *user_data), void *user_data);
void thread_join(struct thread *thread); /* waits, then frees; NULL is fine */

#endif
