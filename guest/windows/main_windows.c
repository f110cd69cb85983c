#include "common/log.h"
#include "common/memory_copy.h"
#include "guest/windows/command_line.h"
#include "guest/windows/verbs.h"

#include <stdio.h>
#include <string.h>

struct verb {
  const char *name;
  enum exit_status (*run)(const struct agent_settings *settings);
};

static const struct verb verbs[] = {
    {"run", verb_run},         {"selftest", verb_selftest}, {"install", verb_install}, {"uninstall", verb_uninstall},
    {"service", verb_service}, {"status", verb_status},     {"driver", verb_driver},   {"loop-card", verb_loop_card},
};

static const struct verb *find_verb(const char *name) {
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
    if (strcmp(verbs[i].name, name) == 0)
      return &verbs[i];
  }
  return NULL;
}

static enum exit_status run_verb(int argc, char **argv) {
  struct agent_settings settings;
  const char *name;
  const enum options_result parsed = agent_settings_parse(argc, argv, &settings, &name);
  if (parsed != OPTIONS_OK)
    return parsed == OPTIONS_HELP ? EXIT_STATUS_OK : EXIT_STATUS_USAGE;
  const struct verb *verb = find_verb(name);
  if (!verb) {
    fprintf(stderr, "transom-agent: '%s' is no verb; try --help\n", name);
    return EXIT_STATUS_USAGE;
  }
  log_set_level((enum log_level)settings.publish.log_level);
  memory_copy_init();
  return verb->run(&settings);
}

int wmain(int argc, wchar_t **wide); /* the C library declares it nowhere */

int wmain(int argc, wchar_t **wide) {
  setvbuf(stderr, NULL, _IONBF, 0); /* a runtime that buffers it for a file would keep the last lines of one that is killed */
  char **argv = command_line_utf8(argc, wide);
  if (!argv) {
    fputs("transom-agent: out of memory\n", stderr);
    return EXIT_STATUS_FAILED;
  }
  const enum exit_status status = run_verb(argc, argv);
  command_line_free(argv);
  return status;
}
