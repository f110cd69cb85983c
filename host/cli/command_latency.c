#include "common/exit_status.h"
#include "common/log.h"
#include "common/options.h"
#include "host/app/domain_source.h"
#include "host/app/own_server.h"
#include "host/app/report_file.h"
#include "host/app/settings.h"
#include "host/app/viewer.h"
#include "host/cli/command.h"
#include "host/cli/latency_loop_report.h"
#include "host/present/presenter_select.h"

#include <stdio.h>
#include <string.h>

#define SECONDS_MAX (24 * 3600)
#define WORDS_MAX 22
#define TRIALS_DEFAULT 300

struct arguments {
  char region[SETTINGS_PATH_BYTES], json[SETTINGS_PATH_BYTES], csv[SETTINGS_PATH_BYTES], html[SETTINGS_PATH_BYTES];
  char stats_socket[SETTINGS_PATH_BYTES], qmp[SETTINGS_PATH_BYTES], usb[SETTINGS_PATH_BYTES];
  int64_t seconds, head;
  int64_t trials; /* 0 = TRIALS_DEFAULT */
  int renderer;   /* enum presenter_kind */
  int sink;       /* enum latency_loop_sink */
  bool same_clock, loop, take_input;
};

#define FIELD(name) offsetof(struct arguments, name)
#define PATH(name) .kind = OPTION_STRING, .offset = FIELD(name), .capacity = SETTINGS_PATH_BYTES

static const struct option_entry entries[] = {
    {.name = "region", PATH(region), .argument = "REGION", .help = "server:SOCKET of transom-serve, or a shared memory file"},
    {.name = "head", .kind = OPTION_INT, .offset = FIELD(head), .maximum = 15, .argument = "N", .help = "the guest's screen, from 0"},
    {.name = "renderer",
     .kind = OPTION_CHOICE,
     .offset = FIELD(renderer),
     .choices = presenter_kind_names,
     .help = "how to show pictures meanwhile (headless)"},
    {.name = "seconds",
     .kind = OPTION_INT,
     .offset = FIELD(seconds),
     .minimum = 1,
     .maximum = SECONDS_MAX,
     .argument = "N",
     .help = "end after N seconds (default: at Ctrl-C)"},
    {.name = "json", PATH(json), .argument = "FILE", .help = "write the figures as JSON; - for standard output, without the table"},
    {.name = "csv", PATH(csv), .argument = "FILE", .help = "write one row a frame; --loop: a trial"},
    {.name = "html", PATH(html), .argument = "FILE", .help = "write one page with plots"},
    {.name = "stats-socket", PATH(stats_socket), .argument = "PATH", .help = "offer the figures to other programs meanwhile"},
    {.name = "same-clock",
     .kind = OPTION_FLAG,
     .offset = FIELD(same_clock),
     .help = "the agent runs on this host: its stamps are compared with our clock"},
    {.name = "loop",
     .kind = OPTION_FLAG,
     .offset = FIELD(loop),
     .help = "measure from input to screen; the guest shows transom-agent's loop card"},
    {.name = "trials",
     .kind = OPTION_INT,
     .offset = FIELD(trials),
     .minimum = 1,
     .maximum = 100000,
     .argument = "N",
     .help = "--loop: presses through each sink (300)"},
    {.name = "sink",
     .kind = OPTION_CHOICE,
     .offset = FIELD(sink),
     .choices = latency_loop_sink_names,
     .help = "--loop: the way to the guest, or both of them, one after the other (both)"},
    {.name = "qmp", PATH(qmp), .argument = "SOCKET", .help = "--loop: QEMU's monitor"},
    {.name = "usb", PATH(usb), .argument = "SOCKET", .help = "--loop: QEMU's usb-redir chardev, where transom-serve does not hand it over"},
    {.name = "take-input", .kind = OPTION_FLAG, .offset = FIELD(take_input), .help = "--loop: from another viewer that has the VM's input"},
    {0},
};

static const struct option_table table = {
    .usage = "transom latency [DOMAIN] [OPTION...]",
    .summary = "Measures how long a guest's frames take to be shown, stage by stage.",
    .entries = entries,
    .epilog = "One-way figures carry the bound of the clocks' relation, and are refused where that is worse than 10 % of them.",
};

