#include "guest/linux/region_device_linux.h"

#include "common/ivshmem_peer.h"
#include "protocol/layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 3000

struct peer_device {
  struct region_device device;
  struct ivshmem_peer peer;
};

static void ring(struct region_device *device, uint32_t peer_id, uint32_t vector) {
  struct peer_device *self = (struct peer_device *)device;
  if (ivshmem_peer_ring(&self->peer, peer_id, vector) == 0 || self->peer.socket < 0)
    return;
  ivshmem_peer_dispatch(&self->peer); /* armed before its eventfds were taken from the socket: they are there by now */
  ivshmem_peer_ring(&self->peer, peer_id, vector);
}

/* Consumers come and go: their eventfds arrive on the socket. */
static intptr_t event(struct region_device *device) { return ((struct peer_device *)device)->peer.socket; }

static void event_take(struct region_device *device) {
  struct peer_device *self = (struct peer_device *)device;
  if (self->peer.socket >= 0)
    ivshmem_peer_dispatch(&self->peer); /* a server that went away leaves us what we hold */
}

static void destroy(struct region_device *device) {
  struct peer_device *self = (struct peer_device *)device;
  munmap((void *)(uintptr_t)device->base, device->bytes);
  ivshmem_peer_close(&self->peer);
  free(self);
}

static const struct region_device_impl impl = {
    .name = "server", .ring = ring, .event = event, .event_take = event_take, .destroy = destroy};

static bool map(struct peer_device *self) {
  struct stat status;
  if (fstat(self->peer.region, &status) != 0)
    return false;
  const uint64_t bytes = (uint64_t)status.st_size;
  if (bytes < TRANSOM_REGION_BYTES_MIN || bytes > TRANSOM_REGION_BYTES_MAX) {
    errno = ERANGE;
    return false;
  }
  void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, self->peer.region, 0);
  if (base == MAP_FAILED)
    return false;
  self->device.base = base;
  self->device.bytes = bytes;
  return true;
}

struct region_device *region_device_peer_open(const char *socket_path, char error[REGION_ERROR_BYTES]) {
  struct peer_device *self = calloc(1, sizeof *self);
  const int failure = self ? ivshmem_peer_connect(&self->peer, socket_path, CONNECT_TIMEOUT_MS) : -ENOMEM;
  if (failure) {
    snprintf(error, REGION_ERROR_BYTES, "%s: cannot connect: %s; is transom-serve running?", socket_path, strerror(-failure));
    free(self);
    return NULL;
  }
  if (!map(self)) {
    snprintf(error, REGION_ERROR_BYTES, "%s: its region cannot be mapped: %s", socket_path, strerror(errno));
    ivshmem_peer_close(&self->peer);
    free(self);
    return NULL;
  }
  self->device.impl = &impl;
  self->device.has_doorbell = true;
  snprintf(self->device.text, sizeof self->device.text, "%.90s as peer %u, %llu MiB", socket_path, self->peer.id,
           (unsigned long long)(self->device.bytes >> 20));
  return &self->device;
}
