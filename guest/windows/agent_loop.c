#define LOG_MODULE "agent"
#include "guest/windows/agent_loop.h"

#include "common/clock.h"
#include "common/log.h"
#include "guest/windows/display_watch.h"
#include "guest/windows/input_activity.h"
#include "guest/windows/stop_wish.h"
#include "guest/windows/wide_text.h"

#include <windows.h>

#define SECOND_NS UINT64_C(1000000000)
#define SLEEP_WORTH_SAYING_NS UINT64_C(5000000000)
#define REST_IN_CAPTURE_NS UINT64_C(1000000)
#define HANDLES_MAX (STOP_WISH_HANDLES + 3u)
/* Input is listened to only while the agent rests at least so long, as on Linux: one that polls at the display's rate gains nothing. */
#define LISTEN_FROM_NS UINT64_C(50000000)
#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 0x2
#endif

struct loop {
  struct agent *agent;
  struct region_device *device;
  struct screen_capture *capture;
  struct input_activity *activity; /* NULL = the system refuses */
  HANDLE timer;
  HANDLE handles[HANDLES_MAX]; /* the wish to end, the timer, then what there is of the device's event and input */
  DWORD stops;                 /* of them, the first: the wish to end */
  bool broken;                 /* waiting failed */
};

/* High resolution came with Windows 10 1803; without it, waits end on the system's 15.6 ms grid unless another program made it finer. */
static HANDLE create_timer(void) {
  const HANDLE fine = CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, TIMER_ALL_ACCESS);
  return fine ? fine : CreateWaitableTimerExW(NULL, NULL, 0, TIMER_ALL_ACCESS);
}

static HANDLE device_event(const struct loop *loop) {
  const intptr_t event = loop->device->impl->event ? loop->device->impl->event(loop->device) : -1;
  return event != -1 ? (HANDLE)event : NULL;
}

static DWORD collect_handles(struct loop *loop) {
  DWORD count = loop->stops;
  const HANDLE device = device_event(loop);
  loop->handles[count++] = loop->timer;
  if (device)
    loop->handles[count++] = device;
  if (loop->activity)
    loop->handles[count++] = input_activity_event(loop->activity);
  return count;
}

static void take(struct loop *loop, HANDLE woken) {
  if (woken == device_event(loop)) {
    loop->device->impl->event_take(loop->device);
    log_debug("the host rang");
  }
  if (loop->activity && woken == input_activity_event(loop->activity)) {
    input_activity_listen(loop->activity, false);
    log_debug("there was input: the rest is over");
    agent_note_activity(loop->agent);
  }
}

/* Desktop Duplication tells of a new frame only to who waits in its own call, and not to who has other things to wait for: so the rest is
 * cut in pieces, of 20 ms at most. Only while somebody watches. */
static void rest_in_capture(struct loop *loop, uint64_t rest_ns) {
  const uint64_t now_ns = clock_raw_ns();
  if (loop->capture->impl->rest(loop->capture, now_ns, now_ns + rest_ns))
    agent_look_now(loop->agent);
}

static bool may_rest_in_capture(const struct loop *loop, uint64_t rest_ns) {
  struct agent_stats stats;
  agent_stats(loop->agent, &stats);
  return loop->capture->rests && stats.consumers > 0 && rest_ns >= REST_IN_CAPTURE_NS;
}

static bool cannot_wait(struct loop *loop) {
  char reason[160];
  log_error("the agent cannot wait: %s", system_error_text(GetLastError(), reason, sizeof reason));
  loop->broken = true;
  return false;
}

/* False when we are asked to end, or cannot wait. */
static bool rest(struct loop *loop, uint64_t rest_ns) {
  const bool in_capture = may_rest_in_capture(loop, rest_ns);
  if (loop->activity)
    input_activity_listen(loop->activity, rest_ns >= LISTEN_FROM_NS);
  const DWORD count = collect_handles(loop);
  const LARGE_INTEGER due = {.QuadPart = -(LONGLONG)(rest_ns / 100)}; /* relative, in 100 ns */
  if (!SetWaitableTimer(loop->timer, &due, 0, NULL, NULL, FALSE))
    return cannot_wait(loop);
  const DWORD woken = WaitForMultipleObjects(count, loop->handles, FALSE, in_capture ? 0 : INFINITE);
  if (woken == WAIT_TIMEOUT) {
    rest_in_capture(loop, rest_ns);
    return true;
  }
  if (woken >= WAIT_OBJECT_0 + count)
    return cannot_wait(loop);
  take(loop, loop->handles[woken - WAIT_OBJECT_0]);
  return woken >= WAIT_OBJECT_0 + loop->stops;
}

/* Everything is looked at anew before each frame, so waking up needs no more than being said. */
static void note_sleep(struct loop *loop, uint64_t due_ns) {
  const uint64_t now_ns = clock_raw_ns();
  if (now_ns < due_ns + SLEEP_WORTH_SAYING_NS)
    return;
  log_info("woke up %.1f s late: the guest was suspended or paused", (double)(now_ns - due_ns) / 1e9);
  agent_note_activity(loop->agent);
}

static uint64_t rest_until(uint64_t due_ns) {
  const uint64_t now_ns = clock_raw_ns();
  return due_ns > now_ns ? due_ns - now_ns : 0;
}

bool agent_loop_run(struct agent *agent, struct region_device *device, struct screen_capture *capture, uint64_t seconds) {
  char reason[160];
  struct loop loop = {.agent = agent, .device = device, .capture = capture, .timer = create_timer()};
  if (!loop.timer) {
    log_error("no timer: %s", system_error_text(GetLastError(), reason, sizeof reason));
    return false;
  }
  loop.stops = stop_wish_handles(loop.handles);
  loop.activity = input_activity_create();
  const uint64_t end_ns = seconds ? clock_raw_ns() + seconds * SECOND_NS : UINT64_MAX;
  bool go_on = true;
  while (go_on) {
    const uint64_t step_ns = agent_step(agent), watch_ns = display_watch_step(agent);
    const uint64_t next_ns = step_ns < watch_ns ? step_ns : watch_ns, due_ns = next_ns < end_ns ? next_ns : end_ns;
    const uint64_t rest_ns = rest_until(due_ns);
    go_on = agent_end(agent) == AGENT_GOES_ON && clock_raw_ns() < end_ns && rest(&loop, rest_ns);
    if (rest_ns > 0)
      note_sleep(&loop, due_ns);
  }
  input_activity_destroy(loop.activity);
  CloseHandle(loop.timer);
  return !loop.broken && (agent_end(agent) == AGENT_GOES_ON || agent_end(agent) == AGENT_DONE);
}
