/* Threads that may be left behind in a call of libvirt, and that no signal is ever delivered to: those are the control thread's. */
#ifndef TRANSOM_HOST_VM_QUIET_THREAD_H
#define TRANSOM_HOST_VM_QUIET_THREAD_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

/* 0 or an errno, as pthread_create(). */
int quiet_thread_create(pthread_t *thread, void *(*body)(void *user_data), void *user_data);

/* Waits at most `seconds` for a thread that posts `ended` as its last deed, and joins it. False: it still runs and owns what it has; it is
 * detached. */
bool quiet_thread_join(pthread_t thread, sem_t *ended, unsigned seconds);

#endif
