/* From the region to the screen: acquire, upload what changed, check that it was not torn, commit, release. Presenter-independent.
 *
 * It remembers what each of the presenter's two images holds, so a picture is never older in one corner than in another. Where the
 * presenter can, incoming is first made equal to shown inside the device, and only the damage since shown is uploaded; elsewhere the damage
 * since the frame that incoming holds. A frame that moved while it was copied (epoch, slot, hold revoked) is dropped: shown stays.
 *
 * A presenter that follows bands gets a frame from its announcement on, rows as they become valid. So a step may end with PENDING, and the
 * same frame goes on with the next step. It is held until the presenter has read it.
 * Threads: the presenter's, one at a time. Data plane, except that a new shape makes the presenter allocate. */
#ifndef TRANSOM_HOST_PRESENT_FRAME_IMPORT_H
#define TRANSOM_HOST_PRESENT_FRAME_IMPORT_H

#include "host/present/presenter.h"
#include "protocol/cursor.h"
#include "protocol/frame_reader.h"

#include <stdatomic.h>

enum frame_import_result {
  FRAME_IMPORT_NOTHING, /* nothing newer */
  FRAME_IMPORT_SHOWN,   /* committed: present it */
  FRAME_IMPORT_DROPPED, /* torn, or a record that no honest agent writes; the reader has counted it */
  FRAME_IMPORT_STALE,   /* the epoch moved: wait for the next session */
  FRAME_IMPORT_PENDING, /* being uploaded: step again soon */
  FRAME_IMPORT_REFUSED, /* the presenter cannot take this picture */
  FRAME_IMPORT_LOST,    /* PRESENTER_LOST: frame_import_lost() was done */
  FRAME_IMPORT_FAILED,  /* PRESENTER_FAILED */
};

/* Bands smaller than this part of the picture are not worth a submission: 8 bands hide all but 1/8 of the guest's copy. */
#define FRAME_IMPORT_BANDS 8u
/* One look at the device, no longer: the cursor moves meanwhile. */
#define FRAME_IMPORT_WAIT_NS UINT64_C(1000000)

/* What one of the presenter's images holds. */
struct frame_import_image {
  uint64_t sequence; /* 0 = unknown: all of it must be uploaded */
  struct presenter_picture picture;
};

struct latency_trace;

struct frame_import {
  struct presenter *presenter;
  const atomic_bool *cut; /* the memory under the region went away meanwhile: nothing read from it is worth anything. NULL = cannot */
  struct frame_import_image incoming, shown;
  struct transom_damage lacking; /* where incoming may differ from shown, if the shapes are equal */

  bool under_way; /* `frame` is in our hands: */
  struct transom_frame frame;
  struct transom_damage damage; /* to be uploaded, rows from `rows_done` on */
  uint32_t rows_done;
  uint64_t given_up; /* sequence of the announced frame that stopped half way: not followed again */

  uint64_t uploaded_bytes;     /* as read from the region */
  uint64_t banded;             /* frames whose upload began before they were complete */
  bool is_banded;              /* the frame under way, or the last, is one of them */
  struct latency_trace *trace; /* NULL = none is kept */
};

void frame_import_init(struct frame_import *import, struct presenter *presenter);

/* A new session: sequences begin anew, so nothing of the old one can be the base of damage. The picture stays on the screen. A frame that
 * is under way must be given up before. */
void frame_import_forget(struct frame_import *import);

/* The presenter's pictures are gone: the newest frame is news again. */
void frame_import_lost(struct frame_import *import, struct transom_frame_reader *reader);

/* Lets go of the frame that is under way, if any; with `for_good` it is not followed again before it is complete. */
void frame_import_give_up(struct frame_import *import, struct transom_frame_reader *reader, bool for_good);

/* Is the frame under way waiting for the guest, not for the device? */
bool frame_import_is_waiting(const struct frame_import *import);

/* Would a step find something? */
bool frame_import_has_news(const struct frame_import *import, const struct transom_frame_reader *reader);

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
