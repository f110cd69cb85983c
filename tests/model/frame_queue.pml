/* The frame queue of one head: slots, a publisher, two consumers (docs/protocol.md, "Frame queue").
 *
 * Checked:
 *   - no consumer shows a picture that is torn, or another one than the sequence that it believes to show (assert in show_picture());
 *   - nothing writes into a slot under a hold that is established and not revoked (assert in on_drain());
 *   - the publisher gets to its end whatever the consumers do, also when they stop for good (-DSTOPS: no invalid end state);
 *   - what it published last has left its write-combining buffer (assert at its end).
 * A consumer may be stopped at any instruction for any time: that is what interleaving means. The publisher may revoke any hold at any
 * moment, which is more than the two silent seconds allow. With -DRESTART it may crash at any instruction, and another one formats the same
 * memory with a new epoch, whose sequences begin at 1 again.
 *
 * CONSUMER_0 and CONSUMER_1 say what the two do: HOLDS | BANDS (0: reads the newest complete frame without a hold; IDLE: nothing).
 * Each NO_... takes one fence or one check away, and spin must then find an error. */
#define HOLDS 1
#define BANDS 2
#define IDLE 4
#ifndef CONSUMER_0
#define CONSUMER_0 HOLDS
#endif
#ifndef CONSUMER_1
#define CONSUMER_1 0
#endif
#ifndef FRAMES
#define FRAMES 3
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif

#ifndef SLOT_COUNT
#define SLOT_COUNT 3 /* or 2 */
#endif

/* Memory that the publisher writes. A picture is two pixels: torn when they differ. */
#define EPOCH 0
#define ANNOUNCED 1
#define COMPLETE 2
#define REVOKED(consumer) (3 + (consumer))
#define SLOTS 5 /* three places a slot */
#define PROGRESS(slot) (SLOTS + 3 * (slot))
#define PIXEL(slot, row) (SLOTS + 3 * (slot) + 1 + (row))
#define PLACES 14
#define BUFFER 14
byte memory[PLACES];

/* What one word says. */
#define WORD(sequence, slot) (((sequence) << 2) | (slot))
#define SEQUENCE(word) ((word) >> 2)
#define SLOT(word) ((word) & 3)
#define STATE(sequence, state) (((sequence) << 3) | (state))
#define WRITING 1 /* no row valid */
#define ONE_ROW 2 /* still writing */
#define DONE 3    /* complete */
#define ABANDONED 4
#define PICTURE(epoch, sequence) (((epoch) << 4) | (sequence))
#define NONE 255

/* The consumers' lines. A consumer's store and its full fence are one step, because nothing lies between them; without the fence the store
 * may stay in the consumer's buffer. */
byte hold[2];
#ifdef NO_HOLD
byte hold_pending[2] = 255;
#endif

byte taken[2];       /* private to the publisher: the hold that it has revoked */
byte established[2]; /* ghost: the hold that the consumer believes in */
bool stopped[2];     /* the consumer never runs again */
bool crash;          /* the first publisher dies */

/* A pixel reaches memory: under an unrevoked hold only the frame that the hold names may be written. */
#define IS_PIXEL(place) ((place) >= SLOTS && ((place) - SLOTS) % 3 != 0)
#define RESPECTED(consumer, slot, sequence)                                                   \
  (memory[EPOCH] != 1 || established[consumer] == 0 || SLOT(established[consumer]) != (slot) || \
   established[consumer] == taken[consumer] || SEQUENCE(established[consumer]) == (sequence))
#define on_drain(place, value)                                                        \
  assert(!IS_PIXEL(place) || (RESPECTED(0, ((place) - SLOTS) / 3, (value) & 15) &&    \
                              RESPECTED(1, ((place) - SLOTS) / 3, (value) & 15)))

#include "store_buffer.pml"

#ifdef NO_HOLD
active proctype drain_consumers() {
end:
  do
  :: d_step { hold_pending[0] != NONE -> hold[0] = hold_pending[0]; hold_pending[0] = NONE }
  :: d_step { hold_pending[1] != NONE -> hold[1] = hold_pending[1]; hold_pending[1] = NONE }
  od
}
#endif

