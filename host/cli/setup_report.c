#include "host/cli/setup_report.h"

#include "host/vm/text_diff.h"

#include <stdio.h>
#include <stdlib.h>

static void print_notes(const struct setup_plan *plan) {
  static const char *const marks[] = {
      [SETUP_NOTE_CHANGE] = "change ", [SETUP_NOTE_KEPT] = "kept   ", [SETUP_NOTE_WARNING] = "warning", [SETUP_NOTE_ADVICE] = "advice "};
  for (unsigned i = 0; i < plan->note_count; i++)
    printf("%s  %s\n", marks[plan->notes[i].kind], plan->notes[i].text);
}

static void print_diff(const char *current, const char *text, const char *name) {
  char *diff = text_diff_unified(current, text, name, "after setup");
  if (diff)
    printf("\n%s\n", diff);
  else
    printf("\n(The difference cannot be shown: the definition is too long.)\n\n");
  free(diff);
}

void setup_report_plan(const struct setup_plan *plan, const char *current, const char *name) {
  print_notes(plan);
  if (plan->changed)
    print_diff(current, plan->text, name);
}

void setup_report_system(const struct setup_system *system, uint64_t region_bytes) {
  const char *who = system->is_user ? "" : " (needs root)";
  for (unsigned i = 0; i < system->file_count; i++)
    printf("write    %s%s\n", system->files[i].path, who);
  if (system->with_server)
    printf("enable   %s%s, with %llu MiB of shared memory\n", system->unit, who, (unsigned long long)(region_bytes >> 20));
  if (system->join_group[0])
    printf("join     %s becomes a member of the group transom%s; log in again for it to count\n", system->join_group, who);
}

void setup_report_undo(const struct setup_undo *undo, const char *current, const char *name) {
  if (undo->changed_since)
    printf("The definition was edited since setup: only what setup changed is taken back.\n");
  if (undo->not_undone)
    printf("%u of its changes cannot be recognised any more and stay.\n", undo->not_undone);
  print_diff(current, undo->text, name);
}