/* The viewer finds sockets and reads its configuration as always; what would show, save or print something else is undone. */
static enum options_result load(const struct arguments *arguments, const char *domain, struct view_settings *settings) {
  struct settings_storage storage;
  struct settings_places places;
  const char *words[WORDS_MAX] = {"view", "--renderer", presenter_kind_names[arguments->renderer]};
  char head[24];
  int count = 3;
  snprintf(head, sizeof head, "%lld", (long long)arguments->head);
  words[count++] = "--head";
  words[count++] = head;
  words[count++] = "--heads";
  words[count++] = "";
  if (arguments->region[0]) {
    words[count++] = "--region";
    words[count++] = arguments->region;
  }
  if (arguments->qmp[0]) {
    words[count++] = "--qmp";
    words[count++] = arguments->qmp;
  }
  if (arguments->usb[0]) {
    words[count++] = "--usb";
    words[count++] = arguments->usb;
  }
  if (arguments->take_input)
    words[count++] = "--take-input";
  if (arguments->same_clock)
    words[count++] = "--same-clock";
  if (domain)
    words[count++] = domain;
  settings_places_init(&places, &storage);
  enum options_result result = settings_load(settings, &places, count, (char **)words);
  settings->screenshot[0] = 0;
  settings->frames = 0;
  settings->seconds = arguments->seconds;
  settings->stats = SETTINGS_STATS_NONE;
  memcpy(settings->stats_socket, arguments->stats_socket, sizeof settings->stats_socket);
  return result;
}

static bool one_fits_stdout(const struct arguments *arguments) {
  if (report_file_is_stdout(arguments->json) + report_file_is_stdout(arguments->csv) + report_file_is_stdout(arguments->html) <= 1)
    return true;
  fprintf(stderr, "transom latency: only one report fits standard output; give the others a file\n");
  return false;
}

static int measure(const struct arguments *arguments, const char *domain) {
  struct view_settings settings;
  if (arguments->trials || arguments->sink || arguments->qmp[0] || arguments->usb[0] || arguments->take_input) {
    fprintf(stderr, "transom latency: --trials, --sink, --qmp, --usb and --take-input belong to --loop\n");
    return EXIT_STATUS_USAGE;
  }
  if (!one_fits_stdout(arguments))
    return EXIT_STATUS_USAGE;
  if (load(arguments, domain, &settings) != OPTIONS_OK)
    return EXIT_STATUS_USAGE;
  settings.latency = (struct latency_settings){.wanted = true,
                                               .text = !report_file_is_stdout(arguments->json) && !report_file_is_stdout(arguments->csv) &&
                                                       !report_file_is_stdout(arguments->html),
                                               .json = arguments->json,
                                               .csv = arguments->csv,
                                               .html = arguments->html};
  log_set_level((enum log_level)settings.log_level);
  struct private_server *server = own_server_start(&settings);
  int status = viewer_run(&settings);
  private_server_stop(server);
  return status;
}

static int measure_loop(const struct arguments *arguments, const char *domain) {
  struct view_settings settings;
  if (arguments->stats_socket[0] || arguments->seconds) {
    fprintf(stderr, "transom latency: with --loop there is no --stats-socket and no --seconds\n");
    return EXIT_STATUS_USAGE;
  }
  if (!one_fits_stdout(arguments))
    return EXIT_STATUS_USAGE;
  if (load(arguments, domain, &settings) != OPTIONS_OK)
    return EXIT_STATUS_USAGE;
  log_set_level((enum log_level)settings.log_level);
  if (!domain_source_resolve(&settings))
    return EXIT_STATUS_FAILED;
  const uint64_t trials = arguments->trials ? (uint64_t)arguments->trials : TRIALS_DEFAULT;
  struct private_server *server = own_server_start(&settings);
  int status = latency_loop_report(&settings, (enum latency_loop_sink)arguments->sink, trials,
                                   &(struct latency_loop_paths){arguments->json, arguments->csv, arguments->html});
  private_server_stop(server);
  domain_source_release(&settings);
  return status;
}

static int run(int argc, char **argv) {
  struct arguments arguments = {.renderer = PRESENTER_HEADLESS};
  const char *domain = NULL;
  int count = 0;
  switch (options_parse(&table, argc, argv, &arguments, &domain, 1, &count)) {
  case OPTIONS_OK:
    return (arguments.loop ? measure_loop : measure)(&arguments, count ? domain : NULL);
  case OPTIONS_HELP:
    return EXIT_STATUS_OK;
  case OPTIONS_ERROR:
    break;
  }
  return EXIT_STATUS_USAGE;
}

const struct command command_latency = {.name = "latency", .summary = "measure how long frames take, stage by stage", .run = run};
