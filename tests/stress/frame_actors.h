/* The two actors of the frame stress, for processes and threads alike: a writer that publishes numbered pictures, and a reader that checks
 * each picture it would have shown. What they see goes to a board in shared memory, which outlives them. */
#ifndef TRANSOM_TESTS_STRESS_FRAME_ACTORS_H
#define TRANSOM_TESTS_STRESS_FRAME_ACTORS_H

#include "support/fake_guest.h"
#include "support/test_random.h"

#include <stdatomic.h>

#define FRAME_ACTORS_WIDTH 64u
#define FRAME_ACTORS_HEIGHT 33u
#define FRAME_ACTORS_READERS 2u
#define FRAME_ACTORS_STEP_NS UINT64_C(50000000) /* virtual time a frame */
#define FRAME_ACTORS_SILENT_FRAMES (TRANSOM_HOLD_SILENT_NS / FRAME_ACTORS_STEP_NS)
/* Frames in a row without a free slot. One silent hold costs SILENT_FRAMES; readers that die and come back on another line while the
 * writer waits can take the same slot again, one after the other, so some more are allowed. For ever is what must not be. */
#define FRAME_ACTORS_SKIPS_MAX (6 * FRAME_ACTORS_SILENT_FRAMES)

/* What a publish costs at most, in accesses to the region and fences: its fixed number of steps. */
#define FRAME_ACTORS_BAND_ROWS 8u
#define STEPS_PUBLISH 3u                                                                    /* fence, store, fence */
#define STEPS_RECORD(type) (sizeof(type) / 8 + 2)                                           /* its words, two fences */
#define STEPS_LOOK (1 + TRANSOM_CONSUMERS_MAX * (sizeof(struct transom_consumer_line) / 8)) /* a fence, every consumer's line */
#define STEPS_REVOKE (TRANSOM_CONSUMERS_MAX * 2 * STEPS_PUBLISH)                            /* the word and the count, for each line */
#define STEPS_BANDS ((FRAME_ACTORS_HEIGHT + FRAME_ACTORS_BAND_ROWS - 1) / FRAME_ACTORS_BAND_ROWS)
#define STEPS_BEGIN (STEPS_LOOK + STEPS_REVOKE + 1 + STEPS_RECORD(struct transom_descriptor) + STEPS_PUBLISH + STEPS_LOOK)
#define STEPS_COMPLETE (2 + STEPS_PUBLISH + STEPS_RECORD(struct transom_damage_history) + STEPS_PUBLISH + STEPS_LOOK)
#define FRAME_ACTORS_STEPS_MAX (STEPS_BEGIN + STEPS_BANDS * (STEPS_PUBLISH + STEPS_LOOK) + STEPS_COMPLETE)

struct frame_reader_score {
  _Atomic uint64_t shown;        /* intact, and right */
  _Atomic uint64_t dropped;      /* frame_reader_intact() said no: not shown */
  _Atomic uint64_t faults;       /* intact, but wrong: the test has failed */
  _Atomic uint64_t backwards;    /* an older picture after a newer one */
  _Atomic uint64_t holds_broken; /* a held slot was written */
  _Atomic uint64_t bad;          /* records refused: the guest is honest here, so there must be none */
  _Atomic uint64_t sessions;
  _Atomic uint64_t last_fault;
};

struct frame_writer_score {
  _Atomic uint64_t attempts;
  _Atomic uint64_t published;
  _Atomic uint64_t skip_run_max; /* consecutive frames without a free slot */
  _Atomic uint64_t steps_max;    /* of one publish, as FRAME_ACTORS_STEPS_MAX counts them */
  _Atomic uint64_t epochs;
  _Atomic uint64_t failures; /* a call that must not fail did */
};

struct frame_board {
  _Atomic bool stop;
  struct frame_writer_score writer;
  struct frame_reader_score readers[FRAME_ACTORS_READERS];
};

struct frame_writer_actor {
  struct frame_board *board;
  volatile uint8_t *base;
  uint64_t bytes;
  uint32_t slot_count;
  pixel_copy copy;
  struct test_random random;
  uint32_t die_one_in; /* threads: between two bands, to format anew; 0 = never */
  uint64_t skip_run;
  struct fake_guest guest;
};

/* Formats the region with a new epoch. Publishes `frames` pictures (attempts, really), formatting anew after each death. */
void frame_writer_actor_format(struct frame_writer_actor *actor);
void frame_writer_actor_run(struct frame_writer_actor *actor, uint64_t frames);

struct frame_reader_actor {
  struct frame_board *board;
  volatile uint8_t *base;
  uint64_t bytes;
  uint32_t reader; /* 0 .. READERS-1 */
  uint32_t line;
  pixel_copy copy;
  struct test_random random;
  uint32_t stall_one_in;  /* stands still for some frames in the middle of things; 0 = never */
  uint32_t vanish_one_in; /* threads: goes away without a release, as if killed */
  uint64_t picture[FRAME_ACTORS_WIDTH * FRAME_ACTORS_HEIGHT / 2];
};

/* Attaches, joins, shows until the epoch moves, again and again, until board->stop. */
void frame_reader_actor_run(struct frame_reader_actor *actor);

/* Prints the board; true when nothing on it is a fault. */
bool frame_board_is_good(const struct frame_board *board);

#endif
