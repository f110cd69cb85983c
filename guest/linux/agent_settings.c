#include "guest/linux/agent_settings.h"

#include "protocol/layout.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_PATH "/etc/transom/agent.conf"

static const char *const sources[] = {"auto", "drm", "test-card", "loop-card", NULL};

#define FIELD(name) .offset = offsetof(struct agent_settings, name)
#define TEXT(name) .kind = OPTION_STRING, FIELD(name), .capacity = sizeof(((struct agent_settings *)0)->name)

static const struct option_entry entries[] = {
    {.name = "region", TEXT(region), .argument = "FILE|server:SOCKET|auto", .help = "shared memory; auto: the VM's IVSHMEM device"},
    {.name = "device", TEXT(device), .argument = "ADDRESS", .help = "PCI address, where there are several (0000:00:04.0)"},
    {.name = "take-over",
     .kind = OPTION_FLAG,
     FIELD(take_over),
     .help = "format the region that --device or --region names even if it holds something else"},
    {.name = "source", .kind = OPTION_CHOICE, FIELD(source), .choices = sources, .help = "what to show; auto: the screen"},
    {.name = "card",
     .kind = OPTION_INT,
     FIELD(card),
     .minimum = -1,
     .maximum = 63,
     .argument = "N",
     .help = "/dev/dri/cardN (the first that shows something)"},
    {.name = "heads",
     .kind = OPTION_INT,
     FIELD(heads),
     .maximum = TRANSOM_HEADS_MAX,
     .argument = "N",
     .help = "screens to publish at most (0: all that show something; one test card)"},
    PUBLISH_SETTINGS_ENTRIES(offsetof(struct agent_settings, publish)),
    {0},
};

static const struct option_table table = {
    .usage = "transom-agent [run|status|selftest] [OPTION...]",
    .summary = PUBLISH_SETTINGS_SUMMARY,
    .entries = entries,
    .epilog = "Options may also stand in " CONFIG_PATH ", section [agent].",
};

static const struct agent_settings defaults = {
    .region = "auto",
    .card = -1,
    .publish = PUBLISH_SETTINGS_DEFAULT,
};

static bool parse_verb(const char *word, enum agent_verb *verb) {
  static const char *const verbs[] = {"run", "status", "selftest"};
  for (int i = 0; i < 3; i++) {
    if (strcmp(word, verbs[i]) == 0) {
      *verb = (enum agent_verb)i;
      return true;
    }
  }
  fprintf(stderr, "transom-agent: '%s' is no verb: run, status or selftest; try --help\n", word);
  return false;
}

enum options_result agent_settings_parse(int argc, char **argv, struct agent_settings *settings, enum agent_verb *verb) {
  *settings = defaults;
  char error[256];
  if (!options_load_file(&table, CONFIG_PATH, "agent", settings, error, sizeof error)) {
    fprintf(stderr, "transom-agent: %s\n", error);
    return OPTIONS_ERROR;
  }
  const char *word = "run";
  int count;
  const enum options_result result = options_parse(&table, argc, argv, settings, &word, 1, &count);
  if (result != OPTIONS_OK)
    return result;
  return parse_verb(word, verb) ? OPTIONS_OK : OPTIONS_ERROR;
}
