#define LOG_MODULE "agent"
#include "guest/core/agent.h"

#include "common/cpu_pause.h"
#include "common/log.h"
#include "common/random.h"
#include "guest/core/cursor_publisher.h"
#include "guest/core/frame_publisher.h"
#include "guest/core/message_dispatch.h"
#include "guest/core/poll_pacer.h"
#include "guest/core/tile_compare.h"
#include "protocol/atomics.h"
#include "protocol/clock_cell.h"
#include "protocol/region_format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_LINGER_NS UINT64_C(200000) /* a consumer's next request follows in a few microseconds, when both sides run */
#define CLOCK_LOOKS_MAX 2000             /* the same where the clock stands still */
#define CLOCK_ROUNDS_MAX 16              /* so the screen waits for 3.2 ms at most */
#define HEAD 0u
#define SLOTS_WANTED 3u                       /* one written, one newest, one held */
#define FRAME_BYTES_FIRST (1024u * 768u * 4u) /* planned for as long as no display is known; slots grow to the region's size anyway */
#define RETRY_SETTLING_NS UINT64_C(20000000)  /* the source is still being made */
#define RETRY_BUSY_NS UINT64_C(2000000)       /* every slot was held: look again soon */
#define FEATURES                                                                                                                           \
  (TRANSOM_FEATURE_BANDS | TRANSOM_FEATURE_DAMAGE | TRANSOM_FEATURE_HISTORY | TRANSOM_FEATURE_CURSOR | TRANSOM_FEATURE_CLOCK |             \
   TRANSOM_FEATURE_MESSAGES)

struct agent {
  const struct agent_options *options;
  const struct agent_ports *ports;
  struct transom_region region;
  struct transom_region_plan plan;
  struct doorbell doorbell;
  struct frame_publisher publisher;
  struct cursor_publisher cursor;
  struct message_dispatch messages;
  struct poll_pacer pacer;
  struct tile_compare tiles;
  struct screen_mode mode; /* of the last frame; width 0 = none yet */
  uint64_t clock_sequence[TRANSOM_CONSUMERS_MAX];
  uint64_t heartbeat, heartbeat_due_ns, screen_due_ns, cursor_due_ns;
  uint64_t status_sequence;
  enum transom_agent_state state;
  char text[168];
  char note[AGENT_NOTE_BYTES]; /* what became of a wish of the viewer's; "" = nothing to say */
  bool full_wanted;            /* a redraw was asked for, or the region is new */
  bool retry;                  /* the last frame found no slot; its damage is remembered by the writer */
  uint64_t skipped;            /* in earlier epochs */
  struct agent_stats stats;
  enum agent_end end;
};

static uint64_t now(const struct agent *agent) { return agent->ports->now_ns(); }

/* ---- status ---- */

static void set_status(struct agent *agent, enum transom_agent_state state, const char *text) {
  if (agent->status_sequence && state == agent->state && strcmp(text, agent->text) == 0)
    return;
  agent->state = state;
  snprintf(agent->text, sizeof agent->text, "%s", text);
  region_set_status(&agent->region, ++agent->status_sequence, state, agent->text);
  doorbell_signal(&agent->doorbell, TRANSOM_WAKE_STATUS, HEAD);
  if (agent->ports->status_changed)
    agent->ports->status_changed(state, agent->text, agent->ports->user_data);
  if (state == TRANSOM_AGENT_NO_DISPLAY || state == TRANSOM_AGENT_UNREADABLE)
    log_warning("%s", text);
  else
    log_info("%s", text);
}

/* ---- format ---- */

static struct transom_region_request request_for(const struct agent *agent, const struct screen_mode *mode) {
  static const char name[] = "transom-agent " TRANSOM_VERSION;
  struct transom_region_request request = {
      .head_count = 1,
      .slot_count = agent->options->slots,
      .features_offered = FEATURES | (agent->ports->device->has_doorbell ? TRANSOM_FEATURE_DOORBELL : 0),
      .agent_name = name,
      .guest_name = agent->options->guest_name ? agent->options->guest_name : "",
  };
  request.frame_bytes_max[HEAD] = mode->width ? (uint64_t)frame_publisher_pitch(mode) * mode->height : FRAME_BYTES_FIRST;
  return request;
}

