/* From the region to the screen: acquire, upload what changed, check that it was not torn, commit, release. Presenter-independent.
 *
 * It remembers what each of the presenter's two images holds: damage is taken since the frame that *incoming* holds, so a picture is never
 * older in one corner than in another. A frame that moved while it was copied (epoch, slot, hold revoked) is dropped: shown stays.
 * Threads: the presenter's, one at a time. Data plane, except that a new shape makes the presenter allocate. */
#ifndef TRANSOM_HOST_PRESENT_FRAME_IMPORT_H
#define TRANSOM_HOST_PRESENT_FRAME_IMPORT_H

#include "host/present/presenter.h"
#include "protocol/cursor.h"
#include "protocol/frame_reader.h"

enum frame_import_result {
  FRAME_IMPORT_NOTHING, /* nothing newer */
  FRAME_IMPORT_SHOWN,   /* committed: present it */
  FRAME_IMPORT_DROPPED, /* torn, or a record that no honest agent writes; the reader has counted it */
  FRAME_IMPORT_STALE,   /* the epoch moved: wait for the next session */
  FRAME_IMPORT_FAILED,  /* the presenter cannot take this picture */
};

/* What one of the presenter's images holds. */
struct frame_import_image {
  uint64_t sequence; /* 0 = unknown: all of it must be uploaded */
  struct presenter_picture picture;
};

struct latency_trace;

struct frame_import {
  struct presenter *presenter;
  struct frame_import_image incoming, shown;
  uint64_t uploaded_bytes;     /* as read from the region */
  struct latency_trace *trace; /* NULL = none is kept */
};

void frame_import_init(struct frame_import *import, struct presenter *presenter);

/* A new session: sequences begin anew, so nothing of the old one can be the base of damage. The picture stays on the screen. */
void frame_import_forget(struct frame_import *import);

/* One frame, if there is a newer one. With FRAME_IMPORT_SHOWN, `frame` tells what was shown (its pixels are released already). */
enum frame_import_result frame_import_step(struct frame_import *import, struct transom_frame_reader *reader, bool may_hold,
                                           struct transom_frame *frame);

enum cursor_import_result {
  CURSOR_IMPORT_NOTHING,
  CURSOR_IMPORT_MOVED,  /* position, visibility or shape: present it */
  CURSOR_IMPORT_AGAIN,  /* torn, or a shape that went away while it was read: look again soon */
  CURSOR_IMPORT_BROKEN, /* a record that no honest agent writes */
};

struct cursor_import {
  struct presenter *presenter;
  struct transom_cursor_state state; /* newest */
  bool shape_missing;                /* the shape that `state` names could not be read yet */
  uint8_t pixels[TRANSOM_CURSOR_DATA_MAX];
};

void cursor_import_init(struct cursor_import *import, struct presenter *presenter);
enum cursor_import_result cursor_import_step(struct cursor_import *import, struct transom_cursor_reader *reader);

#endif
