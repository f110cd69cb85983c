#include "host/serve/region_state.h"

#include "host/serve/peer_process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_BYTES_MAX 4096 /* 16 peers of at most 64 bytes, and two lines */
#define HEADING "transom-serve region state 1\n"

size_t region_state_format(const struct region_state *state, char *text, size_t capacity) {
  int length = snprintf(text, capacity, HEADING);
  if (state->controller != UINT32_MAX && length >= 0 && (size_t)length < capacity)
    length += snprintf(text + length, capacity - (size_t)length, "controller %u\n", state->controller);
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++) {
    const struct region_state_peer *peer = &state->peers[i];
    if (!peer->present || (size_t)length >= capacity)
      continue;
    length += snprintf(text + length, capacity - (size_t)length, "%s %u %d %" PRIu64 "\n", peer->viewer ? "viewer" : "guest", i,
                       (int)peer->pid, peer->start_ticks);
  }
  return (size_t)length < capacity ? (size_t)length : 0;
}

static bool parse_line(struct region_state *state, const char *line) {
  char word[16];
  unsigned id;
  int pid;
  uint64_t start_ticks;
  int fields = sscanf(line, "%15s %u %d %" SCNu64, word, &id, &pid, &start_ticks);
  if (fields < 2 || id >= IVSHMEM_PEERS_MAX)
    return false;
  if (fields == 2 && !strcmp(word, "controller")) {
    state->controller = id;
    return true;
  }
  bool viewer = !strcmp(word, "viewer");
  if (fields != 4 || (!viewer && strcmp(word, "guest")))
    return false;
  state->peers[id] = (struct region_state_peer){true, viewer, pid, start_ticks};
  return true;
}

bool region_state_parse(struct region_state *state, const char *text) {
  struct region_state parsed = {.controller = UINT32_MAX};
  if (strncmp(text, HEADING, strlen(HEADING)))
    return false;
  for (const char *line = text + strlen(HEADING); *line; line = strchr(line, '\n') + 1)
    if (!strchr(line, '\n') || !parse_line(&parsed, line))
      return false;
  *state = parsed;
  return true;
}

static int write_whole(int fd, const char *text, size_t length) {
  ssize_t written = write(fd, text, length);
  if (written < 0)
    return -errno;
  return (size_t)written == length ? 0 : -ENOSPC;
}

int region_state_write(const struct region_state *state, const char *path) {
  char text[TEXT_BYTES_MAX], temporary[256];
  size_t length = region_state_format(state, text, sizeof text);
  if (!length || snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
    return -ENAMETOOLONG;
  int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return -errno;
  int result = write_whole(fd, text, length);
  close(fd);
  if (!result && rename(temporary, path))
    result = -errno;
  return result;
}

int region_state_read(struct region_state *state, const char *path) {
  char text[TEXT_BYTES_MAX];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return -errno;
  ssize_t length = read(fd, text, sizeof text - 1);
  int result = length < 0 ? -errno : 0;
  close(fd);
  if (result)
    return result;
  text[length] = 0;
  return region_state_parse(state, text) ? 0 : -EBADMSG;
}

pid_t region_state_living_guest(const struct region_state *state) {
  for (uint32_t i = 0; i < IVSHMEM_PEERS_MAX; i++) {
    const struct region_state_peer *peer = &state->peers[i];
    if (!peer->present || peer->viewer)
      continue;
    uint64_t start_ticks = peer_process_start_ticks(peer->pid);
    if (start_ticks && start_ticks == peer->start_ticks)
      return peer->pid;
  }
  return 0;
}
