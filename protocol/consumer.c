#include "protocol/consumer.h"

#include "protocol/atomics.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* Where tokens and heartbeats begin. A line that changes hands must not repeat the token that the guest rang last, or the first bell of the
 * new owner would be taken for rung; nor the heartbeat under a dead owner's hold, or the new one's would be taken for silent. Whatever rang
 * for the old owner has moved one of these words since, and a new process has other addresses. */
static uint32_t first_token(const struct transom_consumer *consumer) {
  const struct transom_region *region = consumer->region;
  uint64_t mix = region->epoch ^ (uint64_t)(uintptr_t)consumer;
  if (consumer->head < region->head_count) {
    mix = (mix ^ wire_load64(&region->queues[consumer->head].newest->announced)) * UINT64_C(0x9e3779b97f4a7c15);
    mix = (mix ^ wire_load64(&region->queues[consumer->head].newest->complete)) * UINT64_C(0x9e3779b97f4a7c15);
  }
  if (region->status)
    mix = (mix ^ wire_load64(&region->status->heartbeat)) * UINT64_C(0x9e3779b97f4a7c15);
  return (uint32_t)(mix >> 32);
}

static uint32_t next_token(uint32_t token) { return token + 1 ? token + 1 : 1; }

/* The line becomes ours in two steps, so that the guest never sees our epoch beside the last owner's hold or tokens. */
static void fill_line(volatile struct transom_consumer_line *line, const struct transom_consumer *consumer, uint32_t peer_id,
                      uint32_t wake_mask, uint64_t features) {
  wire_publish64(&line->epoch, 0);
  wire_store64(&line->hold, 0);
  wire_store32(&line->armed_frame, 0);
  wire_store32(&line->armed_event, 0);
  wire_store32(&line->wake_mask, wake_mask);
  wire_store32(&line->peer_id, peer_id);
  wire_store64(&line->heartbeat, consumer->heartbeat);
  wire_store64(&line->features, features);
  wire_store64(&line->seen, 0);
  wire_store32(&line->head, consumer->head);
  wire_publish64(&line->epoch, consumer->region->epoch);
}

int consumer_join(struct transom_consumer *consumer, const struct transom_region *region, uint32_t index, uint32_t head, uint32_t peer_id,
                  uint32_t wake_mask, uint64_t features) {
  if (index >= TRANSOM_CONSUMERS_MAX || head >= region->head_count)
    return -EINVAL;
  if (peer_id >= TRANSOM_CONSUMERS_MAX && peer_id != TRANSOM_PEER_NONE)
    return -EINVAL;
  if (!validate_epoch(region))
    return -ESTALE;
  memset(consumer, 0, sizeof *consumer);
  consumer->region = region;
  consumer->line = &region->host->consumers[index];
  consumer->index = index;
  consumer->head = head;
  consumer->token_frame = consumer->token_event = first_token(consumer);
  consumer->heartbeat = consumer->token_frame;
  fill_line(consumer->line, consumer, peer_id, wake_mask, features & region->features_offered);
  return 0;
}

int consumer_wake_on(struct transom_consumer *consumer, uint32_t wake_mask) {
  if (!validate_epoch(consumer->region))
    return -ESTALE;
  wire_store32(&consumer->line->wake_mask, wake_mask);
  return 0;
}

int consumer_trial(const struct transom_consumer *consumer, uint64_t seed, uint64_t *offset, uint8_t pattern[TRANSOM_TRIAL_BYTES]) {
  volatile uint8_t *part = consumer->region->host->trial + (size_t)consumer->index * TRANSOM_TRIAL_BYTES;
  if (!validate_epoch(consumer->region))
    return -ESTALE;
  for (uint32_t i = 0; i < TRANSOM_TRIAL_BYTES; i += 8) { /* a linear congruential generator: no two words alike */
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    memcpy(pattern + i, &seed, 8);
  }
  wire_write(part, pattern, TRANSOM_TRIAL_BYTES);
  *offset = (uint64_t)(part - consumer->region->base);
  return 0;
}

void consumer_leave(struct transom_consumer *consumer) {
  if (!consumer->region) /* zeroed: never joined */
    return;
  consumer->hold = 0;
  if (!validate_epoch(consumer->region))
    return;
  wire_publish64(&consumer->line->epoch, 0);
  wire_store64(&consumer->line->hold, 0);
  wire_store32(&consumer->line->armed_frame, 0);
  wire_publish32(&consumer->line->armed_event, 0);
}

int consumer_beat(struct transom_consumer *consumer) {
  if (!validate_epoch(consumer->region))
    return -ESTALE;
  wire_publish64(&consumer->line->heartbeat, ++consumer->heartbeat);
  return 0;
}

