#define LOG_MODULE "agent"
#include "guest/core/agent.h"

#include "common/cpu_pause.h"
#include "common/log.h"
#include "common/random.h"
#include "guest/core/agent_head.h"
#include "guest/core/message_dispatch.h"
#include "protocol/atomics.h"
#include "protocol/clock_cell.h"
#include "protocol/region_format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_LINGER_NS UINT64_C(200000)      /* a consumer's next request follows in a few microseconds, when both sides run */
#define CLOCK_LOOKS_MAX 2000                  /* the same where the clock stands still */
#define CLOCK_ROUNDS_MAX 16                   /* so the screen waits for 3.2 ms at most */
#define FIRST 0u                              /* the head that the status speaks of, and whose pace the messages follow */
#define SLOTS_WANTED 3u                       /* one written, one newest, one held */
#define FRAME_BYTES_FIRST (1024u * 768u * 4u) /* planned for as long as no display is known; slots grow to the region's size anyway */
#define OUTPUT_GONE_NS UINT64_C(2000000000)   /* without an output for so long, a head loses its place in the region */
#define FEATURES                                                                                                                           \
  (TRANSOM_FEATURE_BANDS | TRANSOM_FEATURE_DAMAGE | TRANSOM_FEATURE_HISTORY | TRANSOM_FEATURE_CURSOR | TRANSOM_FEATURE_CLOCK |             \
   TRANSOM_FEATURE_MESSAGES)

struct agent {
  const struct agent_options *options;
  const struct agent_ports *ports;
  struct transom_region region;
  struct transom_region_plan plan; /* head_count: those that have a place, from the first on */
  struct doorbell doorbell;
  struct message_dispatch messages;
  struct agent_head heads[TRANSOM_HEADS_MAX];
  uint32_t head_count; /* sources */
  uint32_t outputs;    /* heads that are to have a place */
  uint32_t left_out;   /* of them, said to be without for want of room */
  uint64_t clock_sequence[TRANSOM_CONSUMERS_MAX];
  uint64_t heartbeat, heartbeat_due_ns;
  uint64_t status_sequence;
  enum transom_agent_state state;
  char text[168];
  char note[AGENT_NOTE_BYTES]; /* what became of a wish of the viewer's; "" = nothing to say */
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
  doorbell_signal(&agent->doorbell, TRANSOM_WAKE_STATUS, FIRST);
  if (agent->ports->status_changed)
    agent->ports->status_changed(state, agent->text, agent->ports->user_data);
  if (state == TRANSOM_AGENT_NO_DISPLAY || state == TRANSOM_AGENT_UNREADABLE)
    log_warning("%s", text);
  else
    log_info("%s", text);
}

/* ---- format ---- */

/* Two slots are for a single screen that has no room for three: another screen does not take the third away from the first. */
static uint32_t slots_for(const struct agent *agent, uint32_t count) {
  return agent->options->slots || count == 1 ? agent->options->slots : SLOTS_WANTED;
}

static struct transom_region_request request_for(const struct agent *agent, uint32_t count) {
  static const char name[] = "transom-agent " TRANSOM_VERSION;
  struct transom_region_request request = {
      .head_count = count,
      .slot_count = slots_for(agent, count),
      .features_offered = FEATURES | (agent->ports->device->has_doorbell ? TRANSOM_FEATURE_DOORBELL : 0),
      .agent_name = name,
      .guest_name = agent->options->guest_name ? agent->options->guest_name : "",
  };
  for (uint32_t i = 0; i < count; i++) {
    const struct screen_mode *mode = &agent->heads[i].mode;
    request.frame_bytes_max[i] = mode->width ? (uint64_t)frame_publisher_pitch(mode) * mode->height : FRAME_BYTES_FIRST;
  }
  return request;
}

/* IVSHMEM regions are powers of two. */
static unsigned long long size_to_give_mib(const struct transom_region_request *request) {
  uint64_t bytes = 1u << 20;
  while (bytes < region_bytes_needed(request))
    bytes <<= 1;
  return bytes >> 20;
}

