/* The seam to the system's display settings: one implementation a system, and a fake in the tests. Threads: one, the agent's. */
#ifndef TRANSOM_GUEST_CORE_DISPLAY_SYSTEM_H
#define TRANSOM_GUEST_CORE_DISPLAY_SYSTEM_H

#include "guest/core/display_choice.h"

struct display_system;

/* What became of telling a virtual display's driver of a mode. */
enum display_offer {
  DISPLAY_OFFER_NONE,  /* it cannot be told, or that failed (logged) */
  DISPLAY_OFFER_LATER, /* it has the mode from when its display is plugged in again */
  DISPLAY_OFFER_SOON,  /* it has it in a moment; the displays may come and go meanwhile */
};

struct display_system_impl {
  bool (*list)(struct display_system *system, struct display_scene *scene); /* false: the system does not say; logged */

  /* Makes output `output` of the scene listed last the primary and only one, until restore() or the guest's restart. False: logged. */
  bool (*isolate)(struct display_system *system, uint32_t output);

  /* Makes output `output` of the scene listed last, which people can see, the primary and only one. Not given back by restore(), which
   * gives back this. False: logged. */
  bool (*show_to_people)(struct display_system *system, uint32_t output);

  /* Sets the mode of output `output` of the scene listed last, for as long. False: it does not have that mode, or logged. */
  bool (*set_mode)(struct display_system *system, uint32_t output, const struct display_mode *wish);

  /* Tells the driver of output `output` of the scene listed last, a virtual display, that the mode is wanted. */
  enum display_offer (*offer_mode)(struct display_system *system, uint32_t output, const struct display_mode *wish);

  /* Everything as it was before the first isolate() or set_mode(); in a new process, as the system remembers it. False: logged. */
  bool (*restore)(struct display_system *system);

  void (*keep_awake)(struct display_system *system, bool awake);

  /* A mark that outlives the process: something is arranged by us. */
  bool (*is_marked)(struct display_system *system);
  void (*mark)(struct display_system *system, bool marked);

  void (*destroy)(struct display_system *system);
};

struct display_system {
  const struct display_system_impl *impl;
};

#endif
