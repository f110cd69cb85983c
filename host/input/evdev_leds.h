/* The LEDs of one grabbed keyboard: the guest's while it is grabbed, the host's again afterwards. One thread.
 *
 * The kernel lets every program that may open the node write LEDs, whoever holds the grab: the host's own (compositor, setleds) goes on
 * doing it. What it wants is remembered (a write that changes nothing cannot be seen) for the end, and overruled at most
 * EVDEV_LEDS_OVERRULES times a second, so that two programs that both insist do not turn a keyboard into a strobe light. */
#ifndef TRANSOM_HOST_INPUT_EVDEV_LEDS_H
#define TRANSOM_HOST_INPUT_EVDEV_LEDS_H

#include <stdbool.h>
#include <stdint.h>

#define EVDEV_LEDS_OVERRULES 4

struct evdev_leds {
  int fd;
  bool active, ours;          /* between begin and end; the guest has said something */
  uint32_t has, host, wanted; /* enum input_led */
  uint64_t second_ns;         /* when the running second began */
  int overrules;              /* in it */
};

void evdev_leds_begin(struct evdev_leds *leds, int fd); /* grabbed: remembers the host's */
void evdev_leds_set(struct evdev_leds *leds, uint32_t led_mask);
void evdev_leds_disputed(struct evdev_leds *leds, uint64_t now_ns); /* an LED event came: ours, or somebody else's */

/* Released: the host's again. At the end of a grab the kernel's own keyboard driver lights what the text console wants, which no graphical
 * session asked for; so this comes after it, and whether the guest said anything or not. */
void evdev_leds_end(struct evdev_leds *leds);

#endif
