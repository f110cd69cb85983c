#include "common/thread.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct thread {
  pthread_t handle;
  void (*body)(void *user_data);
  void *user_data;
};

static void *run(void *argument) {
  const struct thread *thread = argument;
  thread->body(thread->user_data);
  return NULL;
}

struct thread *thread_create(const char *name, void (*body)(void *user_data), void *user_data) {
  assert(strlen(name) <= 15);
  struct thread *thread = calloc(1, sizeof *thread);
  if (!thread)
    return NULL;
  thread->body = body;
  thread->user_data = user_data;
  if (pthread_create(&thread->handle, NULL, run, thread) != 0) {
    free(thread);
    return NULL;
  }
  pthread_setname_np(thread->handle, name);
  return thread;
}

void thread_join(struct thread *thread) {
  if (!thread)
    return;
  pthread_join(thread->handle, NULL);
  free(thread);
}
