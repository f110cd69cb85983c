/* The doorbell: a consumer arms itself and sleeps, a publisher publishes and rings (docs/protocol.md, "Doorbell").
 *
 * Checked: no state lasts in which the consumer sleeps, has not seen the newest frame, and no bell is pending. The publisher may crash at any
 * instruction; another then formats a new epoch. A consumer notices that without a bell (it watches the epoch by its timer) and joins anew.
 * Each NO_... takes one fence or one re-check away, and spin must then find a lost wake-up. */
#define EPOCH 0
#define NEWEST 1
#define PLACES 2
#define BUFFER 7
#ifndef FRAMES
#define FRAMES 2
#endif

byte memory[PLACES];

/* The consumer's line: its epoch and token, each with the value that is still in the consumer's store buffer (BAR = none). */
byte line_epoch, line_epoch_pending = 255;
byte line_token, line_token_pending = 255;

bool bell;     /* the consumer's eventfd: stays set until read */
bool asleep;   /* the consumer waits for nothing but bell or a new epoch */
byte seen;     /* newest sequence that it has seen in its epoch */
byte joined;   /* epoch that it has joined */
bool crash;    /* the first publisher dies as soon as this is set */
bool finished; /* the last publisher has nothing more to say */
byte last;     /* sequence that it published last */
byte last_epoch;

#define on_drain(place, value) skip
#include "store_buffer.pml"

/* A consumer's two stores leave its buffer in any order, which is more than x86 does, and at any time. */
active proctype drain_consumer() {
end:
  do
  :: d_step { line_epoch_pending != 255 -> line_epoch = line_epoch_pending; line_epoch_pending = 255 }
  :: d_step { line_token_pending != 255 -> line_token = line_token_pending; line_token_pending = 255 }
  od
}

inline consumer_fence() { (line_epoch_pending == 255 && line_token_pending == 255) }

/* After publishing: full fence, one look at the line, one bell for each token. */
inline signal() {
#ifndef NO_SIGNAL
  fence_full();
#endif
  if
  :: line_epoch == my_epoch ->
    token = line_token;
    if
    :: token != 0 && token != rung ->
      rung = token;
      bell = true
    :: else
    fi
  :: else
  fi;
  token = 0
}

proctype publisher(byte my_epoch) {
  byte sequence, token, rung;
  {
    do
    :: sequence < FRAMES ->
      sequence++;
      publish(NEWEST, sequence);
      signal()
    :: break
    od;
    atomic { last = sequence; last_epoch = my_epoch; finished = true }
  } unless { crash && my_epoch == 1 }
  if
  :: my_epoch == 1 && crash ->
    finished = false;
    store(EPOCH, 0);
    fence_store();
    store(NEWEST, 0);
    publish(EPOCH, 2);
    run publisher(2)
  :: else
  fi
}

active proctype crasher() {
  if
  :: crash = true
  :: skip
  fi
}

inline join() {
  atomic { memory[EPOCH] != 0 -> joined = memory[EPOCH]; seen = 0; line_epoch_pending = joined }
}

active proctype consumer() {
  byte token, newest;
again:
  join();
  do
  :: memory[EPOCH] != joined -> goto again
  :: else ->
    newest = memory[NEWEST];
    if
    :: newest != seen && memory[EPOCH] == joined -> seen = newest
    :: else ->
#ifdef SAME_TOKEN
      token = 1;
#else
      token++;
#endif
      line_token_pending = token;
#ifndef NO_ARM
      consumer_fence();
#endif
#ifndef NO_RECHECK
      if
      :: memory[NEWEST] == seen ->
#endif
        asleep = true;
      end_sleep:
        atomic { (bell || memory[EPOCH] != joined) -> bell = false; asleep = false }
#ifndef NO_RECHECK
      :: else
      fi
#endif
      ;
      line_token_pending = 0
    fi
  od
}

/* Nothing moves any more: then nobody may be asleep over an unseen frame. */
active proctype observer() {
end:
  timeout ->
  assert(finished && asleep && joined == last_epoch && seen == last)
}

init {
  memory[EPOCH] = 1;
  run publisher(1)
}
