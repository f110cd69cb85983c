#include "host/present/feedback/feedback_wayland.h"

#include "host/present/feedback/feedback_clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wayland-client.h>

#include "presentation-time-client-protocol.h"

#define SLOTS 32u /* questions under way; a picture more is not asked about */

struct slot {
  struct feedback_wayland *source;
  struct wp_presentation_feedback *question; /* NULL = free */
  uint64_t picture;
};

/* On an event queue of its own: SDL reads the socket for everyone, we take what is for us. */
struct feedback_wayland {
  struct feedback_source base;
  struct wl_display *display;
  struct wl_surface *surface;
  struct wl_event_queue *queue;
  struct wp_presentation *presentation;
  bool has_clock;
  clockid_t clock;
  uint64_t asked; /* the picture of the newest question; 0 = none */
  struct slot slots[SLOTS];
  struct feedback_stamp told[SLOTS]; /* a ring: not more than questions */
  uint32_t first, count;
};

/* ---- the clock ---- */

static void on_clock(void *user_data, struct wp_presentation *presentation, uint32_t clock) {
  struct feedback_wayland *self = user_data;
  (void)presentation;
  self->clock = (clockid_t)clock;
  self->has_clock = feedback_clock_resolution(self->clock, &self->base.resolution_ns);
}

/* ---- answers ---- */

static void answer(struct slot *slot, const struct feedback_stamp *stamp) {
  struct feedback_wayland *self = slot->source;
  wp_presentation_feedback_destroy(slot->question);
  slot->question = NULL;
  if (self->count < SLOTS)
    self->told[(self->first + self->count++) % SLOTS] = *stamp;
}

static void on_output(void *user_data, struct wp_presentation_feedback *question, struct wl_output *output) {
  (void)user_data, (void)question, (void)output;
}

static void on_presented(void *user_data, struct wp_presentation_feedback *question, uint32_t seconds_high, uint32_t seconds_low,
                         uint32_t nanoseconds, uint32_t refresh_ns, uint32_t sequence_high, uint32_t sequence_low, uint32_t flags) {
  struct slot *slot = user_data;
  (void)question, (void)sequence_high, (void)sequence_low, (void)flags;
  uint64_t told_ns = ((uint64_t)seconds_high << 32 | seconds_low) * 1000000000u + nanoseconds;
  answer(slot, &(struct feedback_stamp){slot->picture, true, told_ns,
                                        slot->source->has_clock ? feedback_clock_to_raw(slot->source->clock, told_ns) : 0, refresh_ns});
}

static void on_discarded(void *user_data, struct wp_presentation_feedback *question) {
  struct slot *slot = user_data;
  (void)question;
  answer(slot, &(struct feedback_stamp){.picture = slot->picture});
}

/* ---- the seam ---- */

static struct feedback_wayland *self_of(struct feedback_source *source) { return (struct feedback_wayland *)source; }

static void ask(struct feedback_source *source, uint64_t picture) {
  static const struct wp_presentation_feedback_listener listener = {on_output, on_presented, on_discarded};
  struct feedback_wayland *self = self_of(source);
  if (self->asked == picture)
    return;
  for (unsigned i = 0; i < SLOTS; i++) {
    struct slot *slot = &self->slots[i];
    if (slot->question)
      continue;
    slot->question = wp_presentation_feedback(self->presentation, self->surface);
    if (!slot->question)
      return;
    *slot = (struct slot){self, slot->question, picture};
    wp_presentation_feedback_add_listener(slot->question, &listener, slot);
    self->asked = picture;
    return;
  }
}

static bool next(struct feedback_source *source, struct feedback_stamp *stamp) {
  struct feedback_wayland *self = self_of(source);
  if (self->count == 0)
    wl_display_dispatch_queue_pending(self->display, self->queue);
  if (self->count == 0)
    return false;
  *stamp = self->told[self->first];
  self->first = (self->first + 1) % SLOTS;
  self->count--;
  return true;
}

static void destroy(struct feedback_source *source) {
  struct feedback_wayland *self = self_of(source);
  for (unsigned i = 0; i < SLOTS; i++)
    if (self->slots[i].question)
      wp_presentation_feedback_destroy(self->slots[i].question);
  if (self->presentation)
    wp_presentation_destroy(self->presentation);
  if (self->queue)
    wl_event_queue_destroy(self->queue);
  free(self);
}

/* ---- finding it ---- */

static void on_global(void *user_data, struct wl_registry *registry, uint32_t name, const char *interface, uint32_t version) {
  static const struct wp_presentation_listener listener = {on_clock};
  struct feedback_wayland *self = user_data;
  (void)version;
  if (self->presentation || strcmp(interface, wp_presentation_interface.name) != 0)
    return;
  self->presentation = wl_registry_bind(registry, name, &wp_presentation_interface, 1);
  if (self->presentation)
    wp_presentation_add_listener(self->presentation, &listener, self);
}

static void on_global_gone(void *user_data, struct wl_registry *registry, uint32_t name) { (void)user_data, (void)registry, (void)name; }

/* Two round trips: what there is, and then what its clock is. */
static bool find(struct feedback_wayland *self) {
  static const struct wl_registry_listener listener = {on_global, on_global_gone};
  struct wl_display *wrapper = wl_proxy_create_wrapper(self->display);
  if (!wrapper)
    return false;
  wl_proxy_set_queue((struct wl_proxy *)wrapper, self->queue);
  struct wl_registry *registry = wl_display_get_registry(wrapper);
  wl_proxy_wrapper_destroy(wrapper);
  if (!registry)
    return false;
  wl_registry_add_listener(registry, &listener, self);
  bool good = wl_display_roundtrip_queue(self->display, self->queue) >= 0 && wl_display_roundtrip_queue(self->display, self->queue) >= 0;
  wl_registry_destroy(registry);
  return good && self->presentation;
}

struct feedback_source *feedback_wayland_create(void *display, void *surface) {
  static const struct feedback_source_impl impl = {.name = "wp_presentation", .ask = ask, .next = next, .destroy = destroy};
  struct feedback_wayland *self = calloc(1, sizeof *self);
  if (!self)
    return NULL;
  self->base.impl = &impl;
  self->display = display;
  self->surface = surface;
  self->queue = wl_display_create_queue(display);
  if (self->queue && find(self))
    return &self->base;
  destroy(&self->base);
  return NULL;
}
