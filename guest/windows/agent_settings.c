#include "guest/windows/agent_settings.h"

#include "guest/windows/data_directory.h"

#define CONFIG_FILE "agent.conf"

static const char *const sources[] = {"auto", "duplication", "gdi", "test-card", "texture", NULL};
static const char *const copies[] = {"auto", "direct", "readback", "staging", NULL};
static const char *const cache_modes[] = {"wc", "wb", "uc", NULL};

#define FIELD(field) .offset = offsetof(struct agent_settings, field)
#define TEXT(field) .kind = OPTION_STRING, FIELD(field), .capacity = sizeof(((struct agent_settings *)0)->field)
#define CHOICE(field, words) .kind = OPTION_CHOICE, FIELD(field), .choices = (words)

static const struct option_entry entries[] = {
    {.name = "region", TEXT(region), .argument = "auto|FILE", .help = "shared memory; auto: the VM's IVSHMEM device, by its driver"},
    {.name = "device", TEXT(device), .argument = "N|SIZE", .help = "which IVSHMEM device: its number, or its size (128M)"},
    {.name = "cache-mode", CHOICE(cache_mode, cache_modes), .help = "how the driver maps it (wc: write-combining)"},
    {.name = "source", CHOICE(source, sources), .help = "what to show; auto: the screen, the best way that works"},
    {.name = "copy", CHOICE(copy, copies), .help = "how a texture gets into the region; auto: the best way that works"},
    {.name = "full-copies", .kind = OPTION_FLAG, FIELD(full_copies), .help = "copy whole frames, not what changed"},
    {.name = "fault", TEXT(fault), .argument = "STEP,...", .help = "pretend that these steps fail (for tests)"},
    {.name = "output",
     .kind = OPTION_INT,
     FIELD(output),
     .minimum = 0,
     .maximum = 63,
     .argument = "N",
     .help = "which active output of the GPUs, in their order (0)"},
    {.name = "only-display",
     .kind = OPTION_FLAG,
     FIELD(only_display),
     .help = "the display that is shown is the only one while a viewer watches (on)"},
    {.name = "keep-awake", .kind = OPTION_FLAG, FIELD(keep_awake), .help = "no sleep and no screen saver while a viewer watches (on)"},
    {.name = "stop-event", TEXT(stop_event), .argument = "NAME", .help = "end when this event is set (for the service)"},
    {.name = "keep-data", .kind = OPTION_FLAG, FIELD(keep_data), .help = "uninstall: settings and logs stay"},
    {.name = "json", .kind = OPTION_FLAG, FIELD(json), .help = "selftest and status: as JSON"},
    PUBLISH_SETTINGS_ENTRIES(offsetof(struct agent_settings, publish)),
    {0},
};

static const struct option_table table = {
    .usage = "transom-agent [run|install|uninstall|status|driver|selftest|loop-card] [OPTION...]",
    .summary = PUBLISH_SETTINGS_SUMMARY,
    .entries = entries,
    .epilog = "Options may also stand in ProgramData\\Transom\\" CONFIG_FILE ", section [agent].",
};

static const struct agent_settings defaults = {
    .region = "auto", .only_display = true, .keep_awake = true, .publish = PUBLISH_SETTINGS_DEFAULT};

enum options_result agent_settings_parse(int argc, char **argv, struct agent_settings *settings, const char **verb) {
  *settings = defaults;
  *verb = "run";
  char path[DATA_PATH_BYTES];
  if (data_directory_path(CONFIG_FILE, path))
    options_load_file(&table, path, "agent", settings, settings->config_fault, sizeof settings->config_fault);
  return options_parse(&table, argc, argv, settings, verb, 1, NULL);
}
