#include "support/service_manager.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FD 3      /* SD_LISTEN_FDS_START */
#define PARKED_FD 400   /* where a child moves descriptors out of the way first */
#define FDS_A_MESSAGE 8 /* the service sends one */

static void *read_messages(void *user_data);

bool service_manager_init(struct service_manager *manager, const char *directory) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memset(manager, 0, sizeof *manager);
  snprintf(manager->notify_path, sizeof manager->notify_path, "%s/notify", directory);
  snprintf(manager->log, sizeof manager->log, "%s/log", directory);
  strcpy(address.sun_path, manager->notify_path);
  pthread_mutex_init(&manager->lock, NULL);
  pthread_cond_init(&manager->changed, NULL);
  manager->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return manager->notify >= 0 && !bind(manager->notify, (struct sockaddr *)&address, sizeof address) && !pipe2(manager->stop, O_CLOEXEC) &&
         !pthread_create(&manager->thread, NULL, read_messages, manager);
}

void service_manager_finish(struct service_manager *manager) {
  if (manager->pid)
    service_manager_kill(manager, SIGKILL);
  close(manager->stop[1]);
  pthread_join(manager->thread, NULL);
  close(manager->stop[0]);
  service_manager_forget(manager);
  for (uint32_t i = 0; i < manager->listener_count; i++)
    close(manager->listeners[i]);
  close(manager->notify);
  unlink(manager->notify_path);
}

bool service_manager_listen(struct service_manager *manager, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 8))
    return false;
  manager->listeners[manager->listener_count++] = fd;
  return true;
}

static bool has(const struct service_manager *manager, const char *name) {
  for (uint32_t i = 0; i < manager->count; i++)
    if (!strcmp(manager->store[i].name, name))
      return true;
  return false;
}

void service_manager_await(struct service_manager *manager, const char *name, bool stored) {
  pthread_mutex_lock(&manager->lock);
  while (has(manager, name) != stored)
    pthread_cond_wait(&manager->changed, &manager->lock);
  pthread_mutex_unlock(&manager->lock);
}

void service_manager_rename(struct service_manager *manager, const char *name, const char *to) {
  for (uint32_t i = 0; i < manager->count; i++)
    if (!strcmp(manager->store[i].name, name))
      snprintf(manager->store[i].name, sizeof manager->store[i].name, "%s", to);
}

void service_manager_forget(struct service_manager *manager) {
  for (uint32_t i = 0; i < manager->count; i++)
    close(manager->store[i].fd);
  manager->count = 0;
}

static bool is_stored(const struct service_manager *manager, int fd) {
  pid_t self = getpid();
  for (uint32_t i = 0; i < manager->count; i++)
    if (syscall(SYS_kcmp, self, self, KCMP_FILE, fd, manager->store[i].fd) == 0)
      return true;
  return false;
}

static void store(struct service_manager *manager, const char *name, int fd) {
  if (is_stored(manager, fd) || manager->count == SERVICE_MANAGER_FDS_MAX) {
    close(fd);
    return;
  }
  manager->store[manager->count].fd = fd;
  snprintf(manager->store[manager->count].name, sizeof manager->store[0].name, "%s", name);
  manager->count++;
}

static void drop(struct service_manager *manager, const char *name) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < manager->count; i++) {
    if (!strcmp(manager->store[i].name, name))
      close(manager->store[i].fd);
    else
      manager->store[kept++] = manager->store[i];
  }
  manager->count = kept;
}

static void take_message(struct service_manager *manager, char *text, const int *fds, int fd_count) {
  char *name = strstr(text, "FDNAME=");
  if (name) {
    name += strlen("FDNAME=");
    name[strcspn(name, "\n")] = 0;
  }
  if (strstr(text, "READY=1"))
    manager->is_ready = true;
  for (int i = 0; i < fd_count; i++)
    store(manager, name ? name : "stored", fds[i]);
  if (name && strstr(text, "FDSTOREREMOVE=1"))
    drop(manager, name);
}

