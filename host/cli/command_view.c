#include "common/exit_status.h"
#include "common/log.h"
#include "host/app/domain_source.h"
#include "host/app/own_server.h"
#include "host/app/settings.h"
#include "host/app/viewer.h"
#include "host/cli/command.h"

static int view(struct view_settings *settings) {
  log_set_level((enum log_level)settings->log_level);
  if (!domain_source_resolve(settings))
    return EXIT_STATUS_FAILED;
  struct private_server *server = own_server_start(settings);
  int status = viewer_run(settings);
  private_server_stop(server);
  domain_source_release(settings);
  return status;
}

static int run(int argc, char **argv) {
  struct settings_storage storage;
  struct settings_places places;
  struct view_settings settings;
  settings_places_init(&places, &storage);
  switch (settings_load(&settings, &places, argc, argv)) {
  case OPTIONS_OK:
    return view(&settings);
  case OPTIONS_HELP:
    return EXIT_STATUS_OK;
  case OPTIONS_ERROR:
    break;
  }
  return EXIT_STATUS_USAGE;
}

const struct command command_view = {.name = "view", .summary = "show a guest's screen in a window (the default)", .run = run};