/* The fence pairs with the one in consumers_signal(): of my token and their word, at least one is seen by the other side. */
static int arm(const struct transom_consumer *consumer, volatile uint32_t *armed, uint32_t *token) {
  if (!validate_epoch(consumer->region))
    return -ESTALE;
  *token = next_token(*token);
  wire_store32(armed, *token);
  wire_fence_full(WIRE_FENCE_ARM);
  return 0;
}

static void disarm(const struct transom_consumer *consumer, volatile uint32_t *armed) {
  if (validate_epoch(consumer->region))
    wire_publish32(armed, 0);
}

int consumer_arm_frame(struct transom_consumer *consumer) { return arm(consumer, &consumer->line->armed_frame, &consumer->token_frame); }
void consumer_disarm_frame(struct transom_consumer *consumer) { disarm(consumer, &consumer->line->armed_frame); }
int consumer_arm_event(struct transom_consumer *consumer) { return arm(consumer, &consumer->line->armed_event, &consumer->token_event); }
void consumer_disarm_event(struct transom_consumer *consumer) { disarm(consumer, &consumer->line->armed_event); }

void consumers_init(struct transom_consumers *consumers, const struct transom_region *region) {
  memset(consumers, 0, sizeof *consumers);
  consumers->region = region;
}

/* A line that has not joined costs one load: the guest may read uncached. */
bool consumers_line(const struct transom_consumers *consumers, uint32_t index, struct transom_consumer_line *copy) {
  assert(index < TRANSOM_CONSUMERS_MAX);
  const volatile struct transom_consumer_line *line = &consumers->region->host->consumers[index];
  uint64_t epoch = wire_load64(&line->epoch);
  if (epoch != consumers->region->epoch)
    return false;
  copy->epoch = epoch;
  wire_read(&copy->hold, &line->hold, sizeof *copy - sizeof copy->epoch);
  return true;
}

/* One token rings once; a token of 0 means awake. */
static bool take_token(uint32_t token, uint32_t *rung) {
  if (token == 0 || token == *rung)
    return false;
  *rung = token;
  return true;
}

static bool wants(const struct transom_consumer_line *line, uint32_t wake, uint32_t head) {
  if (line->peer_id >= TRANSOM_CONSUMERS_MAX || !(line->wake_mask & wake))
    return false;
  return (wake & TRANSOM_WAKE_EVENT_MASK) || line->head == head;
}

uint32_t consumers_signal(struct transom_consumers *consumers, uint32_t wake, uint32_t head,
                          struct transom_bell bells[TRANSOM_CONSUMERS_MAX]) {
  bool event = (wake & TRANSOM_WAKE_EVENT_MASK) != 0;
  assert(!event || !(wake & TRANSOM_WAKE_FRAME_MASK));
  uint32_t count = 0;
  wire_fence_full(WIRE_FENCE_SIGNAL); /* pairs with the one in arm() */
  for (uint32_t i = 0; i < TRANSOM_CONSUMERS_MAX; i++) {
    struct transom_consumer_watch *watch = &consumers->watch[i];
    struct transom_consumer_line line;
    if (!consumers_line(consumers, i, &line) || !wants(&line, wake, head))
      continue;
    if (event ? take_token(line.armed_event, &watch->rung_event) : take_token(line.armed_frame, &watch->rung_frame))
      bells[count++] = (struct transom_bell){line.peer_id, event ? TRANSOM_VECTOR_EVENT : TRANSOM_VECTOR_FRAME};
  }
  return count;
}

uint32_t consumers_left_behind(const struct transom_consumers *consumers, struct transom_bell bells[TRANSOM_CONSUMERS_MAX]) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < TRANSOM_CONSUMERS_MAX; i++) {
    const volatile struct transom_consumer_line *line = &consumers->region->host->consumers[i];
    const uint64_t epoch = wire_load64(&line->epoch);
    const uint32_t peer_id = wire_load32(&line->peer_id);
    if (epoch != 0 && epoch != consumers->region->epoch && peer_id < TRANSOM_CONSUMERS_MAX)
      bells[count++] = (struct transom_bell){peer_id, TRANSOM_VECTOR_EVENT};
  }
  return count;
}

uint32_t consumers_count(const struct transom_consumers *consumers) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < TRANSOM_CONSUMERS_MAX; i++)
    count += wire_load64(&consumers->region->host->consumers[i].epoch) == consumers->region->epoch;
  return count;
}

uint32_t consumers_watching(const struct transom_consumers *consumers, uint32_t head) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < TRANSOM_CONSUMERS_MAX; i++) {
    const volatile struct transom_consumer_line *line = &consumers->region->host->consumers[i];
    count += wire_load64(&line->epoch) == consumers->region->epoch && wire_load32(&line->head) == head;
  }
  return count;
}
