#define LOG_MODULE "display"
#include "guest/core/display_keeper.h"

#include "common/log.h"

#include <inttypes.h>
#include <stdio.h>

static void say_advice(struct display_keeper *keeper) {
  struct display_scene scene;
  char text[240];
  if (keeper->system->impl->list(keeper->system, &scene) && display_advice(&scene, text, sizeof text)[0])
    log_warning("%s", text);
}

void display_keeper_init(struct display_keeper *keeper, const struct display_keeper_options *options, struct display_system *system,
                         uint64_t now_ns) {
  *keeper = (struct display_keeper){.options = *options, .system = system, .state = DISPLAY_AS_FOUND, .due_ns = UINT64_MAX};
  keeper->blind_due_ns = options->may_be_blind && options->only_display ? now_ns + DISPLAY_BLIND_NS : UINT64_MAX;
  if (system->impl->is_marked(system)) {
    keeper->state = DISPLAY_LEFT_OVER;
    keeper->due_ns = now_ns + DISPLAY_LEFT_OVER_NS;
    log_info("an agent ended without giving the displays back; that is done in %u s, unless a viewer comes",
             (unsigned)(DISPLAY_LEFT_OVER_NS / 1000000000));
  }
  say_advice(keeper);
}

/* The mark stands before anything changes, so that no death in between goes unnoticed. */
static void mark(struct display_keeper *keeper) {
  if (!keeper->system->impl->is_marked(keeper->system))
    keeper->system->impl->mark(keeper->system, true);
}

static void end_wish(struct display_keeper *keeper) {
  keeper->has_wish = false;
  keeper->offered_tries = 0;
}

static void restore(struct display_keeper *keeper, uint64_t now_ns) {
  struct display_system *system = keeper->system;
  keeper->insisted = 0;
  keeper->note[0] = 0;
  end_wish(keeper);
  if (system->impl->is_marked(system)) {
    if (!system->impl->restore(system)) {
      keeper->state = DISPLAY_LEFT_OVER;
      keeper->due_ns = now_ns + DISPLAY_AGAIN_NS;
      return;
    }
    system->impl->mark(system, false);
    log_info("the displays are as they were before the viewer came");
  }
  keeper->state = DISPLAY_AS_FOUND;
  keeper->due_ns = UINT64_MAX;
}

static void give_up(struct display_keeper *keeper, const char *why) {
  keeper->state = DISPLAY_GIVEN_UP;
  keeper->due_ns = UINT64_MAX;
  log_warning("%s; the displays stay as they are until the viewer leaves", why);
}

/* What is to be shown now, made the only display where that is wanted. False: given up. */
static bool arrange(struct display_keeper *keeper, bool *changed) {
  struct display_scene scene;
  *changed = false;
  if (!keeper->system->impl->list(keeper->system, &scene))
    return false;
  const struct display_choice choice = display_choose(&scene);
  if (choice.verdict != DISPLAY_ISOLATE || !keeper->options.only_display)
    return true;
  mark(keeper);
  *changed = true;
  if (!keeper->system->impl->isolate(keeper->system, choice.output))
    return false;
  log_info("an output of %s is the only display while a viewer watches", scene.list[choice.output].adapter);
  return true;
}

static void take_over(struct display_keeper *keeper, uint64_t now_ns) {
  bool changed;
  keeper->state = DISPLAY_OURS;
  keeper->due_ns = keeper->options.only_display ? now_ns + DISPLAY_LOOK_NS : UINT64_MAX;
  if (!arrange(keeper, &changed))
    give_up(keeper, "the displays cannot be arranged");
}

/* Somebody else may have changed the displays: we arrange them again, but do not fight. */
static void look(struct display_keeper *keeper, uint64_t now_ns) {
  bool changed;
  keeper->due_ns = now_ns + DISPLAY_LOOK_NS;
  if (now_ns - keeper->insisted_ns > DISPLAY_INSIST_NS)
    keeper->insisted = 0;
  if (keeper->insisted >= DISPLAY_INSIST_MAX) {
    struct display_scene scene;
    if (keeper->system->impl->list(keeper->system, &scene) && display_choose(&scene).verdict == DISPLAY_ISOLATE)
      give_up(keeper, "something else keeps changing them");
    return;
  }
  if (!arrange(keeper, &changed)) {
    give_up(keeper, "the displays cannot be arranged");
  } else if (changed && keeper->insisted++ == 0) {
    keeper->insisted_ns = now_ns;
  }
}

static void try_again(struct display_keeper *keeper, uint64_t now_ns) {
  keeper->wish_due_ns = now_ns + DISPLAY_OFFERED_NS;
  keeper->offered_tries++;
}

