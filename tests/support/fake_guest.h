/* A publisher on the protocol's own writer, without a VM and without a real clock: formats a region and publishes fake pictures in bands.
 * One thread. The guest's clock is virtual: each picture advances it by `step_ns`, published or not, so that silent holds run out after a
 * number of frames instead of after a time. */
#ifndef TRANSOM_TESTS_SUPPORT_FAKE_GUEST_H
#define TRANSOM_TESTS_SUPPORT_FAKE_GUEST_H

#include "protocol/frame_writer.h"
#include "protocol/region_format.h"
#include "support/fake_picture.h"
#include "support/pixel_copy.h"

struct fake_guest_options {
  uint32_t width, height; /* see fake_picture.h; width at most FAKE_GUEST_WIDTH_MAX */
  uint32_t slot_count;    /* 0 = as the region allows */
  uint32_t band_rows;     /* 0 = one band */
  uint32_t abandon_every; /* one frame in so many is abandoned half way; 0 = none */
  uint64_t epoch;         /* not 0 */
  uint64_t step_ns;
  pixel_copy store;                                           /* into the region */
  void (*ring)(const struct transom_bell *bell, void *owner); /* optional: wake a consumer */
  bool (*go_on)(void *owner);                                 /* optional, between bands: false = the guest dies here */
  void *owner;
};

#define FAKE_GUEST_WIDTH_MAX 4096u
struct fake_guest {
  struct fake_guest_options options;
  struct transom_region region;
  struct transom_consumers consumers;
  struct transom_frame_writer writer;
  uint64_t now_ns;
  uint64_t number; /* of the picture painted last */
  uint64_t row[FAKE_GUEST_WIDTH_MAX / 2];
};

/* Formats the region for one head. 0 or what region_plan() and region_format() say. */
int fake_guest_init(struct fake_guest *guest, volatile void *base, uint64_t bytes, const struct fake_guest_options *options);

/* Paints the next picture and publishes it. 0; -EBUSY no slot was free; -ECANCELED abandoned; -EINTR died between two bands. */
int fake_guest_publish(struct fake_guest *guest);

/* Full fence, then rings whoever waits for `wake`. publish() does it for the frame wakes. */
void fake_guest_signal(struct fake_guest *guest, uint32_t wake);

#endif
