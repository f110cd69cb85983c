/* The agent: formats the region, looks at the screen, publishes, answers. Portable; everything of the OS comes through two seams and a
 * clock.
 *
 * It has no loop of its own: agent_step() does what is due and says when it wants to be called again, so that tests run it on a clock of
 * their own. Sooner is always fine. Threads: one. Control plane, but for the publishing inside.
 *
 * state          meaning, and what leads out of it
 * STARTING       formatted, nothing captured yet
 * RUNNING        frames come; a source without frames leads to one of the next two
 * NO_DISPLAY     the source says that there is no active output; a frame leads back
 * UNREADABLE     the source cannot read the screen, or the region is too small for its mode; a frame that fits leads back
 * STOPPED        agent_finish() was called
 *
 * With several sources the state is the first one's. A head has a place in the region while its source has an output: when one comes, or
 * the last one has been gone for two seconds, the region is formatted anew. Where it has no room for all, those that fit are published. */
#ifndef TRANSOM_GUEST_CORE_AGENT_H
#define TRANSOM_GUEST_CORE_AGENT_H

#include "guest/core/region_device.h"
#include "guest/core/screen_capture.h"
#include "protocol/layout.h"

#include <stdbool.h>
#include <stdint.h>

#define AGENT_NOTE_BYTES 112u

struct agent;

struct agent_options {
  uint32_t slots;         /* 0 = as the region allows */
  uint64_t frames_max;    /* done after so many were published; 0 = never */
  const char *guest_name; /* NULL = none */
};

struct agent_ports {
  struct region_device *device;
  struct screen_capture *captures[TRANSOM_HEADS_MAX]; /* by head, from the primary screen on; NULL ends them. At least one */
  uint64_t (*now_ns)(void);                           /* stamps frames, answers the clock cell, paces the polling */

  /* Optional: what the status record says is another now. Called from agent_step() and agent_finish(). */
  void (*status_changed)(enum transom_agent_state state, const char *text, void *user_data);

  /* Optional: the viewer's user would like this mode; refresh_mhz 0 = the highest. Called from agent_step(). Without it the agent says that
   * it sets no modes. */
  void (*mode_wished)(uint32_t width, uint32_t height, uint32_t refresh_mhz, void *user_data);
  void *user_data;
};

struct agent_stats {
  uint64_t frames_published, frames_skipped, bytes_copied;
  uint64_t screens_compared; /* looks at the screen, with or without a change */
  uint64_t wakeups;          /* calls of agent_step() */
  uint64_t bells_rung, clock_answers, messages, formats;
  uint32_t consumers; /* now */
};

/* Why the agent wants no more calls. */
enum agent_end { AGENT_GOES_ON, AGENT_DONE, AGENT_REPLACED, AGENT_DEVICE_LOST, AGENT_UNSAFE, AGENT_FAILED };

/* `options` and `ports` stay the caller's and must outlive the agent. NULL: out of memory. */
struct agent *agent_create(const struct agent_options *options, const struct agent_ports *ports);
void agent_destroy(struct agent *agent);

/* Returns when to be called next, on the clock of now_ns(). */
uint64_t agent_step(struct agent *agent);

/* Something happened in the guest that will soon show on the screen (input): ends the back-off. */
void agent_note_activity(struct agent *agent);

/* Says it to whoever watches, besides that there is a picture, until the next note or until nobody watches; "" = no more. */
void agent_note(struct agent *agent, const char *text);

/* The source has a new frame: the next step looks at it. */
void agent_look_now(struct agent *agent);

/* DONE: frames_max was reached. REPLACED: another agent has formatted the region. DEVICE_LOST: region_device.lost. UNSAFE: a GPU may still
 * write into the region, and only the end of the process stops it. FAILED: the region
 * cannot be used; logged. */
enum agent_end agent_end(const struct agent *agent);

/* Says goodbye: status STOPPED, epoch 0. A replaced agent touches nothing any more. */
void agent_finish(struct agent *agent);

void agent_stats(const struct agent *agent, struct agent_stats *stats);

#endif
