#define LOG_MODULE "serve"
#include "host/serve/fd_store.h"

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* "WORD-N" or "WORD-N-M" with decimal N and M; the whole text must match. */
static int parse_numbers(const char *text, const char *word, uint32_t numbers[2]) {
  size_t length = strlen(word);
  if (strncmp(text, word, length))
    return -1;
  text += length;
  int count = 0;
  while (*text == '-' && count < 2) {
    if (text[1] < '0' || text[1] > '9')
      return -1;
    char *end;
    unsigned long value = strtoul(text + 1, &end, 10);
    if (value > UINT16_MAX)
      return -1;
    numbers[count++] = (uint32_t)value;
    text = end;
  }
  return *text ? -1 : count;
}

struct fd_store_name fd_store_parse(const char *text) {
  uint32_t n[2] = {0, 0};
  if (parse_numbers(text, "region", n) == 1 && n[0] >= 1 && n[0] <= IVSHMEM_VECTORS_MAX)
    return (struct fd_store_name){FD_STORE_REGION, n[0], 0};
  if (parse_numbers(text, "greeted", n) == 1 && n[0] < IVSHMEM_PEERS_MAX)
    return (struct fd_store_name){FD_STORE_GREETED, n[0], 0};
  if (parse_numbers(text, "peer", n) == 1 && n[0] < IVSHMEM_PEERS_MAX)
    return (struct fd_store_name){FD_STORE_PEER, n[0], 0};
  if (parse_numbers(text, "vector", n) == 2 && n[0] < IVSHMEM_PEERS_MAX && n[1] < IVSHMEM_VECTORS_MAX)
    return (struct fd_store_name){FD_STORE_VECTOR, n[0], n[1]};
  return (struct fd_store_name){FD_STORE_OTHER, 0, 0};
}

static void format_name(const struct fd_store_name *name, char text[32]) {
  static const char *const words[] = {"region", "peer", "greeted", "vector"};
  if (name->kind == FD_STORE_VECTOR)
    snprintf(text, 32, "vector-%u-%u", name->id, name->vector);
  else
    snprintf(text, 32, "%s-%u", words[name->kind], name->id);
}

static void keep(int *place, int fd) {
  if (*place >= 0)
    close(*place); /* the same thing twice: the later one */
  *place = fd;
}

/* By the file's name; what is called otherwise is the region's, whose path is free to choose. */
static enum fd_store_listener which_listener(const char *path) {
  static const char *const names[FD_STORE_LISTENERS] = {
      [FD_STORE_LISTEN_CONTROL] = "control.sock",
      [FD_STORE_LISTEN_USB_INPUT] = "usb-input.sock",
      [FD_STORE_LISTEN_USB_AUDIO] = "usb-audio.sock",
  };
  const char *slash = strrchr(path, '/');
  for (int i = 0; i < FD_STORE_LISTENERS; i++)
    if (slash && names[i] && !strcmp(slash + 1, names[i]))
      return (enum fd_store_listener)i;
  return FD_STORE_LISTEN_REGION;
}

static void take_listener(struct fd_store_items *items, int fd) {
  struct sockaddr_un address = {0};
  socklen_t length = sizeof address - 1;
  if (!sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) || getsockname(fd, (struct sockaddr *)&address, &length)) {
    log_warning("descriptor %d from the service manager is nothing that we know: closed", fd);
    close(fd);
    return;
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); /* whoever called may be gone before we accept */
  keep(&items->listeners[which_listener(address.sun_path)], fd);
}

static void take_item(struct fd_store_items *items, const char *text, int fd) {
  struct fd_store_name name = fd_store_parse(text);
  switch (name.kind) {
  case FD_STORE_REGION:
    keep(&items->region, fd);
    items->vector_count = name.id;
    break;
  case FD_STORE_PEER:
    keep(&items->sockets[name.id], fd);
    break;
  case FD_STORE_GREETED:
    items->greeted[name.id] = true;
    close(fd);
    break;
  case FD_STORE_VECTOR:
    keep(&items->vectors[name.id][name.vector], fd);
    break;
  case FD_STORE_OTHER:
    take_listener(items, fd);
    break;
  }
}

void fd_store_items_init(struct fd_store_items *items) {
  *items = (struct fd_store_items){.region = -1};
  memset(items->listeners, -1, sizeof items->listeners);
  memset(items->sockets, -1, sizeof items->sockets);
  memset(items->vectors, -1, sizeof items->vectors);
}

int fd_store_take(struct fd_store_items *items) {
  fd_store_items_init(items);
  char **names = NULL;
  int count = sd_listen_fds_with_names(1, &names);
  for (int i = 0; i < count; i++) {
    take_item(items, names[i], SD_LISTEN_FDS_START + i);
    free(names[i]);
  }
  free(names);
  return count < 0 ? count : 0;
}

bool fd_store_is_offered(void) { return getenv("NOTIFY_SOCKET") != NULL; }

void fd_store_put(const struct fd_store_name *name, int fd) {
  char text[32], message[96];
  if (!fd_store_is_offered())
    return;
  format_name(name, text);
  snprintf(message, sizeof message, "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", text);
  int result = sd_pid_notify_with_fds(0, 0, message, &fd, 1);
  if (result < 0)
    log_warning("the service manager does not keep %s: %s; a restart of transom-serve will need a restart of the VM", text,
                strerror(-result));
}

void fd_store_drop(const struct fd_store_name *name) {
  char text[32], message[96];
  if (!fd_store_is_offered())
    return;
  format_name(name, text);
  snprintf(message, sizeof message, "FDSTOREREMOVE=1\nFDNAME=%s", text);
  sd_notify(0, message);
}

static void forget(int *fd, enum fd_store_kind kind, uint32_t id, uint32_t vector) {
  if (*fd < 0)
    return;
  close(*fd);
  *fd = -1;
  fd_store_drop(&(struct fd_store_name){kind, id, vector});
}

void fd_store_forget(struct fd_store_items *items) {
  forget(&items->region, FD_STORE_REGION, items->vector_count, 0);
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++) {
    forget(&items->sockets[i], FD_STORE_PEER, i, 0);
    items->greeted[i] = false;
    for (uint32_t k = 0; k < IVSHMEM_VECTORS_MAX; k++)
      forget(&items->vectors[i][k], FD_STORE_VECTOR, i, k);
  }
}

void fd_store_say_ready(void) { sd_notify(0, "READY=1"); }

void fd_store_say_stopping(void) { sd_notify(0, "STOPPING=1"); }
