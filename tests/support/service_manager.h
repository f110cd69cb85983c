/* A service manager of a few lines: runs one service with NOTIFY_SOCKET, keeps what it stores, and passes that and the listening sockets
 * on at the next start, as systemd does (sd_listen_fds(3), sd_notify(3)): a descriptor that is in the store already is ignored, and
 * FDSTOREREMOVE drops all of a name. */
#ifndef TRANSOM_TESTS_SUPPORT_SERVICE_MANAGER_H
#define TRANSOM_TESTS_SUPPORT_SERVICE_MANAGER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVICE_MANAGER_FDS_MAX 160

struct service_manager {
  int notify; /* datagram socket, read by a thread of its own: the service blocks while nobody reads */
  int stop[2];
  pthread_t thread;
  pthread_mutex_t lock; /* what follows, while the thread runs */
  pthread_cond_t changed;
  char notify_path[96];
  pid_t pid; /* 0: not running */
  char log[96];
  bool is_ready; /* READY=1 has come */
  uint32_t count;
  struct {
    int fd;
    char name[64];
  } store[SERVICE_MANAGER_FDS_MAX];
  int listeners[4];
  uint32_t listener_count;
};

bool service_manager_init(struct service_manager *manager, const char *directory);
void service_manager_finish(struct service_manager *manager); /* kills the service, closes all */
bool service_manager_listen(struct service_manager *manager, const char *path);

/* Starts the service and waits for READY=1; false when it ended instead (service_manager_wait() says how). */
bool service_manager_start(struct service_manager *manager, const char *const *command);
void service_manager_run(struct service_manager *manager);             /* takes what it has said so far, without waiting */
int service_manager_kill(struct service_manager *manager, int signal); /* takes what it had said, too. Exit status, or -signal */
int service_manager_wait(struct service_manager *manager);

/* Waits until something of that name is in the store, or is not. */
void service_manager_await(struct service_manager *manager, const char *name, bool stored);

/* While the service does not run: gives an item another name, or empties the store. */
void service_manager_rename(struct service_manager *manager, const char *name, const char *to);
void service_manager_forget(struct service_manager *manager);

#endif