/* IVSHMEM regions are powers of two. */
static unsigned long long size_to_give_mib(const struct transom_region_request *request) {
  uint64_t bytes = 1u << 20;
  while (bytes < region_bytes_needed(request))
    bytes <<= 1;
  return bytes >> 20;
}

static void say_too_small(struct agent *agent, const struct transom_region_request *request, const struct screen_mode *mode) {
  char text[168];
  snprintf(text, sizeof text, "the region has %llu MiB, a screen of %ux%u needs %llu MiB: give the VM a larger one",
           (unsigned long long)(agent->ports->device->bytes >> 20), mode->width, mode->height, size_to_give_mib(request));
  if (agent->region.epoch) {
    set_status(agent, TRANSOM_AGENT_UNREADABLE, text);
    return;
  }
  log_error("%s", text);
  agent->end = AGENT_FAILED;
}

/* Everything that is tied to an epoch begins anew; what counts over the agent's life stays. */
static void start_epoch(struct agent *agent) {
  agent->skipped += agent->publisher.writer.skipped;
  doorbell_init(&agent->doorbell, agent->ports->device, &agent->region);
  frame_publisher_init(&agent->publisher, &agent->region, &agent->doorbell, agent->ports->now_ns, HEAD);
  cursor_publisher_init(&agent->cursor, &agent->region, &agent->doorbell, HEAD);
  message_dispatch_init(&agent->messages, &agent->region, &agent->doorbell);
  memset(agent->clock_sequence, 0, sizeof agent->clock_sequence);
  agent->status_sequence = 0;
  agent->full_wanted = true;
  agent->retry = false;
  agent->stats.formats++;
}

static bool format(struct agent *agent, const struct screen_mode *mode) {
  const struct transom_region_request request = request_for(agent, mode);
  struct transom_region_plan plan;
  struct region_device *device = agent->ports->device;
  const int error = region_plan(device->bytes, &request, &plan);
  if (error == -ENOSPC) {
    say_too_small(agent, &request, mode);
    return false;
  }
  if (error || region_format(device->base, &request, &plan, random_nonzero64(), &agent->region) != 0) {
    log_error("cannot format %s: it is no region (%llu bytes)", device->text, (unsigned long long)device->bytes);
    agent->end = AGENT_FAILED;
    return false;
  }
  agent->plan = plan;
  start_epoch(agent);
  log_info("formatted %s: %u slots of %llu KiB", device->text, plan.slot_count, (unsigned long long)(plan.slot_bytes[HEAD] >> 10));
  set_status(agent, TRANSOM_AGENT_STARTING, "starting");
  doorbell_tell_of_epoch(&agent->doorbell);
  return true;
}

/* Does the region as it is formatted serve this mode? Two slots are a makeshift for modes of which three do not fit. */
static bool fits(const struct agent *agent, const struct screen_mode *mode) {
  const uint64_t bytes = (uint64_t)frame_publisher_pitch(mode) * mode->height;
  if (bytes > agent->plan.slot_bytes[HEAD])
    return false;
  if (agent->options->slots || agent->plan.slot_count >= SLOTS_WANTED)
    return true;
  struct transom_region_request request = request_for(agent, mode);
  request.slot_count = SLOTS_WANTED;
  struct transom_region_plan plan;
  return region_plan(agent->ports->device->bytes, &request, &plan) != 0;
}

/* ---- screen ---- */

static bool same_mode(const struct screen_mode *a, const struct screen_mode *b) {
  return a->width == b->width && a->height == b->height && a->format == b->format && a->flags == b->flags;
}

