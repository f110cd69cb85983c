#include "host/doctor/region_probe.h"

#include "common/ivshmem_peer.h"
#include "protocol/agent_status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_MS 1000
#define BEAT_MS 1000 /* an agent's heart beats four times a second */

static int open_region(const char *region, struct ivshmem_peer *peer) {
  ivshmem_peer_init(peer);
  if (strncmp(region, "server:", 7) == 0) {
    int result = ivshmem_peer_connect(peer, region + 7, CONNECT_MS);
    return result ? result : dup(peer->region);
  }
  int fd = open(region, O_RDWR | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

static bool beats(const struct transom_region *region) {
  struct timespec pause = {0, 50 * 1000000};
  uint64_t first = agent_status_heartbeat(region);
  if (!agent_status_exists(region))
    return true; /* no heart to listen to */
  for (unsigned waited_ms = 0; waited_ms < BEAT_MS; waited_ms += 50) {
    if (agent_status_heartbeat(region) != first)
      return true;
    nanosleep(&pause, NULL);
  }
  return false;
}

static void look(volatile void *base, uint64_t bytes, struct region_probe *probe) {
  struct transom_region region;
  struct transom_agent_report report;
  enum transom_compatibility compatibility;
  int result = validate_attach(base, bytes, TRANSOM_FEATURES_KNOWN, &region, &compatibility);
  if (result) {
    bool is_blank = result == -EAGAIN && compatibility != TRANSOM_FOREIGN;
    probe->state = is_blank ? REGION_PROBE_EMPTY : result == -EPROTO ? REGION_PROBE_INCOMPATIBLE : REGION_PROBE_FOREIGN;
    return;
  }
  snprintf(probe->agent, sizeof probe->agent, "%s", region.agent_name);
  snprintf(probe->guest, sizeof probe->guest, "%s", region.guest_name);
  probe->heads = region.head_count;
  probe->has_report = agent_status_read(&region, 0, &report) == 0;
  if (probe->has_report) {
    probe->agent_state = report.state;
    snprintf(probe->report, sizeof probe->report, "%s", report.text);
  }
  probe->state = beats(&region) ? REGION_PROBE_ALIVE : REGION_PROBE_SILENT;
}

void region_probe(const char *region, struct region_probe *probe) {
  struct ivshmem_peer peer;
  struct stat status;
  *probe = (struct region_probe){0};
  if (!region[0])
    return;
  int fd = open_region(region, &peer);
  void *base = MAP_FAILED;
  if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size > 0)
    base = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) {
    probe->state = REGION_PROBE_UNREACHABLE;
    probe->error = fd < 0 ? fd : -EIO;
  } else {
    probe->bytes = (uint64_t)status.st_size;
    look(base, probe->bytes, probe);
    munmap(base, (size_t)probe->bytes);
  }
  if (fd >= 0)
    close(fd);
  ivshmem_peer_close(&peer);
}
