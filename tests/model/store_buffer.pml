/* Shared memory behind store buffers, as x86 has it with a write-combining mapping on the publisher's side.
 *
 * The publisher's stores go into a buffer from which they reach memory in any order, except that none overtakes a store fence (BAR) and that
 * stores to one place merge. A full fence waits until the buffer is empty; a store fence does not, so a later load may overtake it: that is
 * why the two are different. Draining is a process of its own: it may come at once or after any delay.
 * A consumer stores one word only (its hold, its token): for it the buffer is that word, pending or not. */
#define BAR 255

byte buffer_place[BUFFER], buffer_value[BUFFER], buffered;

/* Private scratch of the inlines below: 0 between them, so that it adds no states. */
hidden byte at;

inline store(place, value) {
  d_step {
    buffered + 1 < BUFFER -> at = buffered; /* a full buffer drains first; one place is kept for the fence */
    do
    :: at > 0 && buffer_place[at - 1] != BAR && buffer_place[at - 1] != (place) -> at--
    :: else -> break
    od;
    if
    :: at > 0 && buffer_place[at - 1] == (place) -> buffer_value[at - 1] = value
    :: else ->
      buffer_place[buffered] = place;
      buffer_value[buffered] = value;
      buffered++
    fi
  }
}

inline fence_store() {
  d_step {
    if
    :: buffered > 0 && buffer_place[buffered - 1] != BAR ->
      buffer_place[buffered] = BAR;
      buffered++
    :: else
    fi
  }
}

inline fence_full() { (buffered == 0) }

inline remove_entry(index) {
  at = index;
  do
  :: at + 1 < buffered ->
    buffer_place[at] = buffer_place[at + 1];
    buffer_value[at] = buffer_value[at + 1];
    at++
  :: else -> break
  od;
  buffered--;
  buffer_place[buffered] = 0;
  buffer_value[buffered] = 0
}

/* One store reaches memory: any one before the first store fence. */
active proctype drain() {
  byte pick;
end:
  do
  :: atomic {
       buffered > 0 -> pick = 0;
       do
       :: break
       :: pick + 1 < buffered && buffer_place[pick + 1] != BAR -> pick++
       od;
       d_step {
         on_drain(buffer_place[pick], buffer_value[pick]);
         memory[buffer_place[pick]] = buffer_value[pick];
         remove_entry(pick);
         do
         :: buffered > 0 && buffer_place[0] == BAR -> remove_entry(0)
         :: else -> break
         od;
         pick = 0
       }
     }
  od
}

/* wire_publish() */
inline publish(place, value) {
#ifndef NO_PUBLISH_BEFORE
  fence_store();
#endif
  store(place, value);
#ifndef NO_PUBLISH_AFTER
  fence_store();
#endif
}
