#include "guest/linux/agent_settings.h"

#include "common/log.h"
#include "common/test_card_strip.h"
#include "protocol/layout.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_PATH "/etc/transom/agent.conf"

static const char *const sources[] = {"auto", "drm", "test-card", NULL};
static const char *const formats[] = {"bgra8", "rgba8", "rgb10a2", "rgba16f", NULL}; /* transom_format from 1 */
static const char *const stats_forms[] = {"none", "json", NULL};
static const char *const levels[] = {"error", "warning", "info", "debug", NULL};

#define FIELD(name) .offset = offsetof(struct agent_settings, name)
#define TEXT(name) .kind = OPTION_STRING, FIELD(name), .capacity = sizeof(((struct agent_settings *)0)->name)

static const struct option_entry entries[] = {
    {.name = "region", TEXT(region), .argument = "FILE|server:SOCKET|auto", .help = "shared memory; auto: the VM's IVSHMEM device"},
    {.name = "device", TEXT(device), .argument = "ADDRESS", .help = "PCI address, where there are several (0000:00:04.0)"},
    {.name = "take-over",
     .kind = OPTION_FLAG,
     FIELD(take_over),
     .help = "format the region that --device or --region names even if it holds something else"},
    {.name = "region-mib",
     .kind = OPTION_INT,
     FIELD(region_mib),
     .minimum = 1,
     .maximum = 16384,
     .argument = "N",
     .help = "size of a region FILE that does not exist yet (64)"},
    {.name = "source", .kind = OPTION_CHOICE, FIELD(source), .choices = sources, .help = "what to show; auto: the screen"},
    {.name = "card",
     .kind = OPTION_INT,
     FIELD(card),
     .minimum = -1,
     .maximum = 63,
     .argument = "N",
     .help = "/dev/dri/cardN (the first that shows something)"},
    {.name = "size", TEXT(size), .argument = "WxH", .help = "of the test card (1280x800)"},
    {.name = "format", .kind = OPTION_CHOICE, FIELD(format), .choices = formats, .help = "of the test card (bgra8)"},
    {.name = "rate",
     .kind = OPTION_INT,
     FIELD(rate),
     .minimum = 0,
     .maximum = 1000,
     .argument = "HZ",
     .help = "of the test card; 0: as fast as it goes (60)"},
    {.name = "damage",
     .kind = OPTION_INT,
     FIELD(damage),
     .minimum = 0,
     .maximum = 100,
     .argument = "PERCENT",
     .help = "of the test card that changes in each frame (100)"},
    {.name = "still-after",
     .kind = OPTION_INT,
     FIELD(still_after),
     .minimum = 0,
     .maximum = 1000000000,
     .argument = "N",
     .help = "the test card rests after N frames (0: never)"},
    {.name = "cursor", .kind = OPTION_FLAG, FIELD(cursor), .help = "the test card has a moving cursor"},
    {.name = "seconds",
     .kind = OPTION_INT,
     FIELD(seconds),
     .minimum = 0,
     .maximum = 1000000000,
     .argument = "N",
     .help = "stop after N seconds (0: never)"},
    {.name = "frames",
     .kind = OPTION_INT,
     FIELD(frames),
     .minimum = 0,
     .maximum = INT64_MAX,
     .argument = "N",
     .help = "stop after N published frames (0: never)"},
    {.name = "slots",
     .kind = OPTION_INT,
     FIELD(slots),
     .minimum = 0,
     .maximum = TRANSOM_SLOTS_MAX,
     .argument = "N",
     .help = "frame slots, 2 to 16 (0: as the region allows)"},
    {.name = "stats", .kind = OPTION_CHOICE, FIELD(stats), .choices = stats_forms, .help = "on stdout at the end"},
    {.name = "log-level", .kind = OPTION_CHOICE, FIELD(log_level), .choices = levels, .help = "least that is logged on stderr (info)"},
    {0},
};

static const struct option_table table = {
    .usage = "transom-agent [run|status|selftest] [OPTION...]",
    .summary = "Publishes this guest's screen in the memory that it shares with its host.",
    .entries = entries,
    .epilog = "Options may also stand in " CONFIG_PATH ", section [agent].",
};

static const struct agent_settings defaults = {
    .region = "auto",
    .region_mib = 64,
    .card = -1,
    .size = "1280x800",
    .rate = 60,
    .damage = 100,
    .log_level = LOG_INFO,
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

bool agent_settings_test_card(const struct agent_settings *settings, struct test_card_options *card) {
  unsigned width, height;
  char rest;
  if (sscanf(settings->size, "%5ux%5u%c", &width, &height, &rest) != 2 || width < TEST_CARD_EDGE_MIN || width > TRANSOM_WIDTH_MAX ||
      height < TEST_CARD_EDGE_MIN || height > TRANSOM_HEIGHT_MAX) {
    fprintf(stderr, "transom-agent: --size is WxH, from %ux%u to %ux%u, not '%s'; try --help\n", TEST_CARD_EDGE_MIN, TEST_CARD_EDGE_MIN,
            TRANSOM_WIDTH_MAX, TRANSOM_HEIGHT_MAX, settings->size);
    return false;
  }
  *card = (struct test_card_options){
      .width = width,
      .height = height,
      .format = (enum transom_format)(settings->format + 1),
      .rate = (uint32_t)settings->rate,
      .damage_percent = (uint32_t)settings->damage,
      .still_after = (uint32_t)settings->still_after,
      .cursor = settings->cursor,
  };
  return true;
}