/* ---- publisher ---- */

inline look_at_hold(consumer) {
  atomic {
    line = hold[consumer];
    if
    :: line == 0 || line == taken[consumer] || epoch != 1 /* a line of another epoch is nobody's */
    :: line != 0 && line != taken[consumer] && epoch == 1 ->
      taken[consumer] = line;
      publish(REVOKED(consumer), line)
    :: line != 0 && line != taken[consumer] && epoch == 1 -> held = held | (1 << SLOT(line))
    fi;
    line = 0
  }
}

#define IS_FREE(s) (!(held & (1 << (s))) && (complete == 0 || SLOT(complete) != (s)))

inline choose_slot() {
  slot = NONE;
  if
  :: IS_FREE(0) -> slot = 0
  :: IS_FREE(1) -> slot = 1
  :: SLOT_COUNT == 3 && IS_FREE(2) -> slot = 2
#ifndef WAITS_FOR_CONSUMERS
  :: !IS_FREE(0) && !IS_FREE(1) && !(SLOT_COUNT == 3 && IS_FREE(2)) /* skips the frame */
#endif
  fi;
  held = 0
}

inline write_frame() {
  store(PROGRESS(slot), STATE(sequence, WRITING));
#ifndef NO_SLOT_CLAIM
  fence_store();
  publish(ANNOUNCED, WORD(sequence, slot));
#else
  store(ANNOUNCED, WORD(sequence, slot)); /* the announcement's own fences order the claim as well: without those too */
#endif
  store(PIXEL(slot, 0), PICTURE(epoch, sequence));
  if
  :: (CONSUMER_0 | CONSUMER_1) & BANDS -> publish(PROGRESS(slot), STATE(sequence, ONE_ROW))
  :: else
  fi;
  store(PIXEL(slot, 1), PICTURE(epoch, sequence));
  if
  :: publish(PROGRESS(slot), STATE(sequence, DONE));
    complete = WORD(sequence, slot);
    publish(COMPLETE, complete)
#ifdef ABANDONS
  :: publish(PROGRESS(slot), STATE(sequence, ABANDONED));
    publish(ANNOUNCED, complete)
#endif
  fi
}

/* Between its loads the publisher only stores. Stores leave the buffer when they like, so it makes no difference that all of a frame's are put
 * there in one step. */
inline publish_frames() {
  do
  :: tries < FRAMES ->
    tries++;
#ifndef NO_NEWEST
    fence_full();
#endif
    look_at_hold(0);
    look_at_hold(1);
    atomic {
      choose_slot();
      if
      :: slot != NONE ->
        sequence++;
        write_frame()
      :: else
      fi;
      slot = 0
    }
  :: else -> break
  od;
  assert(buffered == 0 || buffer_place[buffered - 1] == BAR)
}

/* A crash at any instruction: what the publisher would have stored after it never comes. */
inline lose_stores() {
  atomic {
    do
    :: d_step { buffered > 0 -> remove_entry(buffered - 1) }
    :: break
    od
  }
}

/* The new agent: no epoch, then everything else, then the new epoch. Its layout is another one: it puts its own things where pixels were, and
 * what lies where the progress words were may go on looking like them. */
inline format() {
  atomic {
    store(EPOCH, 0);
#ifndef NO_EPOCH_CLEAR
    fence_store();
#endif
    store(COMPLETE, 0);
    store(ANNOUNCED, 0);
    store(PIXEL(0, 0), 0);
    store(PIXEL(1, 1), 0);
    publish(EPOCH, 2)
  }
}

proctype publisher() {
  byte epoch = 1, tries, sequence, slot, complete, line, held;
  { publish_frames() } unless { crash };
  if
  :: crash && epoch == 1 ->
    lose_stores();
    fence_full();
    d_step { epoch = 2; tries = FRAMES - 1; sequence = 0; slot = 0; complete = 0; line = 0; held = 0 }
    format();
    publish_frames()
  :: else
  fi
}