static void say_too_small(struct agent *agent) {
  const struct transom_region_request request = request_for(agent, 1);
  const struct screen_mode *mode = &agent->heads[FIRST].mode;
  char text[168];
  snprintf(text, sizeof text, "the region has %llu MiB, a screen of %ux%u needs %llu MiB: give the VM a larger one",
           (unsigned long long)(agent->ports->device->bytes >> 20), mode->width, mode->height, size_to_give_mib(&request));
  if (agent->region.epoch) {
    set_status(agent, TRANSOM_AGENT_UNREADABLE, text);
    return;
  }
  log_error("%s", text);
  agent->end = AGENT_FAILED;
}

/* Once for each number of them, not with each look at a screen that has no place. */
static void say_left_out(struct agent *agent, uint32_t fitting, const struct transom_region_request *all) {
  const uint32_t left_out = all->head_count - fitting;
  if (left_out && left_out != agent->left_out)
    log_warning("the region has %llu MiB, %u screens need %llu MiB: only the first %u can be seen from the host; give the VM a larger one",
                (unsigned long long)(agent->ports->device->bytes >> 20), all->head_count, size_to_give_mib(all), fitting);
  agent->left_out = left_out;
}

/* Everything that is tied to an epoch begins anew; what counts over the agent's life stays. */
static void start_epoch(struct agent *agent) {
  doorbell_init(&agent->doorbell, agent->ports->device, &agent->region);
  for (uint32_t i = 0; i < agent->plan.head_count; i++)
    agent_head_start_epoch(&agent->heads[i], &agent->region, &agent->doorbell);
  message_dispatch_init(&agent->messages, &agent->region, &agent->doorbell);
  memset(agent->clock_sequence, 0, sizeof agent->clock_sequence);
  agent->status_sequence = 0;
  agent->stats.formats++;
}

/* All screens that have an output, or as many as there is room for. 0, or as region_plan(). */
static int plan_heads(struct agent *agent, struct transom_region_request *request, struct transom_region_plan *plan) {
  const struct transom_region_request all = request_for(agent, agent->outputs);
  int error = -ENOSPC;
  for (uint32_t count = agent->outputs; count > 0 && error == -ENOSPC; count--) {
    *request = request_for(agent, count);
    error = region_plan(agent->ports->device->bytes, request, plan);
  }
  if (!error)
    say_left_out(agent, plan->head_count, &all);
  return error;
}

static bool format(struct agent *agent) {
  struct transom_region_request request;
  struct transom_region_plan plan;
  struct region_device *device = agent->ports->device;
  const int error = plan_heads(agent, &request, &plan);
  if (error == -ENOSPC) {
    say_too_small(agent);
    return false;
  }
  if (error || region_format(device->base, &request, &plan, random_nonzero64(), &agent->region) != 0) {
    log_error("cannot format %s: it is no region (%llu bytes)", device->text, (unsigned long long)device->bytes);
    agent->end = AGENT_FAILED;
    return false;
  }
  agent->plan = plan;
  start_epoch(agent);
  log_info("formatted %s: %u screen%s, %u slots of %llu KiB", device->text, plan.head_count, plan.head_count > 1 ? "s" : "",
           plan.slot_count, (unsigned long long)(plan.slot_bytes[FIRST] >> 10));
  set_status(agent, TRANSOM_AGENT_STARTING, "starting");
  doorbell_tell_of_epoch(&agent->doorbell);
  return true;
}

/* Does the region as it is formatted serve this head's mode? Two slots are a makeshift for modes of which three do not fit. */
static bool fits(const struct agent *agent, const struct agent_head *head) {
  if ((uint64_t)frame_publisher_pitch(&head->mode) * head->mode.height > agent->plan.slot_bytes[head->number])
    return false;
  if (agent->options->slots || agent->plan.slot_count >= SLOTS_WANTED)
    return true;
  struct transom_region_request request = request_for(agent, agent->plan.head_count);
  request.slot_count = SLOTS_WANTED;
  struct transom_region_plan plan;
  return region_plan(agent->ports->device->bytes, &request, &plan) != 0;
}

/* ---- screens ---- */

static bool has_place(const struct agent *agent, const struct agent_head *head) { return head->number < agent->plan.head_count; }

/* A screen that has come, or for which there was no room. The others are not disturbed before it is known that there is. */
static bool find_place(struct agent *agent, const struct agent_head *head) {
  struct transom_region_request request;
  struct transom_region_plan plan;
  agent->outputs = head->number + 1;
  return plan_heads(agent, &request, &plan) == 0 && head->number < plan.head_count && format(agent);
}

