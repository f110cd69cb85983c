#include "stress/frame_actors.h"

#include "protocol/atomics.h"
#include "protocol/frame_reader.h"
#include "protocol/region_format.h"
#include "stress/counted/counted_steps.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>

/* ---- writer ---- */
static bool writer_goes_on(void *owner) {
  struct frame_writer_actor *actor = owner;
  if (test_random_one_in(&actor->random, 16))
    sched_yield();
  return !test_random_one_in(&actor->random, actor->die_one_in);
}

void frame_writer_actor_format(struct frame_writer_actor *actor) {
  const struct fake_guest_options options = {
      .width = FRAME_ACTORS_WIDTH,
      .height = FRAME_ACTORS_HEIGHT,
      .slot_count = actor->slot_count,
      .band_rows = FRAME_ACTORS_BAND_ROWS,
      .abandon_every = 13,
      .epoch = test_random_next(&actor->random) | 1,
      .step_ns = FRAME_ACTORS_STEP_NS,
      .store = actor->copy,
      .go_on = writer_goes_on,
      .owner = actor,
  };
  if (fake_guest_init(&actor->guest, actor->base, actor->bytes, &options) != 0)
    actor->board->writer.failures++;
  actor->board->writer.epochs++;
  actor->skip_run = 0;
}

static void note_attempt(struct frame_writer_actor *actor, int result) {
  struct frame_writer_score *score = &actor->board->writer;
  score->attempts++;
  actor->skip_run = result == -EBUSY ? actor->skip_run + 1 : 0;
  if (actor->skip_run > score->skip_run_max)
    score->skip_run_max = actor->skip_run;
  if (result == 0)
    score->published++;
  else if (result != -EBUSY && result != -ECANCELED && result != -EINTR)
    score->failures++;
}

void frame_writer_actor_run(struct frame_writer_actor *actor, uint64_t frames) {
  for (uint64_t i = 0; i < frames; i++) {
    const uint64_t before = counted_steps;
    const int result = fake_guest_publish(&actor->guest);
    if (counted_steps - before > actor->board->writer.steps_max)
      actor->board->writer.steps_max = counted_steps - before;
    note_attempt(actor, result);
    if (result == -EINTR)
      frame_writer_actor_format(actor);
    if (result == -EBUSY)
      sched_yield();
  }
}

/* ---- reader ---- */
struct reader_session {
  struct frame_reader_actor *actor;
  struct frame_reader_score *score;
  struct transom_region region;
  struct transom_consumer consumer;
  struct transom_frame_reader reader;
  bool hold, bands, incremental;
  bool vanished;
  uint64_t seen;   /* sequence acquired last */
  uint64_t have;   /* sequence whose picture we have whole; 0 = none */
  uint64_t number; /* of the last picture shown */
};

static bool stopped(const struct frame_reader_actor *actor) { return actor->board->stop; }

/* Stands still for as long as some frames take: so that a parent's signal finds us with a hold up, and because a thread cannot be stopped
 * by anybody else. */
static void maybe_stall(struct frame_reader_actor *actor) {
  if (test_random_one_in(&actor->random, 16))
    sched_yield();
  if (!test_random_one_in(&actor->random, actor->stall_one_in))
    return;
  const uint64_t until = actor->board->writer.attempts + test_random_below(&actor->random, 100);
  while (actor->board->writer.attempts < until && !stopped(actor))
    sched_yield();
}

static void copy_rows(struct reader_session *session, const struct transom_frame *frame, uint32_t first, uint32_t end) {
  struct frame_reader_actor *actor = session->actor;
  const size_t row_bytes = FRAME_ACTORS_WIDTH * 4;
  for (uint32_t row = first; row < end; row++)
    actor->copy((uint8_t *)actor->picture + row * row_bytes, (const uint8_t *)frame->pixels + (size_t)row * frame->descriptor.pitch_bytes,
                row_bytes);
  maybe_stall(actor);
}

/* Follows a frame that is still being written. False when it will not be complete. */
static bool copy_bands(struct reader_session *session, struct transom_frame *frame) {
  uint32_t done = 0;
  while (!stopped(session->actor)) {
    uint32_t rows = 0;
    const enum transom_frame_state state = frame_reader_progress(&session->reader, frame, &rows);
    if (rows > done) {
      copy_rows(session, frame, done, rows);
      done = rows;
    } else {
      sched_yield();
    }
    if (state == TRANSOM_FRAME_COMPLETE && done == frame->descriptor.height)
      return true;
    if (state == TRANSOM_FRAME_ABANDONED || !frame_reader_intact(&session->reader, frame))
      return false;
    consumer_beat(&session->consumer);
  }
  return false;
}

static void copy_damage(struct reader_session *session, const struct transom_frame *frame) {
  struct transom_damage damage;
  frame_reader_damage(&session->reader, frame, session->have, &damage);
  if (damage.full)
    copy_rows(session, frame, 0, frame->descriptor.height);
  for (uint32_t i = 0; !damage.full && i < damage.count; i++)
    copy_rows(session, frame, damage.rects[i].y, (uint32_t)damage.rects[i].y + damage.rects[i].height);
}

