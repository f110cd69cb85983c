#include "protocol/clock_cell.h"

#include "protocol/atomics.h"

#include <assert.h>
#include <errno.h>

int clock_cell_ask(const struct transom_consumer *consumer, uint64_t sequence, uint64_t now_ns) {
  assert(sequence != 0);
  if (!validate_epoch(consumer->region))
    return -ESTALE;
  volatile struct transom_clock_request *cell = &consumer->region->host->clocks[consumer->index];
  wire_store64(&cell->sent_ns, now_ns);
  wire_publish64(&cell->sequence, sequence); /* pairs with the load in clock_cell_serve() */
  return 0;
}

int clock_cell_answer(const struct transom_consumer *consumer, uint64_t sequence, uint64_t t1_ns, uint64_t (*now_ns)(void),
                      struct transom_clock_sample *sample) {
  if (consumer->region->clock_replies == NULL)
    return -EAGAIN;
  const volatile struct transom_clock_reply *reply = &consumer->region->clock_replies[consumer->index];
  if (wire_load64(&reply->sequence) != sequence) /* pairs with the publish in clock_cell_serve() */
    return -EAGAIN;
  struct transom_clock_sample copy = {
      .t1_ns = t1_ns,
      .t2_ns = wire_load64(&reply->received_ns),
      .t3_ns = wire_load64(&reply->sent_ns),
      .t4_ns = now_ns(),
  };
  if (copy.t3_ns < copy.t2_ns || copy.t4_ns < copy.t1_ns)
    return -EBADMSG;
  *sample = copy;
  return 0;
}

static void answer(volatile struct transom_clock_reply *reply, uint64_t sequence, uint64_t (*now_ns)(void)) {
  wire_store64(&reply->received_ns, now_ns());
  wire_store64(&reply->sent_ns, now_ns());
  wire_publish64(&reply->sequence, sequence); /* pairs with the load in clock_cell_answer() */
}

uint32_t clock_cell_serve(const struct transom_region *region, uint64_t last_sequence[TRANSOM_CONSUMERS_MAX], uint64_t (*now_ns)(void)) {
  uint32_t answered = 0;
  if (region->clock_replies == NULL)
    return 0;
  for (uint32_t i = 0; i < TRANSOM_CONSUMERS_MAX; i++) {
    uint64_t sequence = wire_load64(&region->host->clocks[i].sequence); /* pairs with the publish in clock_cell_ask() */
    if (sequence == 0 || sequence == last_sequence[i])
      continue;
    if (wire_load64(&region->host->consumers[i].epoch) != region->epoch)
      continue;
    answer(&region->clock_replies[i], sequence, now_ns);
    last_sequence[i] = sequence;
    answered++;
  }
  return answered;
}