/* What is of interest to whoever sees the first screen's picture already, each part only where there is one. */
static void say_running(struct agent *agent) {
  const struct agent_head *first = &agent->heads[FIRST];
  const char *const more[] = {agent->note, first->capture->hint};
  char text[sizeof agent->text];
  size_t used =
      (size_t)snprintf(text, sizeof text, "showing %ux%u by %.40s", first->mode.width, first->mode.height, first->capture->impl->name);
  for (size_t i = 0; i < sizeof more / sizeof more[0] && used < sizeof text; i++) {
    if (more[i][0])
      used += (size_t)snprintf(text + used, sizeof text - used, "; %s", more[i]);
  }
  set_status(agent, TRANSOM_AGENT_RUNNING, text);
}

static bool take_mode(struct agent *agent, struct agent_head *head, const struct screen_mode *mode) {
  agent_head_set_mode(head, mode);
  if (!has_place(agent, head) ? !find_place(agent, head) : !fits(agent, head) && !format(agent))
    return false;
  if (!has_place(agent, head))
    return false; /* its new mode has cost it its place */
  if (head->number == FIRST)
    say_running(agent);
  return true;
}

static void publish(struct agent *agent, struct agent_head *head, struct screen_frame *frame) {
  int error = 0;
  if (!agent_head_publish(head, frame, &error)) {
    set_status(agent, TRANSOM_AGENT_UNREADABLE, "out of memory for a copy of the screen");
    return;
  }
  if (error == -EFAULT)
    agent->end = AGENT_UNSAFE;
  if (agent->options->frames_max && head->publisher.published >= agent->options->frames_max)
    agent->end = AGENT_DONE;
  agent_head_publish_cursor(head);
}

/* Its output is gone: the last head gives its place back, for a viewer that says so rather than show a picture that stands still. */
static void note_gone(struct agent *agent, struct agent_head *head, uint64_t now_ns) {
  if (!head->gone_ns)
    head->gone_ns = now_ns;
  if (head->number == FIRST || head->number + 1 < agent->outputs)
    return;
  if (has_place(agent, head) && now_ns - head->gone_ns < OUTPUT_GONE_NS)
    return;
  agent->outputs = head->number;
  if (has_place(agent, head))
    format(agent);
}

static void no_frame(struct agent *agent, struct agent_head *head, int error, uint64_t now_ns) {
  const char *text = head->capture->text;
  if (error == -ENODEV)
    note_gone(agent, head, now_ns);
  if (head->number == FIRST && error != -EAGAIN)
    set_status(agent, error == -ENODEV ? TRANSOM_AGENT_NO_DISPLAY : TRANSOM_AGENT_UNREADABLE, text);
}

static void look_at_screen(struct agent *agent, struct agent_head *head) {
  struct screen_capture *capture = head->capture;
  struct screen_frame frame;
  agent->stats.screens_compared++;
  const int error = capture->impl->acquire(capture, now(agent), &frame);
  if (error) {
    no_frame(agent, head, error, now(agent));
    if (capture->cursor_apart && has_place(agent, head))
      agent_head_publish_cursor(head);
    return;
  }
  head->gone_ns = 0;
  if (take_mode(agent, head, &frame.mode))
    publish(agent, head, &frame);
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
  for (uint32_t i = 0; i < agent->plan.head_count; i++)
    frame_writer_revoke_silent(&agent->heads[i].publisher.writer, now_ns);
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
  doorbell_signal(&agent->doorbell, TRANSOM_WAKE_CLOCK, FIRST);
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
    poll_pacer_talked(&agent->heads[FIRST].pacer, now_ns);
  agent->stats.clock_answers += answers;
  if (requests & MESSAGE_MODE_WISH)
    take_mode_wish(agent);
  if (requests & MESSAGE_REDRAW) {
    for (uint32_t i = 0; i < agent->head_count; i++)
      agent->heads[i].full_wanted = true;
    agent_note_activity(agent);
  }
}

static void watch_consumers(struct agent *agent, uint64_t now_ns) {
  const uint32_t count = consumers_count(&agent->doorbell.consumers);
  if (count > 0 && agent->stats.consumers == 0) {
    log_info("a consumer has joined");
  } else if (count == 0 && agent->stats.consumers > 0) {
    log_info("no consumer is left: looking at the screen once a second");
    agent_note(agent, "");
  }
  agent->stats.consumers = count;
  for (uint32_t i = 0; i < agent->head_count; i++)
    agent_head_watch(&agent->heads[i], consumers_watching(&agent->doorbell.consumers, i) > 0, now_ns);
}

