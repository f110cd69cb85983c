/* The cursor of a head: where it is (one line, rewritten in place) and what it looks like (a few slots, found by sequence).
 * Writer: the agent's thread. Reader: any one thread a reader. Data plane. */
#ifndef TRANSOM_PROTOCOL_CURSOR_H
#define TRANSOM_PROTOCOL_CURSOR_H

#include "protocol/validate.h"

#ifdef __cplusplus
extern "C" {
#endif

struct transom_cursor_writer {
  struct transom_cursor_view view;
  uint64_t state_sequence;
  uint64_t shape_sequence;
  struct transom_cursor_state state; /* as last written */
};

void cursor_writer_init(struct transom_cursor_writer *writer, const struct transom_cursor_view *view);

/* `flags`: enum transom_cursor_flag. Positions beyond CURSOR_POSITION_MAX are clamped. */
void cursor_writer_move(struct transom_cursor_writer *writer, int32_t x, int32_t y, uint32_t flags, uint64_t now_ns);

/* `shape` says type, size, pitch and hot spot; `pixels` holds pitch_bytes * height (times two planes when monochrome). 0 or -EINVAL. */
int cursor_writer_shape(struct transom_cursor_writer *writer, const struct transom_cursor_shape *shape, const uint8_t *pixels);

#define CURSOR_READER_TRIES 16u
#define CURSOR_POSITION_MAX 32768 /* twice TRANSOM_WIDTH_MAX either way: no honest hot spot is farther off */
struct transom_cursor_reader {
  struct transom_cursor_view view;
  uint64_t state_sequence; /* last seen */
  uint64_t shape_word;     /* of the shape that the caller has */
  uint64_t bad;
};

void cursor_reader_init(struct transom_cursor_reader *reader, const struct transom_cursor_view *view);

/* Cheap look: has the state moved since the last cursor_reader_state()? */
bool cursor_reader_has_news(const struct transom_cursor_reader *reader);

/* 0 with the newest state, -EAGAIN nothing new or torn CURSOR_READER_TRIES times, -EBADMSG (counted). */
int cursor_reader_state(struct transom_cursor_reader *reader, struct transom_cursor_state *state);

/* Copies the shape that `state` names, when it is another one than last time. `pixels` has room for TRANSOM_CURSOR_DATA_MAX; its contents
 * are undefined on failure. 0; -EALREADY the caller has it; -EAGAIN torn or gone (look again at the state); -ENOENT there is none; -EBADMSG
 * (counted). */
int cursor_reader_shape(struct transom_cursor_reader *reader, const struct transom_cursor_state *state, struct transom_cursor_shape *shape,
                        uint8_t *pixels);

#ifdef __cplusplus
}
#endif
#endif
