#include "protocol/agent_status.h"

#include "protocol/atomics.h"
#include "protocol/record.h"

#include <errno.h>
#include <string.h>

bool agent_status_exists(const struct transom_region *region) { return region->status != NULL; }

uint64_t agent_status_heartbeat(const struct transom_region *region) {
  return region->status ? wire_load64(&region->status->heartbeat) : 0;
}

static void copy_text(char to[AGENT_STATUS_TEXT_BYTES], const char from[AGENT_STATUS_TEXT_BYTES]) {
  uint32_t i = 0;
  for (; i < AGENT_STATUS_TEXT_BYTES - 1 && from[i]; i++)
    to[i] = from[i] >= 0x20 && from[i] < 0x7f ? from[i] : '?';
  memset(to + i, 0, AGENT_STATUS_TEXT_BYTES - i);
}

int agent_status_read(const struct transom_region *region, uint64_t seen, struct transom_agent_report *report) {
  struct transom_agent_status copy;
  const size_t at = offsetof(struct transom_agent_status, sequence_first);
  if (!region->status || wire_load64(&region->status->sequence_first) == seen)
    return -EAGAIN;
  memset(&copy, 0, sizeof copy);
  if (!record_read((uint8_t *)&copy + at, sizeof copy - at, (const volatile uint8_t *)region->status + at, sizeof copy - at))
    return -EAGAIN;
  if (copy.sequence_first == 0 || copy.sequence_first == seen)
    return -EAGAIN;
  if (copy.state < TRANSOM_AGENT_STARTING || copy.state > TRANSOM_AGENT_STOPPED)
    return -EBADMSG;
  report->sequence = copy.sequence_first;
  report->state = copy.state;
  copy_text(report->text, copy.text);
  return 0;
}