static uint64_t earliest(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* A source without a place in the region is only asked now and then whether it has an output; and not before those ahead of it have. */
static void look_at_head(struct agent *agent, struct agent_head *head, uint64_t now_ns) {
  if (head->number > agent->plan.head_count)
    return;
  if (now_ns >= head->screen_due_ns) {
    look_at_screen(agent, head);
    head->screen_due_ns = has_place(agent, head) ? agent_head_next_look_ns(head, now_ns) : now_ns + POLL_ALONE_SCREEN_NS;
  } else if (has_place(agent, head)) {
    agent_head_look_at_cursor(head, now_ns);
  }
}

/* A format in between leaves those that were looked at before without a picture. */
static void look_at_heads(struct agent *agent, uint64_t now_ns) {
  uint64_t formats = 0;
  for (uint32_t round = 0; round <= agent->head_count && formats != agent->stats.formats; round++) {
    formats = agent->stats.formats;
    for (uint32_t i = 0; i < agent->head_count && (i == FIRST || agent->end == AGENT_GOES_ON); i++)
      look_at_head(agent, &agent->heads[i], now_ns);
  }
}

static uint64_t next_look_ns(const struct agent *agent, uint64_t now_ns) {
  uint64_t due_ns = UINT64_MAX;
  for (uint32_t i = 0; i < agent->head_count && i <= agent->plan.head_count; i++) {
    const struct agent_head *head = &agent->heads[i];
    due_ns = earliest(due_ns, head->screen_due_ns);
    if (has_place(agent, head))
      due_ns = earliest(due_ns, agent_head_next_cursor_ns(head, now_ns));
  }
  return due_ns;
}

uint64_t agent_step(struct agent *agent) {
  agent->stats.wakeups++;
  const uint64_t now_ns = now(agent);
  if (agent->stats.formats == 0 && !format(agent))
    return now_ns;
  if (!beat(agent, now_ns))
    return now_ns;
  talk(agent, now_ns);
  watch_consumers(agent, now_ns);
  look_at_heads(agent, now_ns);
  const uint64_t talk_ns = now_ns + poll_pacer_talk_ns(&agent->heads[FIRST].pacer, now_ns);
  return earliest(earliest(talk_ns, agent->heartbeat_due_ns), next_look_ns(agent, now_ns));
}

void agent_note_activity(struct agent *agent) {
  for (uint32_t i = 0; i < agent->head_count; i++)
    agent_head_note_activity(&agent->heads[i]);
}

void agent_note(struct agent *agent, const char *text) {
  snprintf(agent->note, sizeof agent->note, "%s", text);
  if (agent->state == TRANSOM_AGENT_RUNNING && agent->heads[FIRST].mode.width)
    say_running(agent);
}

void agent_look_now(struct agent *agent) {
  for (uint32_t i = 0; i < agent->head_count; i++)
    agent->heads[i].screen_due_ns = 0;
}

/* ---- life ---- */

struct agent *agent_create(const struct agent_options *options, const struct agent_ports *ports) {
  struct agent *agent = calloc(1, sizeof *agent);
  if (!agent)
    return NULL;
  agent->options = options;
  agent->ports = ports;
  agent->outputs = 1;
  for (; agent->head_count < TRANSOM_HEADS_MAX && ports->captures[agent->head_count]; agent->head_count++)
    agent_head_init(&agent->heads[agent->head_count], agent->head_count, ports->captures[agent->head_count], ports->now_ns);
  return agent;
}

void agent_destroy(struct agent *agent) {
  if (!agent)
    return;
  for (uint32_t i = 0; i < agent->head_count; i++)
    agent_head_finish(&agent->heads[i]);
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
  for (uint32_t i = 0; i < agent->head_count; i++) {
    const struct agent_head *head = &agent->heads[i];
    stats->frames_published += head->publisher.published;
    stats->frames_skipped += head->skipped + head->publisher.writer.skipped;
    stats->bytes_copied += head->publisher.copied_bytes;
  }
  stats->bells_rung = agent->doorbell.rung;
  stats->messages = agent->messages.received;
}