/* What is of interest to whoever sees the picture already, each part only where there is one. */
static void say_running(struct agent *agent) {
  const struct screen_capture *capture = agent->ports->capture;
  const char *const more[] = {agent->note, capture->hint};
  char text[sizeof agent->text];
  size_t used = (size_t)snprintf(text, sizeof text, "showing %ux%u by %.40s", agent->mode.width, agent->mode.height, capture->impl->name);
  for (size_t i = 0; i < sizeof more / sizeof more[0] && used < sizeof text; i++) {
    if (more[i][0])
      used += (size_t)snprintf(text + used, sizeof text - used, "; %s", more[i]);
  }
  set_status(agent, TRANSOM_AGENT_RUNNING, text);
}

static bool take_mode(struct agent *agent, const struct screen_mode *mode) {
  if (!fits(agent, mode) && !format(agent, mode))
    return false;
  if (!same_mode(mode, &agent->mode)) {
    tile_compare_finish(&agent->tiles);
    agent->full_wanted = true;
    agent->mode = *mode;
  }
  say_running(agent);
  return true;
}

/* Makes of a screen that changes at will a frame that stands still: the compare's own copy. False: out of memory. */
static bool compare(struct agent *agent, struct screen_frame *frame) {
  struct tile_compare *tiles = &agent->tiles;
  if (!tiles->pixels && !tile_compare_init(tiles, frame->mode.width, frame->mode.height, validate_format_bytes(frame->mode.format))) {
    set_status(agent, TRANSOM_AGENT_UNREADABLE, "out of memory for a copy of the screen");
    return false;
  }
  damage_clear(&frame->damage);
  tile_compare_update(tiles, frame->pixels, frame->pitch_bytes, &frame->damage);
  frame->pixels = tiles->pixels;
  frame->pitch_bytes = tiles->pitch_bytes;
  frame->acquired_ns = now(agent);
  return true;
}

static void publish(struct agent *agent, struct screen_frame *frame) {
  const bool changed = !damage_is_empty(&frame->damage);
  if (changed)
    poll_pacer_changed(&agent->pacer, frame->acquired_ns);
  if (agent->full_wanted)
    damage_set_full(&frame->damage);
  if (!changed && !agent->full_wanted && !agent->retry)
    return;
  const int error = frame_publisher_publish(&agent->publisher, frame);
  agent->retry = error == -EBUSY;
  if (error == 0 || error == -EBUSY)
    agent->full_wanted = false; /* a busy writer remembers the damage */
  else if (error != -EIO)       /* of that, the source says what it does about it */
    log_error("cannot publish a frame of %ux%u: %s", frame->mode.width, frame->mode.height, strerror(-error));
  if (error == -EFAULT)
    agent->end = AGENT_UNSAFE;
  if (agent->options->frames_max && agent->publisher.published >= agent->options->frames_max)
    agent->end = AGENT_DONE;
}

static void update_cursor(struct agent *agent) {
  struct screen_capture *capture = agent->ports->capture;
  struct screen_cursor cursor;
  if (!capture->impl->cursor || !capture->impl->cursor(capture, &cursor))
    cursor = (struct screen_cursor){.visible = false};
  if (cursor_publisher_update(&agent->cursor, &cursor, now(agent)))
    poll_pacer_changed(&agent->pacer, now(agent));
}

static void no_frame(struct agent *agent, int error) {
  const char *text = agent->ports->capture->text;
  if (error == -ENODEV)
    set_status(agent, TRANSOM_AGENT_NO_DISPLAY, text);
  else if (error != -EAGAIN)
    set_status(agent, TRANSOM_AGENT_UNREADABLE, text);
}

static void look_at_screen(struct agent *agent) {
  struct screen_capture *capture = agent->ports->capture;
  struct screen_frame frame;
  agent->stats.screens_compared++;
  const int error = capture->impl->acquire(capture, now(agent), &frame);
  if (error) {
    no_frame(agent, error);
    if (capture->cursor_apart)
      update_cursor(agent);
    return;
  }
  if (take_mode(agent, &frame.mode) && (frame.damage_known || compare(agent, &frame))) {
    publish(agent, &frame);
    update_cursor(agent);
  }
  capture->impl->release(capture);
}