#ifdef RESTART
proctype crasher() {
end:
  crash = true
}
#endif

/* ---- consumers ---- */

#define NEWEST ((kind & BANDS) -> memory[ANNOUNCED] : memory[COMPLETE])
#define CARRIES \
  ((memory[PROGRESS(SLOT(word))] >> 3) == SEQUENCE(word) && (memory[PROGRESS(SLOT(word))] & 7) != ABANDONED)

/* Announces the hold, then looks whether the frame is still the newest one. */
inline acquire() {
  atomic { word = NEWEST; ok = SEQUENCE(word) > shown };
  if
  :: ok && (kind & HOLDS) ->
    if
    :: memory[REVOKED(me)] != word ->
      held = true;
#ifdef NO_HOLD
      hold_pending[me] = word
#else
      hold[me] = word
#endif
    :: else /* taken from us before: read it without a hold */
    fi
  :: else
  fi;
#ifndef NO_RECHECK
  if
  :: ok -> atomic {
      ok = (NEWEST == word);
      if
      :: ok && held -> established[me] = word
      :: else
      fi
    }
  :: else
  fi;
#else
  if
  :: ok && held -> established[me] = word
  :: else
  fi;
#endif
  if
  :: ok -> ok = CARRIES
  :: else
  fi
}

/* A consumer of bands waits until a row is valid, or the frame or the epoch is gone. The newest complete frame has all rows. */
inline wait_for(state) {
  if
  :: ok && (kind & BANDS) ->
    if
    :: atomic { !CARRIES || memory[EPOCH] != 1 -> ok = false }
    :: CARRIES && (memory[PROGRESS(SLOT(word))] & 7) >= state
    fi
  :: else
  fi
}

inline copy_pixels() {
  wait_for(ONE_ROW);
  top = memory[PIXEL(SLOT(word), 0)];
  wait_for(DONE);
  bottom = memory[PIXEL(SLOT(word), 1)]
}

/* Generation of the slot, revocation, epoch. */
inline check() {
#ifndef NO_GENERATION
  ok = ok && CARRIES;
#endif
#ifndef NO_REVOKED
  ok = ok && (!held || memory[REVOKED(me)] != word);
#endif
#ifndef NO_EPOCH_CHECK
  ok = ok && memory[EPOCH] == 1
#endif
}

inline show_picture() {
  d_step {
    if
    :: ok ->
      assert(top == PICTURE(1, SEQUENCE(word)) && bottom == top);
      shown = SEQUENCE(word)
    :: else
    fi;
    top = 0;
    bottom = 0
  }
}

inline release() {
  d_step {
    established[me] = 0;
    if
    :: held ->
#ifdef NO_HOLD
      hold_pending[me] = 0;
#else
      hold[me] = 0;
#endif
      held = false
    :: else
    fi;
    word = 0;
    ok = false
  }
}

proctype consumer(byte me; byte kind) {
  byte word, shown, top, bottom, rounds;
  bool ok, held;
  {
    do
    :: rounds < ROUNDS ->
      rounds++;
      acquire();
      if
      :: ok ->
#ifdef NO_PIXELS_READ
        if /* without the fence the loads of the check may overtake those of the pixels */
        :: copy_pixels(); check()
        :: check(); copy_pixels()
        fi;
#else
        copy_pixels();
        check();
#endif
        show_picture()
      :: else
      fi;
      release()
    :: else -> break
    od
  } unless { stopped[me] }
}

#ifdef STOPS
proctype stopper() {
end:
  do
  :: !stopped[0] -> stopped[0] = true
  :: !stopped[1] -> stopped[1] = true
  od
}
#endif

init {
  atomic {
    memory[EPOCH] = 1;
    run publisher();
#ifdef RESTART
    run crasher();
#endif
#ifdef STOPS
    run stopper();
#endif
    if
    :: CONSUMER_0 != IDLE -> run consumer(0, CONSUMER_0)
    :: else
    fi;
    if
    :: CONSUMER_1 != IDLE -> run consumer(1, CONSUMER_1)
    :: else
    fi
  }
}
