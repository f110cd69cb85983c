#define LOG_MODULE "agent"
#include "guest/linux/agent_loop.h"

#include "common/clock.h"
#include "common/log.h"
#include "guest/core/test_card.h"
#include "guest/linux/input_activity.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define SLEEP_WORTH_SAYING_NS INT64_C(1000000000) /* less may be the time between the two clocks' reading */
#define SECOND_NS UINT64_C(1000000000)
/* Input is watched only while the agent rests at least so long: a mouse may report a thousand times a second, and an agent that polls at
 * the display's rate gains nothing from being woken besides. */
#define WATCH_INPUT_FROM_NS UINT64_C(50000000)

enum { SIGNALS, DEVICE, INPUT, SOURCES };

struct loop {
  struct agent *agent;
  struct region_device *device;
  struct input_activity *activity;
  struct screen_capture *reacts;
  struct pollfd fds[SOURCES]; /* fd -1 = not waited for */
  bool watching_input;
  int64_t slept_ns; /* of the guest since it booted */
};

static int open_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, NULL);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What happened while nobody watched is no news. */
static void watch_input(struct loop *loop, uint64_t rest_ns) {
  const bool watch = loop->reacts || (loop->activity && rest_ns >= WATCH_INPUT_FROM_NS);
  if (watch && !loop->watching_input && !loop->reacts)
    input_activity_take(loop->activity);
  loop->watching_input = watch;
  loop->fds[INPUT].fd = watch ? input_activity_fd(loop->activity) : -1;
}

static void take_input(struct loop *loop) {
  uint64_t age_ns;
  if (!input_activity_take(loop->activity))
    return;
  if (!loop->reacts) {
    agent_note_activity(loop->agent);
  } else if (input_activity_action(loop->activity, clock_monotonic_ns(), &age_ns)) {
    test_card_react(loop->reacts, clock_raw_ns() - age_ns);
    agent_look_now(loop->agent);
  }
}

/* False when a signal asks us to end. */
static bool rest(struct loop *loop, uint64_t rest_ns) {
  watch_input(loop, rest_ns);
  const struct region_device_impl *device = loop->device->impl;
  loop->fds[DEVICE].fd = device->event ? (int)device->event(loop->device) : -1;
  const struct timespec timeout = {.tv_sec = (time_t)(rest_ns / SECOND_NS), .tv_nsec = (long)(rest_ns % SECOND_NS)};
  if (ppoll(loop->fds, SOURCES, &timeout, NULL) <= 0)
    return true;
  if (loop->fds[DEVICE].revents)
    device->event_take(loop->device);
  if (loop->fds[INPUT].revents)
    take_input(loop);
  return loop->fds[SIGNALS].revents == 0;
}

/* Time that only one of the two clocks counts: the guest was suspended. */
static int64_t slept_since_boot_ns(void) {
  struct timespec with, without;
  clock_gettime(CLOCK_BOOTTIME, &with);
  clock_gettime(CLOCK_MONOTONIC, &without);
  return ((int64_t)with.tv_sec - without.tv_sec) * (int64_t)SECOND_NS + with.tv_nsec - without.tv_nsec;
}

/* Everything is looked at anew before each frame, so waking up needs no more than being said. */
static void note_sleep(struct loop *loop) {
  const int64_t slept_ns = slept_since_boot_ns();
  if (slept_ns < loop->slept_ns + SLEEP_WORTH_SAYING_NS)
    return;
  log_info("the guest was suspended for %.1f s", (double)(slept_ns - loop->slept_ns) / 1e9);
  agent_note_activity(loop->agent);
  loop->slept_ns = slept_ns;
}

static uint64_t rest_until(uint64_t due_ns) {
  const uint64_t now_ns = clock_raw_ns();
  return due_ns > now_ns ? due_ns - now_ns : 0;
}

bool agent_loop_run(struct agent *agent, struct region_device *device, struct input_activity *activity, struct screen_capture *reacts,
                    uint64_t seconds) {
  struct loop loop = {.agent = agent, .device = device, .activity = activity, .reacts = reacts, .slept_ns = slept_since_boot_ns()};
  for (int i = 0; i < SOURCES; i++)
    loop.fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
  loop.fds[SIGNALS].fd = open_signals();
  if (loop.fds[SIGNALS].fd < 0) {
    log_error("cannot wait for signals: %s", strerror(errno));
    return false;
  }
  const uint64_t end_ns = seconds ? clock_raw_ns() + seconds * SECOND_NS : UINT64_MAX;
  bool go_on = true;
  while (go_on) {
    note_sleep(&loop);
    const uint64_t due_ns = agent_step(agent);
    go_on = agent_end(agent) == AGENT_GOES_ON && clock_raw_ns() < end_ns && rest(&loop, rest_until(due_ns < end_ns ? due_ns : end_ns));
  }
  close(loop.fds[SIGNALS].fd);
  return agent_end(agent) == AGENT_GOES_ON || agent_end(agent) == AGENT_DONE;
}