static bool receive(struct service_manager *manager) {
  char text[512];
  union {
    char bytes[CMSG_SPACE(FDS_A_MESSAGE * sizeof(int))];
    struct cmsghdr align;
  } control;
  struct iovec piece = {text, sizeof text - 1};
  struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(manager->notify, &header, MSG_CMSG_CLOEXEC);
  if (length < 0)
    return false;
  text[length] = 0;
  int fds[FDS_A_MESSAGE], count = 0;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_type != SCM_RIGHTS)
      continue;
    count = (int)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(fds, CMSG_DATA(part), (size_t)count * sizeof(int));
  }
  take_message(manager, text, fds, count);
  return true;
}

/* Takes what has been said so far. */
static void take_messages(struct service_manager *manager) {
  pthread_mutex_lock(&manager->lock);
  while (receive(manager))
    ;
  pthread_cond_broadcast(&manager->changed);
  pthread_mutex_unlock(&manager->lock);
}

static void *read_messages(void *user_data) {
  struct service_manager *manager = user_data;
  struct pollfd fds[2] = {{.fd = manager->notify, .events = POLLIN}, {.fd = manager->stop[0], .events = POLLIN}};
  while (poll(fds, 2, -1) >= 0 && !fds[1].revents)
    take_messages(manager);
  return NULL;
}

static void pass(int fd, int index) { dup3(fd, PARKED_FD + index, O_CLOEXEC); }

static void run_child(const struct service_manager *manager, const char *const *command) {
  char names[SERVICE_MANAGER_FDS_MAX * 65] = "", number[16];
  int count = 0;
  for (uint32_t i = 0; i < manager->listener_count; i++, count++) {
    pass(manager->listeners[i], count);
    strcat(names, count ? ":transom.socket" : "transom.socket");
  }
  for (uint32_t i = 0; i < manager->count; i++, count++) {
    pass(manager->store[i].fd, count);
    strcat(names, ":");
    strcat(names, manager->store[i].name);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that was killed leaves nobody behind */
  int log = open(manager->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(log, STDERR_FILENO);
  for (int i = 0; i < count; i++)
    dup2(PARKED_FD + i, FIRST_FD + i);
  snprintf(number, sizeof number, "%d", count);
  setenv("LISTEN_FDS", number, 1);
  setenv("LISTEN_FDNAMES", names, 1);
  snprintf(number, sizeof number, "%d", (int)getpid());
  setenv("LISTEN_PID", number, 1);
  setenv("NOTIFY_SOCKET", manager->notify_path, 1);
  execv(command[0], (char *const *)(uintptr_t)command);
  _exit(127);
}

/* The end of a process is no event to wait for here: looked at every 50 ms. */
static bool wait_a_little(struct service_manager *manager) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 50000000;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  pthread_mutex_lock(&manager->lock);
  if (!manager->is_ready)
    pthread_cond_timedwait(&manager->changed, &manager->lock, &until);
  bool ready = manager->is_ready;
  pthread_mutex_unlock(&manager->lock);
  return ready;
}

bool service_manager_start(struct service_manager *manager, const char *const *command) {
  manager->is_ready = false;
  manager->pid = fork();
  if (manager->pid == 0)
    run_child(manager, command);
  while (!wait_a_little(manager)) {
    siginfo_t ended = {0};
    if (!waitid(P_PID, (id_t)manager->pid, &ended, WEXITED | WNOHANG | WNOWAIT) && ended.si_pid)
      return false;
  }
  return true;
}

int service_manager_wait(struct service_manager *manager) {
  int status = 0;
  waitpid(manager->pid, &status, 0);
  manager->pid = 0;
  take_messages(manager);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int service_manager_kill(struct service_manager *manager, int signal) {
  kill(manager->pid, signal);
  return service_manager_wait(manager);
}