/* The output does not have the mode. */
static void offer_wish(struct display_keeper *keeper, const struct display_output *output, uint32_t index, uint64_t now_ns) {
  const struct display_mode *wish = &keeper->wish;
  const struct display_system_impl *impl = keeper->system->impl;
  enum display_offer offer = DISPLAY_OFFER_NONE;
  if (keeper->offered_tries == 0 && output->driver)
    offer = impl->offer_mode(keeper->system, index, wish);
  if (offer == DISPLAY_OFFER_SOON || (keeper->offered_tries > 0 && keeper->offered_tries < DISPLAY_OFFERED_TRIES)) {
    try_again(keeper, now_ns);
    return;
  }
  if (offer == DISPLAY_OFFER_LATER)
    snprintf(keeper->note, sizeof keeper->note, "%.30s has %" PRIu32 "x%" PRIu32 " from when its display is plugged in again",
             output->driver->name, wish->width, wish->height);
  else
    snprintf(keeper->note, sizeof keeper->note, "the guest's display has no mode of %" PRIu32 "x%" PRIu32, wish->width, wish->height);
  end_wish(keeper);
}

static void fulfil_wish(struct display_keeper *keeper, uint64_t now_ns) {
  struct display_scene scene;
  if (now_ns < keeper->wish_due_ns)
    return;
  const bool is_listed = keeper->system->impl->list(keeper->system, &scene);
  const struct display_choice choice = is_listed ? display_choose(&scene) : (struct display_choice){DISPLAY_NONE, 0};
  if (choice.verdict == DISPLAY_NONE) {
    if (keeper->offered_tries > 0 && keeper->offered_tries < DISPLAY_OFFERED_TRIES)
      try_again(keeper, now_ns); /* its driver takes it away, and brings it back */
    else
      end_wish(keeper);
    return;
  }
  mark(keeper);
  if (keeper->system->impl->set_mode(keeper->system, choice.output, &keeper->wish)) {
    keeper->note[0] = 0;
    end_wish(keeper);
  } else {
    offer_wish(keeper, &scene.list[choice.output], choice.output, now_ns);
  }
}

/* Once: whoever makes a virtual display the primary one later on does so with a display that he sees. */
static void end_blindness(struct display_keeper *keeper) {
  struct display_scene scene;
  uint32_t output;
  keeper->blind_due_ns = UINT64_MAX;
  if (!keeper->system->impl->list(keeper->system, &scene) || !display_is_blind(&scene, &output))
    return;
  if (keeper->system->impl->show_to_people(keeper->system, output))
    log_info("no viewer came within %u s: an output of %s is the primary display again, and not a virtual one",
             (unsigned)(DISPLAY_BLIND_NS / 1000000000), scene.list[output].adapter);
}

static void keep_awake(struct display_keeper *keeper, bool watched) {
  const bool awake = watched && keeper->options.keep_awake;
  if (awake != keeper->awake)
    keeper->system->impl->keep_awake(keeper->system, awake);
  keeper->awake = awake;
}

void display_keeper_wish_mode(struct display_keeper *keeper, const struct display_mode *mode) {
  keeper->wish = *mode;
  keeper->has_wish = true;
  keeper->wish_due_ns = 0;
  keeper->offered_tries = 0;
}

static void step_watched(struct display_keeper *keeper, uint64_t now_ns) {
  keeper->blind_due_ns = UINT64_MAX;
  switch (keeper->state) {
  case DISPLAY_AS_FOUND:
  case DISPLAY_LEFT_OVER:
    take_over(keeper, now_ns);
    break;
  case DISPLAY_OURS:
    if (now_ns >= keeper->due_ns)
      look(keeper, now_ns);
    break;
  case DISPLAY_GIVEN_UP:
    break;
  }
  if (keeper->has_wish)
    fulfil_wish(keeper, now_ns);
}

static void step_alone(struct display_keeper *keeper, uint64_t now_ns) {
  switch (keeper->state) {
  case DISPLAY_OURS:
  case DISPLAY_GIVEN_UP:
    restore(keeper, now_ns);
    break;
  case DISPLAY_LEFT_OVER:
    if (now_ns >= keeper->due_ns)
      restore(keeper, now_ns);
    break;
  case DISPLAY_AS_FOUND:
    end_wish(keeper);
    break;
  }
  if (now_ns >= keeper->blind_due_ns) /* also where nothing could be given back */
    end_blindness(keeper);
}

static uint64_t next_due_ns(const struct display_keeper *keeper) {
  uint64_t due_ns = keeper->due_ns;
  if (keeper->has_wish && keeper->wish_due_ns < due_ns)
    due_ns = keeper->wish_due_ns;
  return keeper->blind_due_ns < due_ns ? keeper->blind_due_ns : due_ns;
}

uint64_t display_keeper_step(struct display_keeper *keeper, bool watched, uint64_t now_ns) {
  keep_awake(keeper, watched);
  if (watched)
    step_watched(keeper, now_ns);
  else
    step_alone(keeper, now_ns);
  return next_due_ns(keeper);
}

void display_keeper_finish(struct display_keeper *keeper, uint64_t now_ns) {
  keep_awake(keeper, false);
  if (keeper->state != DISPLAY_AS_FOUND)
    restore(keeper, now_ns);
}
