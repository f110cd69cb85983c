#define LOG_MODULE "display"
#include "guest/core/display_keeper.h"

#include "common/log.h"

static void say_advice(struct display_keeper *keeper) {
  struct display_scene scene;
  char text[240];
  if (keeper->system->impl->list(keeper->system, &scene) && display_advice(&scene, text, sizeof text)[0])
    log_warning("%s", text);
}

void display_keeper_init(struct display_keeper *keeper, const struct display_keeper_options *options, struct display_system *system,
                         uint64_t now_ns) {
  *keeper = (struct display_keeper){.options = *options, .system = system, .state = DISPLAY_AS_FOUND, .due_ns = UINT64_MAX};
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

static void restore(struct display_keeper *keeper, uint64_t now_ns) {
  struct display_system *system = keeper->system;
  keeper->insisted = 0;
  keeper->has_wish = false;
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

static void fulfil_wish(struct display_keeper *keeper) {
  struct display_scene scene;
  keeper->has_wish = false;
  if (!keeper->system->impl->list(keeper->system, &scene))
    return;
  const struct display_choice choice = display_choose(&scene);
  if (choice.verdict == DISPLAY_NONE)
    return;
  mark(keeper);
  keeper->system->impl->set_mode(keeper->system, choice.output, &keeper->wish);
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
}

static void step_watched(struct display_keeper *keeper, uint64_t now_ns) {
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
    fulfil_wish(keeper);
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
    keeper->has_wish = false;
    break;
  }
}

uint64_t display_keeper_step(struct display_keeper *keeper, bool watched, uint64_t now_ns) {
  keep_awake(keeper, watched);
  if (watched)
    step_watched(keeper, now_ns);
  else
    step_alone(keeper, now_ns);
  return keeper->due_ns;
}

void display_keeper_finish(struct display_keeper *keeper, uint64_t now_ns) {
  keep_awake(keeper, false);
  if (keeper->state != DISPLAY_AS_FOUND)
    restore(keeper, now_ns);
}
