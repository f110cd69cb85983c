#include "host/vm/quiet_thread.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

int quiet_thread_create(pthread_t *thread, void *(*body)(void *user_data), void *user_data) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int result = pthread_create(thread, NULL, body, user_data);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return result;
}

bool quiet_thread_join(pthread_t thread, sem_t *ended, unsigned seconds) {
  struct timespec limit;
  int result;
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += (time_t)seconds;
  while ((result = sem_timedwait(ended, &limit)) != 0 && errno == EINTR)
    ;
  if (result == 0)
    pthread_join(thread, NULL);
  else
    pthread_detach(thread);
  return result == 0;
}
