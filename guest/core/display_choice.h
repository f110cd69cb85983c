/* Which of a guest's displays is to be shown, and is it alone? Pure functions over a plain description; any thread.
 *
 * A VM with a passed-through GPU often has an emulated display beside it, for firmware and log-in: windows and pointer get lost there,
 * where the viewer does not look. The best output is the first of
 *
 *   rank  output
 *   0     of a GPU, active and primary
 *   1     of a GPU, active
 *   2     of a GPU, connected, not part of the desktop
 *   3, 4  of a virtual display driver: active, connected
 *   5     of an emulated adapter, active
 *
 * and one of a lower number is made the primary and only one. An emulated output is shown as it is, never made the only one: it is what is
 * left when there is nothing better. */
#ifndef TRANSOM_GUEST_CORE_DISPLAY_CHOICE_H
#define TRANSOM_GUEST_CORE_DISPLAY_CHOICE_H

#include "guest/core/virtual_display.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISPLAY_OUTPUTS_MAX 32u
#define DISPLAY_MODES_MAX 512u
#define DISPLAY_NAME_BYTES 64u

enum display_kind { DISPLAY_GPU, DISPLAY_VIRTUAL, DISPLAY_EMULATED };

struct display_output {
  enum display_kind kind;
  bool connected; /* something that looks like a monitor is there */
  bool active;    /* part of the desktop */
  bool primary;
  const struct virtual_display *driver; /* of a virtual display; else NULL */
  char adapter[DISPLAY_NAME_BYTES];
};

struct display_scene {
  uint32_t count;
  struct display_output list[DISPLAY_OUTPUTS_MAX];
  uint32_t gpus;                     /* adapters, with or without an output */
  char gpu_name[DISPLAY_NAME_BYTES]; /* of the first */
};

enum display_verdict {
  DISPLAY_FINE,    /* the best output is the only one, or nothing better can be had */
  DISPLAY_ISOLATE, /* it is to be made the primary and only one */
  DISPLAY_NONE,    /* there is no output at all */
};

struct display_choice {
  enum display_verdict verdict;
  uint32_t output; /* index in the scene; unless DISPLAY_NONE */
};

struct display_choice display_choose(const struct display_scene *scene);

/* Is the primary output a virtual display, which nobody sees without a viewer, although there is another? Then `*output` is the best of the
 * others: a GPU's before an emulated one, active before connected. */
bool display_is_blind(const struct display_scene *scene, uint32_t *output);

/* What a user is to be told: why there is no picture of the GPU, and what helps; "" when all is well. Returns `to`. */
const char *display_advice(const struct display_scene *scene, char *to, size_t capacity);

/* By the device's hardware id ("PCI\VEN_10DE&DEV_2684...", "Root\MttVDD"), in any case. What is not known is a GPU. */
enum display_kind display_kind_of(const char *hardware_id);

struct display_mode {
  uint32_t width, height;
  uint32_t refresh_mhz; /* 0 in a wish: the highest */
};

/* The mode of exactly that size whose refresh rate is next to the wish: the lowest above, else the highest below. -1: none has the size. */
int display_mode_pick(const struct display_mode *modes, uint32_t count, const struct display_mode *wish);

#endif