/* ---- the step ---- */

/* False: the region is no longer ours. */
static bool beat(struct agent *agent, uint64_t now_ns) {
  if (now_ns < agent->heartbeat_due_ns && !agent->ports->device->lost)
    return true;
  const bool is_ours = validate_epoch(&agent->region); /* first: this look may be what finds the loss */
  if (agent->ports->device->lost) {
    log_warning("%s is gone", agent->ports->device->text);
    agent->end = AGENT_DEVICE_LOST;
    return false;
  }
  if (!is_ours) {
    log_error("another agent has formatted %s; leaving it alone", agent->ports->device->text);
    agent->end = AGENT_REPLACED;
    return false;
  }
  frame_writer_revoke_silent(&agent->publisher.writer, now_ns);
  wire_publish64(&agent->region.status->heartbeat, ++agent->heartbeat);
  agent->heartbeat_due_ns = now_ns + TRANSOM_HEARTBEAT_NS;
  return true;
}

/* Whoever asks for the time asks several times in a row, and what the exchange tells is as exact as the answer is quick: after one, the
 * next is awaited here. */
static uint32_t answer_clock(struct agent *agent) {
  uint32_t answers = clock_cell_serve(&agent->region, agent->clock_sequence, agent->ports->now_ns), more = answers;
  if (!answers)
    return 0;
  doorbell_signal(&agent->doorbell, TRANSOM_WAKE_CLOCK, HEAD);
  for (int round = 0; round < CLOCK_ROUNDS_MAX && more; round++) {
    const uint64_t until_ns = agent->ports->now_ns() + CLOCK_LINGER_NS;
    more = 0;
    for (int looks = 0; looks < CLOCK_LOOKS_MAX && !more && agent->ports->now_ns() < until_ns; looks++, cpu_pause())
      more = clock_cell_serve(&agent->region, agent->clock_sequence, agent->ports->now_ns);
    answers += more;
  }
  return answers;
}

static void take_mode_wish(struct agent *agent) {
  const struct transom_control_mode_wish *wish = &agent->messages.mode_wish;
  if (agent->ports->mode_wished)
    agent->ports->mode_wished(wish->width, wish->height, wish->refresh_mhz, agent->ports->user_data);
  else
    agent_note(agent, "the viewer's mode is not set: this agent cannot, the guest's own display settings can");
}

static void talk(struct agent *agent, uint64_t now_ns) {
  uint32_t requests = 0;
  const uint32_t answers = answer_clock(agent);
  if (message_dispatch_poll(&agent->messages, &requests) || answers)
    poll_pacer_talked(&agent->pacer, now_ns);
  agent->stats.clock_answers += answers;
  if (requests & MESSAGE_MODE_WISH)
    take_mode_wish(agent);
  if (requests & MESSAGE_REDRAW) {
    agent->full_wanted = true;
    agent_note_activity(agent);
  }
}

static void watch_consumers(struct agent *agent, uint64_t now_ns) {
  const uint32_t count = consumers_count(&agent->doorbell.consumers);
  if (count > 0 && agent->stats.consumers == 0) {
    log_info("a consumer has joined");
    agent->screen_due_ns = now_ns;
  } else if (count == 0 && agent->stats.consumers > 0) {
    log_info("no consumer is left: looking at the screen once a second");
    agent_note(agent, "");
  }
  agent->stats.consumers = count;
  agent->pacer.period_ns = agent->ports->capture->period_ns;
  poll_pacer_watched(&agent->pacer, count > 0, now_ns);
}

