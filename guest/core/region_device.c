#include "guest/core/region_device.h"

#include "protocol/atomics.h"
#include "protocol/layout.h"

#define FIRST_PAGE_BYTES 4096u

static bool is_blank(const volatile uint64_t *words) {
  for (uint32_t i = 0; i < FIRST_PAGE_BYTES / 8; i++) {
    if (wire_load64(&words[i]) != 0)
      return false;
  }
  return true;
}

/* An agent that died while it formatted leaves no magic, but a header of ours besides. */
static bool is_half_formatted(const struct transom_header *header) {
  return header->magic == 0 && header->epoch == 0 && header->layout_major == TRANSOM_LAYOUT_MAJOR &&
         header->host_area_offset == TRANSOM_HOST_AREA_OFFSET && header->host_area_bytes == TRANSOM_HOST_AREA_BYTES;
}

enum region_owner region_device_owner(const struct region_device *device) {
  if (is_blank((const volatile uint64_t *)device->base))
    return REGION_BLANK;
  struct transom_header header;
  wire_read(&header, device->base, sizeof header);
  return header.magic == TRANSOM_MAGIC || is_half_formatted(&header) ? REGION_OURS : REGION_FOREIGN;
}
