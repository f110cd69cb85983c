#define LOG_MODULE "agent"
#include "common/clock.h"
#include "common/exit_status.h"
#include "common/log.h"
#include "common/memory_copy.h"
#include "guest/core/stats_report.h"
#include "guest/linux/agent_loop.h"
#include "guest/linux/agent_report.h"
#include "guest/linux/agent_settings.h"
#include "guest/linux/capture_drm.h"
#include "guest/linux/input_activity.h"
#include "guest/linux/region_device_linux.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct screens {
  struct screen_capture *captures[TRANSOM_HEADS_MAX];
  uint32_t count;
};

static struct screen_capture *create_capture(const struct agent_settings *settings, const struct test_card_options *card, uint32_t screen) {
  struct test_card_options its_card = *card;
  its_card.screen = screen;
  switch ((enum agent_source)settings->source) {
  case AGENT_SOURCE_TEST_CARD:
    return test_card_create(&its_card);
  case AGENT_SOURCE_LOOP_CARD:
    its_card.damage_percent = 0; /* strip and text */
    its_card.reacts = true;
    return test_card_create(&its_card);
  case AGENT_SOURCE_AUTO:
  case AGENT_SOURCE_DRM:
    break;
  }
  return capture_drm_create((int)settings->card, screen);
}

/* A test card more would be one that nobody asked for. */
static uint32_t heads_wanted(const struct agent_settings *settings) {
  const bool is_card = settings->source == AGENT_SOURCE_TEST_CARD || settings->source == AGENT_SOURCE_LOOP_CARD;
  return settings->heads ? (uint32_t)settings->heads : is_card ? 1 : TRANSOM_HEADS_MAX;
}

static void destroy_screens(struct screens *screens) {
  for (uint32_t i = 0; i < screens->count; i++)
    screens->captures[i]->impl->destroy(screens->captures[i]);
}

static bool create_screens(const struct agent_settings *settings, const struct test_card_options *card, struct screens *screens) {
  *screens = (struct screens){.count = 0};
  for (uint32_t wanted = heads_wanted(settings); screens->count < wanted; screens->count++) {
    screens->captures[screens->count] = create_capture(settings, card, screens->count);
    if (!screens->captures[screens->count]) {
      destroy_screens(screens);
      return false;
    }
  }
  return true;
}

static enum exit_status run(const struct agent_settings *settings, struct region_device *device, const struct screens *screens) {
  char host_name[32] = "";
  gethostname(host_name, sizeof host_name - 1);
  const struct agent_options options = {
      .slots = (uint32_t)settings->publish.slots, .frames_max = (uint64_t)settings->publish.frames, .guest_name = host_name};
  struct agent_ports ports = {.device = device, .now_ns = clock_raw_ns};
  memcpy(ports.captures, screens->captures, sizeof ports.captures);
  struct agent *agent = agent_create(&options, &ports);
  if (!agent)
    return EXIT_STATUS_FAILED;
  struct screen_capture *reacts = settings->source == AGENT_SOURCE_LOOP_CARD ? screens->captures[0] : NULL;
  struct input_activity *activity = settings->source == AGENT_SOURCE_TEST_CARD ? NULL : input_activity_create("/dev/input");
  if (reacts && !activity) {
    log_error("cannot watch /dev/input, which the loop card reacts to: %s", strerror(errno));
    agent_destroy(agent);
    return EXIT_STATUS_CANNOT_RUN_HERE;
  }
  const uint64_t started_ns = clock_raw_ns();
  const bool good = agent_loop_run(agent, device, activity, reacts, (uint64_t)settings->publish.seconds);
  agent_finish(agent);
  struct agent_stats stats;
  agent_stats(agent, &stats);
  stats_report_log(&stats, clock_raw_ns() - started_ns);
  if (settings->publish.stats == STATS_FORM_JSON)
    stats_report_json(&stats, clock_raw_ns() - started_ns);
  input_activity_destroy(activity);
  agent_destroy(agent);
  return good ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

static enum exit_status with_capture(enum agent_verb verb, const struct agent_settings *settings, const struct test_card_options *card,
                                     struct region_device *device) {
  struct screens screens;
  if (!create_screens(settings, card, &screens)) {
    log_error("out of memory for the screen's source");
    return EXIT_STATUS_FAILED;
  }
  const enum exit_status status =
      verb == AGENT_VERB_SELFTEST ? agent_report_selftest(device, screens.captures[0]) : run(settings, device, &screens);
  destroy_screens(&screens);
  return status;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN); /* a server may hand us a pipe for a doorbell, and close it */
  struct agent_settings settings;
  struct test_card_options card;
  enum agent_verb verb;
  const enum options_result parsed = agent_settings_parse(argc, argv, &settings, &verb);
  if (parsed != OPTIONS_OK)
    return parsed == OPTIONS_HELP ? EXIT_STATUS_OK : EXIT_STATUS_USAGE;
  if (!publish_settings_test_card(&settings.publish, &card))
    return EXIT_STATUS_USAGE;
  log_set_level((enum log_level)settings.publish.log_level);
  memory_copy_init();
  char error[REGION_ERROR_BYTES];
  const struct region_choice choice = {.where = settings.region,
                                       .address = settings.device,
                                       .create_bytes = verb == AGENT_VERB_RUN ? (uint64_t)settings.publish.region_mib << 20 : 0,
                                       .take_over = verb == AGENT_VERB_RUN && settings.take_over};
  struct region_device *device = region_device_linux_open(&choice, error);
  if (!device) {
    log_error("%s", error);
    return strcmp(settings.region, "auto") == 0 ? EXIT_STATUS_CANNOT_RUN_HERE : EXIT_STATUS_FAILED;
  }
  const enum exit_status status = verb == AGENT_VERB_STATUS ? agent_report_status(device) : with_capture(verb, &settings, &card, device);
  device->impl->destroy(device);
  return status;
}
