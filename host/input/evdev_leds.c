#include "host/input/evdev_leds.h"

#include "host/input/evdev_libevdev.h"
#include "host/input/input_sink.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define LED_KINDS 3
#define SECOND_NS UINT64_C(1000000000)

_Static_assert(1u << LED_NUML == INPUT_LED_NUM && 1u << LED_CAPSL == INPUT_LED_CAPS && 1u << LED_SCROLLL == INPUT_LED_SCROLL,
               "evdev's order of LEDs is ours");

static uint32_t first_kinds(const uint8_t *bits) { return bits[0] & ((1u << LED_KINDS) - 1); }

static uint32_t read_leds(const struct evdev_leds *leds) {
  uint8_t bits[(LED_CNT + 7) / 8] = {0};
  return ioctl(leds->fd, EVIOCGLED(sizeof(bits)), bits) < 0 ? 0 : first_kinds(bits);
}

static uint32_t read_kinds(int fd) {
  uint8_t bits[(LED_CNT + 7) / 8] = {0};
  return ioctl(fd, EVIOCGBIT(EV_LED, sizeof(bits)), bits) < 0 ? 0 : first_kinds(bits);
}

/* A descriptor that may only read has no LEDs to write; the others go on without. */
static void write_leds(const struct evdev_leds *leds, uint32_t led_mask) {
  struct linux_input_event events[LED_KINDS + 1] = {0};
  for (uint16_t kind = 0; kind < LED_KINDS; kind++) {
    events[kind].type = EV_LED;
    events[kind].code = kind;
    events[kind].value = led_mask >> kind & 1;
  }
  events[LED_KINDS].type = EV_SYN;
  const ssize_t written = write(leds->fd, events, sizeof(events));
  (void)written;
}

void evdev_leds_begin(struct evdev_leds *leds, int fd) {
  *leds = (struct evdev_leds){.fd = fd, .active = true};
  leds->has = read_kinds(fd);
  leds->host = read_leds(leds);
}

void evdev_leds_set(struct evdev_leds *leds, uint32_t led_mask) {
  if (!leds->active)
    return;
  leds->ours = true;
  leds->wanted = led_mask & leds->has;
  write_leds(leds, leds->wanted);
}

/* The events are also echoes of what we wrote, perhaps of something older; so the kernel is asked what is lit now. */
void evdev_leds_disputed(struct evdev_leds *leds, uint64_t now_ns) {
  if (!leds->active)
    return;
  const uint32_t lit = read_leds(leds);
  if (!leds->ours) {
    leds->host = lit;
    return;
  }
  const uint32_t differs = lit ^ leds->wanted;
  if (!differs)
    return;
  leds->host = (leds->host & ~differs) | (lit & differs);
  if (now_ns - leds->second_ns >= SECOND_NS) {
    leds->second_ns = now_ns;
    leds->overrules = 0;
  }
  if (leds->overrules++ < EVDEV_LEDS_OVERRULES)
    write_leds(leds, leds->wanted);
}

void evdev_leds_end(struct evdev_leds *leds) {
  if (leds->active)
    write_leds(leds, leds->host);
  leds->active = leds->ours = false;
}
