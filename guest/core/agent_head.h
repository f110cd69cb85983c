/* One screen of the guest's as the agent publishes it: its source, its frame queue and cursor in the region, how often it is looked at.
 *
 * A head lives as long as the agent; it has a place in the region only while its source has an output. Threads: one, the agent's. */
#ifndef TRANSOM_GUEST_CORE_AGENT_HEAD_H
#define TRANSOM_GUEST_CORE_AGENT_HEAD_H

#include "guest/core/cursor_publisher.h"
#include "guest/core/frame_publisher.h"
#include "guest/core/poll_pacer.h"
#include "guest/core/screen_capture.h"
#include "guest/core/tile_compare.h"

struct agent_head {
  uint32_t number;
  struct screen_capture *capture;
  uint64_t (*now_ns)(void);
  struct frame_publisher publisher;
  struct cursor_publisher cursor;
  struct poll_pacer pacer;
  struct tile_compare tiles;
  struct screen_mode mode; /* of the last frame; width 0 = none yet */
  uint64_t screen_due_ns, cursor_due_ns;
  uint64_t gone_ns; /* since when there has been no output; 0 = there is one */
  uint64_t skipped; /* frames, in earlier epochs */
  bool full_wanted; /* a redraw was asked for, or the region is new */
  bool retry;       /* the last frame found no slot; its damage is remembered by the writer */
};

void agent_head_init(struct agent_head *head, uint32_t number, struct screen_capture *capture, uint64_t (*now_ns)(void));
void agent_head_finish(struct agent_head *head);

/* The region was formatted with a place for this head. */
void agent_head_start_epoch(struct agent_head *head, struct transom_region *region, struct doorbell *doorbell);

void agent_head_set_mode(struct agent_head *head, const struct screen_mode *mode); /* another one: everything is damage */

/* False: out of memory for a copy of the screen. `*error`: as frame_publisher_publish(); 0 also when nothing has changed. */
bool agent_head_publish(struct agent_head *head, struct screen_frame *frame, int *error);
void agent_head_publish_cursor(struct agent_head *head);

void agent_head_note_activity(struct agent_head *head); /* ends the back-off */
void agent_head_watch(struct agent_head *head, bool watched, uint64_t now_ns);

uint64_t agent_head_next_look_ns(const struct agent_head *head, uint64_t now_ns);

/* Between two looks at the screen, where the cursor can be had apart from it. */
void agent_head_look_at_cursor(struct agent_head *head, uint64_t now_ns);
uint64_t agent_head_next_cursor_ns(const struct agent_head *head, uint64_t now_ns); /* UINT64_MAX: with the screen */

#endif
