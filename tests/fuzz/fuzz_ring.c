/* Both ends of both rings against a peer that lies about its index, its session and its messages. */
#include "fuzz/fuzz_region.h"
#include "protocol/ring.h"

#define ENDS 4u

struct ends {
  struct transom_region region;
  struct transom_ring rings[ENDS];
  bool attached;
};

static bool sends(enum transom_ring_side side) { return side == TRANSOM_RING_HOST_SENDS || side == TRANSOM_RING_GUEST_SENDS; }

static void attach(struct ends *ends) {
  static const enum transom_ring_side sides[ENDS] = {TRANSOM_RING_HOST_SENDS, TRANSOM_RING_HOST_RECEIVES, TRANSOM_RING_GUEST_SENDS,
                                                     TRANSOM_RING_GUEST_RECEIVES};
  *ends = (struct ends){.attached = false};
  if (!fuzz_region_attach(FUZZ_REGION_BYTES, &ends->region))
    return;
  for (uint32_t i = 0; i < ENDS; i++) {
    const bool to_guest = sides[i] == TRANSOM_RING_HOST_SENDS || sides[i] == TRANSOM_RING_GUEST_RECEIVES;
    const struct transom_ring_view *view = to_guest ? &ends->region.to_guest[0] : &ends->region.to_host[0];
    if (!view->data)
      return;
    fuzz_region_touched(view->producer, sizeof *view->producer);
    fuzz_region_touched(view->consumer, sizeof *view->consumer);
    fuzz_region_touched(view->data, view->data_bytes);
    ring_init(&ends->rings[i], view, sides[i], i < 2 ? 7 : 0);
  }
  ends->attached = true;
}

static void move_message(struct transom_ring *ring, uint32_t size) {
  uint8_t *payload = calloc(1, RING_PAYLOAD_BYTES_MAX); /* on the heap, so that address sanitizer watches both of its ends */
  fuzz_require(payload != NULL);
  uint32_t type = 1, bytes = 0;
  if (sends(ring->side))
    ring_send(ring, 1 + size, payload, size <= 15 ? size : (size * 17) % (RING_PAYLOAD_BYTES_MAX + 1));
  else if (ring_receive(ring, &type, payload, &bytes) == 0)
    fuzz_require(bytes <= RING_PAYLOAD_BYTES_MAX && type != TRANSOM_MESSAGE_PAD);
  free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct fuzz_input script = {data, bytes};
  struct ends ends = {.attached = false};
  uint32_t step;
  fuzz_region_reset();
  for (uint32_t attaches = 0; fuzz_region_next(&script, &step);) {
    if (step == 0 && attaches++ < 4)
      attach(&ends);
    else if (ends.attached && step >= 4 && step < 8)
      ring_is_open(&ends.rings[step % ENDS]);
    else if (ends.attached && step >= 8 && step < 12)
      (void)(sends(ends.rings[step % ENDS].side) || ring_has_message(&ends.rings[step % ENDS]));
    else if (ends.attached && step >= 16)
      move_message(&ends.rings[step % ENDS], step / ENDS);
  }
  return 0;
}
