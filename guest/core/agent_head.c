#define LOG_MODULE "agent"
#include "guest/core/agent_head.h"

#include "common/log.h"
#include "protocol/validate.h"

#include <errno.h>
#include <string.h>

#define RETRY_BUSY_NS UINT64_C(2000000)      /* every slot was held: look again soon */
#define RETRY_SETTLING_NS UINT64_C(20000000) /* the source is still being made */

void agent_head_init(struct agent_head *head, uint32_t number, struct screen_capture *capture, uint64_t (*now_ns)(void)) {
  *head = (struct agent_head){.number = number, .capture = capture, .now_ns = now_ns};
  poll_pacer_init(&head->pacer, now_ns());
}

void agent_head_finish(struct agent_head *head) { tile_compare_finish(&head->tiles); }

void agent_head_start_epoch(struct agent_head *head, struct transom_region *region, struct doorbell *doorbell) {
  head->skipped += head->publisher.writer.skipped;
  frame_publisher_init(&head->publisher, region, doorbell, head->now_ns, head->number);
  cursor_publisher_init(&head->cursor, region, doorbell, head->number);
  head->full_wanted = true;
  head->retry = false;
  head->screen_due_ns = 0; /* the region is empty until then */
}

static bool same_mode(const struct screen_mode *a, const struct screen_mode *b) {
  return a->width == b->width && a->height == b->height && a->format == b->format && a->flags == b->flags;
}

void agent_head_set_mode(struct agent_head *head, const struct screen_mode *mode) {
  if (same_mode(mode, &head->mode))
    return;
  tile_compare_finish(&head->tiles);
  head->full_wanted = true;
  head->mode = *mode;
}

/* Makes of a screen that changes at will a frame that stands still: the compare's own copy. */
static bool compare(struct agent_head *head, struct screen_frame *frame) {
  struct tile_compare *tiles = &head->tiles;
  if (!tiles->pixels && !tile_compare_init(tiles, frame->mode.width, frame->mode.height, validate_format_bytes(frame->mode.format)))
    return false;
  damage_clear(&frame->damage);
  tile_compare_update(tiles, frame->pixels, frame->pitch_bytes, &frame->damage);
  frame->pixels = tiles->pixels;
  frame->pitch_bytes = tiles->pitch_bytes;
  frame->acquired_ns = head->now_ns();
  return true;
}

static int publish(struct agent_head *head, struct screen_frame *frame) {
  const bool changed = !damage_is_empty(&frame->damage);
  if (changed)
    poll_pacer_changed(&head->pacer, frame->acquired_ns);
  if (head->full_wanted)
    damage_set_full(&frame->damage);
  if (!changed && !head->full_wanted && !head->retry)
    return 0;
  const int error = frame_publisher_publish(&head->publisher, frame);
  head->retry = error == -EBUSY;
  if (error == 0 || error == -EBUSY)
    head->full_wanted = false; /* a busy writer remembers the damage */
  else if (error != -EIO)      /* of that, the source says what it does about it */
    log_error("cannot publish a frame of %ux%u: %s", frame->mode.width, frame->mode.height, strerror(-error));
  return error;
}

bool agent_head_publish(struct agent_head *head, struct screen_frame *frame, int *error) {
  if (!frame->damage_known && !compare(head, frame))
    return false;
  *error = publish(head, frame);
  return true;
}

void agent_head_publish_cursor(struct agent_head *head) {
  struct screen_capture *capture = head->capture;
  struct screen_cursor cursor;
  if (!capture->impl->cursor || !capture->impl->cursor(capture, &cursor))
    cursor = (struct screen_cursor){.visible = false};
  if (cursor_publisher_update(&head->cursor, &cursor, head->now_ns()))
    poll_pacer_changed(&head->pacer, head->now_ns());
}

/* ---- when ---- */

void agent_head_note_activity(struct agent_head *head) {
  poll_pacer_changed(&head->pacer, head->now_ns());
  head->screen_due_ns = 0;
}

void agent_head_watch(struct agent_head *head, bool watched, uint64_t now_ns) {
  head->pacer.period_ns = head->capture->period_ns;
  if (watched && !head->pacer.watched)
    head->screen_due_ns = now_ns;
  poll_pacer_watched(&head->pacer, watched, now_ns);
}

/* A source with a timetable of its own is asked when it says; nobody watching slows it down all the same. */
uint64_t agent_head_next_look_ns(const struct agent_head *head, uint64_t now_ns) {
  struct screen_capture *capture = head->capture;
  const uint64_t paced_ns = now_ns + poll_pacer_screen_ns(&head->pacer, now_ns);
  if (head->retry)
    return now_ns + RETRY_BUSY_NS;
  if (capture->settling)
    return now_ns + RETRY_SETTLING_NS;
  const uint64_t known_ns = capture->impl->next_ns && head->pacer.watched ? capture->impl->next_ns(capture, now_ns) : 0;
  return known_ns ? known_ns : paced_ns;
}

void agent_head_look_at_cursor(struct agent_head *head, uint64_t now_ns) {
  if (!head->capture->cursor_apart || now_ns < head->cursor_due_ns || head->mode.width == 0)
    return;
  agent_head_publish_cursor(head);
  head->cursor_due_ns = now_ns + poll_pacer_cursor_ns(&head->pacer, now_ns);
}

uint64_t agent_head_next_cursor_ns(const struct agent_head *head, uint64_t now_ns) {
  if (!head->capture->cursor_apart)
    return UINT64_MAX;
  return head->cursor_due_ns > now_ns ? head->cursor_due_ns : now_ns + poll_pacer_cursor_ns(&head->pacer, now_ns);
}