/* This is where a viewer would show the picture. */
static void show(struct reader_session *session, const struct transom_frame *frame) {
  uint64_t number;
  if (!fake_picture_check((const uint8_t *)session->actor->picture, FRAME_ACTORS_WIDTH * 4, FRAME_ACTORS_WIDTH, FRAME_ACTORS_HEIGHT,
                          &number)) {
    session->score->faults++;
    session->score->last_fault = frame->sequence;
    return;
  }
  if (number <= session->number)
    session->score->backwards++;
  session->number = number;
  session->score->shown++;
  session->have = frame->sequence;
}

static bool copy_frame(struct reader_session *session, struct transom_frame *frame) {
  if (session->bands)
    return copy_bands(session, frame);
  if (session->incremental && session->have)
    copy_damage(session, frame);
  else
    copy_rows(session, frame, 0, frame->descriptor.height);
  return true;
}

/* A picture is dropped because the epoch moved, or the hold was taken away, or there was none: never because a held slot was written. */
static void check_hold(struct reader_session *session, const struct transom_frame *frame) {
  const bool revoked = wire_load64(&session->reader.queue->revoked[session->consumer.index]) == frame->hold;
  if (frame->hold != 0 && !session->bands && !revoked && validate_epoch(&session->region))
    session->score->holds_broken++;
}

/* False when the epoch has moved. */
static bool read_one(struct reader_session *session) {
  struct transom_frame frame;
  const enum transom_acquire what = session->bands ? TRANSOM_ACQUIRE_ANNOUNCED : TRANSOM_ACQUIRE_COMPLETE;
  const int result = frame_reader_acquire(&session->reader, what, session->hold, session->seen, &frame);
  if (result == -ESTALE)
    return false;
  if (result != 0) {
    if (!validate_epoch(&session->region))
      return false;
    if (result != -EAGAIN)
      session->score->bad++;
    sched_yield();
    return true;
  }
  session->seen = frame.sequence;
  maybe_stall(session->actor);
  const bool whole = copy_frame(session, &frame);
  if (whole && frame_reader_intact(&session->reader, &frame)) {
    show(session, &frame);
  } else {
    session->score->dropped++;
    check_hold(session, &frame);
    session->have = 0; /* what we have may be half new */
  }
  session->vanished = test_random_one_in(&session->actor->random, session->actor->vanish_one_in);
  if (session->vanished)
    return false;
  frame_reader_release(&session->reader, &frame);
  return validate_epoch(&session->region);
}

static bool attach(struct reader_session *session) {
  struct frame_reader_actor *actor = session->actor;
  enum transom_compatibility compatibility;
  const int result = validate_attach(actor->base, actor->bytes, TRANSOM_FEATURES_KNOWN, &session->region, &compatibility);
  if (result != 0) {
    if (result != -EAGAIN)
      session->score->bad++;
    return false;
  }
  return consumer_join(&session->consumer, &session->region, actor->line, 0, TRANSOM_PEER_NONE, 0, 0) == 0;
}

void frame_reader_actor_run(struct frame_reader_actor *actor) {
  while (!stopped(actor)) {
    const uint64_t mode = test_random_next(&actor->random);
    struct reader_session session = {
        .actor = actor, .score = &actor->board->readers[actor->reader], .hold = mode & 1, .bands = mode & 2, .incremental = mode & 4};
    if (!attach(&session)) {
      sched_yield();
      continue;
    }
    session.score->sessions++;
    frame_reader_init(&session.reader, &session.consumer);
    while (!stopped(actor) && read_one(&session))
      continue;
    if (session.vanished) /* as if killed, without a release: the next session takes another line, this one is left as it is */
      actor->line = (actor->line + FRAME_ACTORS_READERS) % TRANSOM_CONSUMERS_MAX;
    else
      consumer_leave(&session.consumer);
  }
}

/* ---- board ---- */
bool frame_board_is_good(const struct frame_board *board) {
  const struct frame_writer_score *writer = &board->writer;
  printf(
      "writer: attempts %llu published %llu longest-skip-run %llu (bound %llu) steps of a publish %llu (bound %llu) epochs %llu failures "
      "%llu\n",
      (unsigned long long)writer->attempts, (unsigned long long)writer->published, (unsigned long long)writer->skip_run_max,
      (unsigned long long)FRAME_ACTORS_SKIPS_MAX, (unsigned long long)writer->steps_max, (unsigned long long)FRAME_ACTORS_STEPS_MAX,
      (unsigned long long)writer->epochs, (unsigned long long)writer->failures);
  bool good = writer->failures == 0 && writer->steps_max > STEPS_BEGIN - STEPS_REVOKE - STEPS_LOOK * 2 &&
              writer->steps_max <= FRAME_ACTORS_STEPS_MAX && writer->skip_run_max <= FRAME_ACTORS_SKIPS_MAX && writer->published > 0;
  for (uint32_t i = 0; i < FRAME_ACTORS_READERS; i++) {
    const struct frame_reader_score *reader = &board->readers[i];
    printf("reader %u: sessions %llu shown %llu dropped %llu refused %llu backwards %llu holds-broken %llu torn-shown %llu (last: frame "
           "%llu)\n",
           i, (unsigned long long)reader->sessions, (unsigned long long)reader->shown, (unsigned long long)reader->dropped,
           (unsigned long long)reader->bad, (unsigned long long)reader->backwards, (unsigned long long)reader->holds_broken,
           (unsigned long long)reader->faults, (unsigned long long)reader->last_fault);
    good = good && reader->faults == 0 && reader->backwards == 0 && reader->holds_broken == 0 && reader->bad == 0 && reader->shown > 0;
  }
  fflush(stdout);
  return good;
}
