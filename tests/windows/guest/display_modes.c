/* display_modes RESULT-FILE: the agent's display_system on this desktop. Lists the outputs, sets a mode, gives it back, and writes down
 * what Windows says of the display before, between and after. A file, because `wine explorer /desktop=` returns neither output nor status.
 */
#include "guest/windows/display_system_windows.h"

#include <stdio.h>
#include <windows.h>

static void write_mode(FILE *to, const char *when) {
  DEVMODEW mode = {.dmSize = sizeof mode};
  if (EnumDisplaySettingsW(NULL, ENUM_CURRENT_SETTINGS, &mode))
    fprintf(to, "%s %lux%lu\n", when, mode.dmPelsWidth, mode.dmPelsHeight);
}

static void write_scene(FILE *to, const struct display_scene *scene) {
  char advice[240];
  fprintf(to, "outputs %u, gpus %u\n", scene->count, scene->gpus);
  for (unsigned i = 0; i < scene->count; i++) {
    const struct display_output *output = &scene->list[i];
    fprintf(to, "output %u: kind %d connected %d active %d primary %d %s\n", i, output->kind, output->connected, output->active,
            output->primary, output->adapter);
  }
  fprintf(to, "advice: %s\n", display_advice(scene, advice, sizeof advice));
}

static void exercise(FILE *to, struct display_system *displays) {
  struct display_scene scene;
  if (!displays->impl->list(displays, &scene)) {
    fputs("no list\n", to);
    return;
  }
  write_scene(to, &scene);
  write_mode(to, "before");
  const struct display_choice choice = display_choose(&scene);
  fprintf(to, "verdict %d\n", choice.verdict);
  if (choice.verdict == DISPLAY_NONE)
    return;
  displays->impl->keep_awake(displays, true);
  fprintf(to, "set %d\n", displays->impl->set_mode(displays, choice.output, &(struct display_mode){800, 600, 0}));
  write_mode(to, "between");
  fprintf(to, "impossible %d\n", displays->impl->set_mode(displays, choice.output, &(struct display_mode){801, 601, 0}));
  fprintf(to, "restore %d\n", displays->impl->restore(displays));
  displays->impl->keep_awake(displays, false);
  write_mode(to, "after");
}

int main(int argc, char **argv) {
  FILE *to = argc == 2 ? fopen(argv[1], "w") : NULL;
  struct display_system *displays = display_system_windows_create();
  if (!to || !displays)
    return 1;
  exercise(to, displays);
  displays->impl->destroy(displays);
  fputs("done\n", to);
  return fclose(to) != 0;
}
