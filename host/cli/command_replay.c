#define LOG_MODULE "replay"
#include "common/exit_status.h"
#include "common/log.h"
#include "common/options.h"
#include "host/cli/command.h"
#include "host/cli/interrupt.h"
#include "host/event/event_loop.h"
#include "host/input/input_delivery.h"
#include "host/input/input_sink_usb_hid.h"
#include "host/input/input_source_replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SOCKET_BYTES 108
#define READY_WITHIN_NS UINT64_C(10000000000) /* a guest that boots reads its keyboard later than this: start it first */

struct arguments {
  char qmp[SOCKET_BYTES], usb[SOCKET_BYTES];
};

static const struct option_entry entries[] = {
    {.name = "qmp",
     .kind = OPTION_STRING,
     .offset = offsetof(struct arguments, qmp),
     .capacity = SOCKET_BYTES,
     .argument = "SOCKET",
     .help = "through QEMU's monitor (-qmp unix:SOCKET,server=on,wait=off)"},
    {.name = "usb",
     .kind = OPTION_STRING,
     .offset = offsetof(struct arguments, usb),
     .capacity = SOCKET_BYTES,
     .argument = "SOCKET",
     .help = "as a USB device (-chardev socket,id=usb,path=SOCKET,server=on,wait=off -device usb-redir,chardev=usb)"},
    {0},
};

static const struct option_table table = {
    .usage = "transom replay FILE --qmp SOCKET | --usb SOCKET",
    .summary = "Plays a recording of transom record into a guest, at its own speed.",
    .entries = entries,
};

struct player {
  struct event_loop *loop;
  const char *path;
  struct input_source *source;
  struct input_delivery delivery;
  struct event_source *patience; /* timer */
  bool started, failed;
};

static void fail(struct player *player) {
  player->failed = true;
  event_loop_stop(player->loop);
}

static void on_report(const struct input_event *events, size_t count, void *user_data) {
  struct player *player = user_data;
  input_delivery_report(&player->delivery, events, count);
}

static void on_ended(const char *fault, void *user_data) {
  struct player *player = user_data;
  if (fault)
    log_error("%s; everything was released", fault);
  player->failed |= fault != NULL;
  event_loop_stop(player->loop);
}

static void on_ready(bool ready, void *user_data) {
  struct player *player = user_data;
  if (ready && !player->started) {
    player->started = true;
    event_timer_set(player->patience, 0, 0);
    input_source_replay_start(player->source);
  } else if (!ready && player->started) {
    log_error("the guest stopped listening before the recording's end");
    fail(player);
  }
}

static void on_impatient(void *user_data) {
  log_error("the guest does not listen on this socket; is the VM running, and no viewer connected to it?");
  fail(user_data);
}

/* The player hears of it from the start: a USB sink may be ready before connect() returns. */
static bool create_sink(struct player *player, const struct arguments *arguments) {
  const bool by_usb = arguments->usb[0];
  struct input_sink *sink = by_usb ? input_sink_usb_hid_create(player->loop) : input_sink_qmp_create(player->loop, arguments->qmp);
  if (!sink)
    return false;
  player->delivery.sink = sink;
  sink->ready = on_ready;
  sink->ready_user_data = player;
  if (!by_usb)
    return true;
  const uint8_t controllers = input_source_replay_controllers(player->path);
  if (!input_sink_usb_hid_set_controllers(sink, controllers))
    log_warning("the guest sees fewer than the %u game controllers of the recording", controllers);
  return input_sink_usb_hid_connect(sink, arguments->usb);
}

static void destroy_sink(struct input_sink *sink) {
  if (!sink)
    return;
  sink->ready = NULL;
  sink->impl->destroy(sink); /* after every key came up */
}

static int play(struct player *player, const struct arguments *arguments) {
  static const struct input_source_events events = {.report = on_report};
  player->source->events = &events;
  player->source->user_data = player;
  player->patience = event_loop_add_timer(player->loop, on_impatient, player);
  if (!player->patience || !create_sink(player, arguments)) {
    log_error("cannot use %s: %s", arguments->usb[0] ? arguments->usb : arguments->qmp, strerror(errno));
    destroy_sink(player->delivery.sink);
    event_source_remove(player->patience);
    return EXIT_STATUS_FAILED;
  }
  event_timer_set(player->patience, player->started ? 0 : READY_WITHIN_NS, 0);
  interrupt_stops(player->loop);
  const int status = event_loop_run(player->loop);
  interrupt_stops(NULL);
  player->source->events = NULL;
  destroy_sink(player->delivery.sink);
  event_source_remove(player->patience);
  return status || player->failed || interrupt_came() ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

static int run_with(struct event_loop *loop, const char *path, const struct arguments *arguments) {
  struct player player = {.loop = loop, .path = path};
  player.source = input_source_replay_create(loop, path, on_ended, &player);
  if (!player.source && errno == EINVAL)
    log_error("%s is no recording of transom record: its first line is not 'transom-recording 1'", path);
  else if (!player.source)
    log_error("cannot read %s: %s", path, strerror(errno));
  if (!player.source)
    return EXIT_STATUS_FAILED;
  const int status = play(&player, arguments);
  player.source->impl->destroy(player.source);
  return status;
}

static int run(int argc, char **argv) {
  struct arguments arguments = {.qmp = ""};
  const char *path = NULL;
  int count = 0;
  const enum options_result result = options_parse(&table, argc, argv, &arguments, &path, 1, &count);
  if (result != OPTIONS_OK)
    return result == OPTIONS_HELP ? EXIT_STATUS_OK : EXIT_STATUS_USAGE;
  if (count == 0 || !arguments.qmp[0] == !arguments.usb[0]) {
    fprintf(stderr, "transom replay: %s; try --help\n",
            count == 0 ? "FILE is missing" : "either --qmp SOCKET or --usb SOCKET must be given");
    return EXIT_STATUS_USAGE;
  }
  log_set_level(LOG_WARNING); /* a line for what went wrong, none for connections */
  struct event_loop *loop = event_loop_create(EVENT_LOOP_AUTO);
  if (!loop) {
    log_error("cannot start: %s", strerror(errno));
    return EXIT_STATUS_FAILED;
  }
  const int status = run_with(loop, path, &arguments);
  event_loop_destroy(loop);
  return status;
}

const struct command command_replay = {.name = "replay", .summary = "play recorded keyboard and mouse events into a guest", .run = run};
