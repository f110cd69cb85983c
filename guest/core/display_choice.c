#include "guest/core/display_choice.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define RANK_NEVER 6

struct known_id {
  const char *prefix; /* lower case */
  enum display_kind kind;
};

/* Adapters that hypervisors emulate, by PCI id. */
static const struct known_id known_ids[] = {
    {"pci\\ven_1234&dev_1111", DISPLAY_EMULATED}, /* QEMU's standard VGA, bochs-display */
    {"pci\\ven_1af4&dev_1050", DISPLAY_EMULATED}, /* virtio-gpu */
    {"pci\\ven_1b36&dev_0100", DISPLAY_EMULATED}, /* QXL */
    {"pci\\ven_1013&dev_00b8", DISPLAY_EMULATED}, /* Cirrus */
    {"pci\\ven_15ad&dev_0405", DISPLAY_EMULATED}, /* VMware SVGA II */
    {"root\\basicdisplay", DISPLAY_EMULATED},     /* Windows' own, on whatever the firmware left */
    {"root\\basicrender", DISPLAY_EMULATED},
};

static bool begins_with(const char *text, const char *lower_prefix) {
  while (*lower_prefix) {
    if (tolower((unsigned char)*text++) != *lower_prefix++)
      return false;
  }
  return true;
}

enum display_kind display_kind_of(const char *hardware_id) {
  for (size_t i = 0; i < sizeof known_ids / sizeof known_ids[0]; i++) {
    if (begins_with(hardware_id, known_ids[i].prefix))
      return known_ids[i].kind;
  }
  return virtual_display_find(hardware_id) ? DISPLAY_VIRTUAL : DISPLAY_GPU;
}

static int rank_of(const struct display_output *output) {
  if (!output->active && (!output->connected || output->kind == DISPLAY_EMULATED))
    return RANK_NEVER;
  switch (output->kind) {
  case DISPLAY_GPU:
    return !output->active ? 2 : output->primary ? 0 : 1;
  case DISPLAY_VIRTUAL:
    return output->active ? 3 : 4;
  case DISPLAY_EMULATED:
    return 5;
  }
  return RANK_NEVER;
}

static uint32_t count_active(const struct display_scene *scene) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < scene->count; i++)
    count += scene->list[i].active;
  return count;
}

struct display_choice display_choose(const struct display_scene *scene) {
  struct display_choice choice = {DISPLAY_NONE, 0};
  int best = RANK_NEVER;
  for (uint32_t i = 0; i < scene->count; i++) {
    const int rank = rank_of(&scene->list[i]);
    if (rank < best) {
      best = rank;
      choice.output = i;
    }
  }
  if (best == RANK_NEVER)
    return choice;
  const struct display_output *output = &scene->list[choice.output];
  const bool alone = output->active && count_active(scene) == 1;
  choice.verdict = alone || output->kind == DISPLAY_EMULATED ? DISPLAY_FINE : DISPLAY_ISOLATE;
  return choice;
}

static int visible_rank_of(const struct display_output *output) {
  if (output->kind == DISPLAY_VIRTUAL || (!output->active && !output->connected))
    return RANK_NEVER;
  return (output->kind == DISPLAY_EMULATED ? 2 : 0) + (output->active ? 0 : 1);
}

bool display_is_blind(const struct display_scene *scene, uint32_t *output) {
  bool primary_is_virtual = false;
  int best = RANK_NEVER;
  for (uint32_t i = 0; i < scene->count; i++) {
    const int rank = visible_rank_of(&scene->list[i]);
    primary_is_virtual |= scene->list[i].primary && scene->list[i].kind == DISPLAY_VIRTUAL;
    if (rank < best) {
      best = rank;
      *output = i;
    }
  }
  return primary_is_virtual && best < RANK_NEVER;
}

const char *display_advice(const struct display_scene *scene, char *to, size_t capacity) {
  const struct display_choice choice = display_choose(scene);
  const bool best_is_real = choice.verdict != DISPLAY_NONE && scene->list[choice.output].kind != DISPLAY_EMULATED;
  to[0] = 0;
  if (best_is_real)
    return to;
  if (scene->gpus > 0)
    snprintf(to, capacity,
             "%s has no active output, so there is nothing of it to show: connect a second cable of the monitor, a dummy plug, or "
             "install a virtual display driver",
             scene->gpu_name);
  else if (choice.verdict == DISPLAY_NONE)
    snprintf(to, capacity, "no display adapter has an active output");
  return to;
}

static uint32_t distance(uint32_t one, uint32_t other) { return one > other ? one - other : other - one; }

static bool is_nearer(uint32_t candidate_mhz, uint32_t best_mhz, uint32_t wish_mhz) {
  if (wish_mhz == 0)
    return candidate_mhz > best_mhz;
  const bool candidate_reaches = candidate_mhz >= wish_mhz, best_reaches = best_mhz >= wish_mhz;
  if (candidate_reaches != best_reaches)
    return candidate_reaches;
  return distance(candidate_mhz, wish_mhz) < distance(best_mhz, wish_mhz);
}

int display_mode_pick(const struct display_mode *modes, uint32_t count, const struct display_mode *wish) {
  int best = -1;
  for (uint32_t i = 0; i < count; i++) {
    if (modes[i].width != wish->width || modes[i].height != wish->height)
      continue;
    if (best < 0 || is_nearer(modes[i].refresh_mhz, modes[best].refresh_mhz, wish->refresh_mhz))
      best = (int)i;
  }
  return best;
}
