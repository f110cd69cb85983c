/* How often the agent looks: at the screen, and at what consumers write. Pure arithmetic on times that the caller gives; no clock of its
 * own.
 *
 * case                                                          screen                  consumers' lines, messages, clock
 * a consumer watches, the screen changed less than 2 s ago      each display period     each display period
 * the same, still for 2 s                                       each 100 ms             each 100 ms
 * the same, still for 10 s                                      each 250 ms             each 250 ms
 * nobody watches                                                each 1 s                each 250 ms
 * a message or clock request came less than 50 ms ago           as above                each 1 ms
 *
 * A cursor that can be had apart from the screen is looked at each 4 ms where the table says "each display period", else with the screen.
 *
 * Input in the guest, a redraw request or a consumer that joins counts as a change of the screen: whoever types after a pause does not wait
 * for the back-off. */
#ifndef TRANSOM_GUEST_CORE_POLL_PACER_H
#define TRANSOM_GUEST_CORE_POLL_PACER_H

#include <stdbool.h>
#include <stdint.h>

#define POLL_STILL_AFTER_NS UINT64_C(2000000000)
#define POLL_STILL_NS UINT64_C(100000000)
#define POLL_RESTING_AFTER_NS UINT64_C(10000000000)
#define POLL_RESTING_NS UINT64_C(250000000)
#define POLL_ALONE_SCREEN_NS UINT64_C(1000000000)
#define POLL_ALONE_NS UINT64_C(250000000)
#define POLL_CURSOR_NS UINT64_C(4000000)
#define POLL_TALK_NS UINT64_C(1000000)
#define POLL_TALK_FOR_NS UINT64_C(50000000)

struct poll_pacer {
  uint64_t period_ns; /* of the display */
  bool watched;       /* a consumer has joined */
  uint64_t changed_ns;
  uint64_t talked_ns; /* 0 = never */
};

void poll_pacer_init(struct poll_pacer *pacer, uint64_t now_ns);
void poll_pacer_watched(struct poll_pacer *pacer, bool watched, uint64_t now_ns); /* joining counts as a change */
void poll_pacer_changed(struct poll_pacer *pacer, uint64_t now_ns);
void poll_pacer_talked(struct poll_pacer *pacer, uint64_t now_ns);

/* Nanoseconds until the next look. */
uint64_t poll_pacer_screen_ns(const struct poll_pacer *pacer, uint64_t now_ns);
uint64_t poll_pacer_talk_ns(const struct poll_pacer *pacer, uint64_t now_ns);
uint64_t poll_pacer_cursor_ns(const struct poll_pacer *pacer, uint64_t now_ns);

#endif
