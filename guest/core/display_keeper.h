/* Keeps the guest's displays as a viewer needs them while one watches, and gives them back as they were. Portable; the system's calls come
 * through a seam. The agent's thread; control plane.
 *
 * state      a viewer watches  | nobody watches       | each 2 s            | meaning
 * AS_FOUND   arrange, OURS     | -                    | -                   | as the user has it
 * OURS       -                 | restore, AS_FOUND    | others changed it:  | arranged by us, or found right already
 *                              |                      |  arrange; the 4th   |
 *                              |                      |  time in 60 s:      |
 *                              |                      |  GIVEN_UP           |
 * GIVEN_UP   -                 | restore, AS_FOUND    | -                   | it cannot be arranged, or somebody else insists
 * LEFT_OVER  arrange, OURS     | 10 s later: restore, | -                   | an agent died while it was OURS, and its viewer may come
 *                              |  AS_FOUND            |                     |  back; or a restore failed, and is tried again after 60 s
 *
 * Nothing that is arranged outlives a restart of the guest (the system is told to forget it), and within 10 s of an agent's start without a
 * viewer everything is as the user had it. The user may have had a virtual display as the primary one: when the guest has booted, or waits
 * for a log-in, and no viewer came within 60 s, a display that people can see becomes the primary and only one. So nobody has to log in
 * blindly.
 *
 * A mode that a virtual display does not offer is told to its driver, and tried again each second, ten times. */
#ifndef TRANSOM_GUEST_CORE_DISPLAY_KEEPER_H
#define TRANSOM_GUEST_CORE_DISPLAY_KEEPER_H

#include "guest/core/display_system.h"

#define DISPLAY_LOOK_NS UINT64_C(2000000000)
#define DISPLAY_LEFT_OVER_NS UINT64_C(10000000000)
#define DISPLAY_AGAIN_NS UINT64_C(60000000000) /* after a restore that failed */
#define DISPLAY_BLIND_NS UINT64_C(60000000000)
#define DISPLAY_OFFERED_NS UINT64_C(1000000000)
#define DISPLAY_OFFERED_TRIES 10u
#define DISPLAY_NOTE_BYTES 112u
#define DISPLAY_INSIST_NS UINT64_C(60000000000)
#define DISPLAY_INSIST_MAX 3u

enum display_state { DISPLAY_AS_FOUND, DISPLAY_OURS, DISPLAY_GIVEN_UP, DISPLAY_LEFT_OVER };

struct display_keeper_options {
  bool only_display; /* the captured output becomes the primary and only one */
  bool keep_awake;   /* neither sleep nor screen saver */
  bool may_be_blind; /* the guest has just booted, or waits for a log-in */
};

struct display_keeper {
  struct display_keeper_options options;
  struct display_system *system;
  enum display_state state;
  bool awake; /* we asked for it */
  struct display_mode wish;
  bool has_wish;
  uint64_t wish_due_ns;          /* not tried before */
  uint32_t offered_tries;        /* since its driver was told of the wish; 0 = it was not */
  char note[DISPLAY_NOTE_BYTES]; /* what became of the last wish, for the viewer; "" = it is fulfilled, or there was none */
  uint64_t blind_due_ns;         /* UINT64_MAX = never: a viewer came, or it is none of our affair */
  uint64_t due_ns;               /* of the next look; UINT64_MAX = none */
  uint64_t insisted_ns;          /* when `insisted` began to count */
  uint32_t insisted;
};

/* Says in the log what display_advice() finds. `system` stays the caller's and outlives the keeper. */
void display_keeper_init(struct display_keeper *keeper, const struct display_keeper_options *options, struct display_system *system,
                         uint64_t now_ns);
void display_keeper_finish(struct display_keeper *keeper, uint64_t now_ns); /* restores */

/* The viewer would like this mode of the display that is shown; done at the next step, as long as a viewer watches. */
void display_keeper_wish_mode(struct display_keeper *keeper, const struct display_mode *mode);

/* Call as often as you like; when nothing is due it does nothing. Returns when to be called next at the latest. */
uint64_t display_keeper_step(struct display_keeper *keeper, bool watched, uint64_t now_ns);

#endif