/* A source with a timetable of its own is asked when it says; nobody watching slows it down all the same. */
static uint64_t next_look_ns(const struct agent *agent, uint64_t now_ns) {
  struct screen_capture *capture = agent->ports->capture;
  const uint64_t paced_ns = now_ns + poll_pacer_screen_ns(&agent->pacer, now_ns);
  if (agent->retry)
    return now_ns + RETRY_BUSY_NS;
  if (capture->settling)
    return now_ns + RETRY_SETTLING_NS;
  const uint64_t known_ns = capture->impl->next_ns && agent->pacer.watched ? capture->impl->next_ns(capture, now_ns) : 0;
  return known_ns ? known_ns : paced_ns;
}

static uint64_t earliest(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Between two looks at the screen, where the cursor can be had apart from it. */
static void look_at_cursor(struct agent *agent, uint64_t now_ns) {
  if (!agent->ports->capture->cursor_apart || now_ns < agent->cursor_due_ns || agent->mode.width == 0)
    return;
  update_cursor(agent);
  agent->cursor_due_ns = now_ns + poll_pacer_cursor_ns(&agent->pacer, now_ns);
}

static uint64_t next_cursor_ns(const struct agent *agent, uint64_t now_ns) {
  if (!agent->ports->capture->cursor_apart)
    return UINT64_MAX;
  return agent->cursor_due_ns > now_ns ? agent->cursor_due_ns : now_ns + poll_pacer_cursor_ns(&agent->pacer, now_ns);
}

uint64_t agent_step(struct agent *agent) {
  agent->stats.wakeups++;
  const uint64_t now_ns = now(agent);
  if (agent->stats.formats == 0 && !format(agent, &agent->mode))
    return now_ns;
  if (!beat(agent, now_ns))
    return now_ns;
  talk(agent, now_ns);
  watch_consumers(agent, now_ns);
  if (now_ns >= agent->screen_due_ns) {
    look_at_screen(agent);
    agent->screen_due_ns = next_look_ns(agent, now_ns);
  } else {
    look_at_cursor(agent, now_ns);
  }
  const uint64_t talk_ns = now_ns + poll_pacer_talk_ns(&agent->pacer, now_ns);
  return earliest(earliest(talk_ns, agent->heartbeat_due_ns), earliest(agent->screen_due_ns, next_cursor_ns(agent, now_ns)));
}

void agent_note_activity(struct agent *agent) {
  poll_pacer_changed(&agent->pacer, now(agent));
  agent->screen_due_ns = 0;
}

void agent_note(struct agent *agent, const char *text) {
  snprintf(agent->note, sizeof agent->note, "%s", text);
  if (agent->state == TRANSOM_AGENT_RUNNING && agent->mode.width)
    say_running(agent);
}

void agent_look_now(struct agent *agent) { agent->screen_due_ns = 0; }

/* ---- life ---- */

struct agent *agent_create(const struct agent_options *options, const struct agent_ports *ports) {
  struct agent *agent = calloc(1, sizeof *agent);
  if (!agent)
    return NULL;
  agent->options = options;
  agent->ports = ports;
  poll_pacer_init(&agent->pacer, ports->now_ns());
  return agent;
}

void agent_destroy(struct agent *agent) {
  if (!agent)
    return;
  tile_compare_finish(&agent->tiles);
  free(agent);
}

enum agent_end agent_end(const struct agent *agent) { return agent->end; }

void agent_finish(struct agent *agent) {
  if (agent->stats.formats == 0 || agent->end == AGENT_REPLACED || agent->end == AGENT_DEVICE_LOST || !validate_epoch(&agent->region))
    return;
  message_dispatch_goodbye(&agent->messages);
  set_status(agent, TRANSOM_AGENT_STOPPED, "stopped");
  region_close(&agent->region);
}

void agent_stats(const struct agent *agent, struct agent_stats *stats) {
  *stats = agent->stats;
  stats->frames_published = agent->publisher.published;
  stats->frames_skipped = agent->skipped + agent->publisher.writer.skipped;
  stats->bytes_copied = agent->publisher.copied_bytes;
  stats->bells_rung = agent->doorbell.rung;
  stats->messages = agent->messages.received;
}
