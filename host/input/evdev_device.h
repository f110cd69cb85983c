/* One opened evdev node: reads frames, grabs, keeps LEDs. One thread.
 *
 * The kernel keeps a bitmap of what is down; ours follows it by the events. After SYN_DROPPED, and whenever the kernel's bitmap was asked
 * for (which throws waiting key events away), ours is brought up to date by comparing. Relative motion that was dropped is lost: the kernel
 * does not sum it. evdev_device_read() is data plane. */
#ifndef TRANSOM_HOST_INPUT_EVDEV_DEVICE_H
#define TRANSOM_HOST_INPUT_EVDEV_DEVICE_H

#include "host/devices/input_device.h"
#include "host/input/evdev_frame.h"
#include "host/input/evdev_keymap.h"

#include <stdbool.h>
#include <stdint.h>

struct evdev_device;

struct evdev_device_events {
  /* A frame is complete; its keys are changes against what was down before. */
  void (*frame)(struct evdev_device *device, const struct evdev_frame *frame, uint64_t time_ns, void *user_data);
};

/* Takes the descriptor (opened non-blocking here), also when it fails. 0, or -errno. */
int evdev_device_create(int fd, const struct input_device_info *info, const struct evdev_device_events *events, void *user_data,
                        struct evdev_device **device);
void evdev_device_destroy(struct evdev_device *device); /* gives LEDs and grab back */

const struct input_device_info *evdev_device_info(const struct evdev_device *device);
int evdev_device_fd(const struct evdev_device *device);
bool evdev_device_has_key(const struct evdev_device *device, unsigned code);
const struct evdev_range *evdev_device_ranges(const struct evdev_device *device); /* EVDEV_AXES, by code */
bool evdev_device_is_down(const struct evdev_device *device, unsigned code);      /* as told so far */

/* A frame of releases of all its keys, and nothing is down any more: it is about to go. */
void evdev_device_let_go(struct evdev_device *device);

/* Reads what waits, at most EVDEV_READS_A_TURN times 64 events. False: the device is gone or was revoked. */
#define EVDEV_READS_A_TURN 16
bool evdev_device_read(struct evdev_device *device);

/* Asks the kernel, which may be ahead of what was told. `differs`: evdev_device_catch_up() must follow, soon and outside of this call. From
 * within a frame it never does: the read that told the frame catches up by itself. */
bool evdev_device_any_down(struct evdev_device *device, bool *differs);
bool evdev_device_catch_up(struct evdev_device *device); /* false: gone */

int evdev_device_grab(struct evdev_device *device); /* 0, -EBUSY: another program holds it, -ENODEV: gone */
void evdev_device_release(struct evdev_device *device);
bool evdev_device_is_grabbed(const struct evdev_device *device);

/* While grabbed; the host's LEDs come back at release. A program that sets them meanwhile is remembered, and overruled a few times a
 * second. */
void evdev_device_set_leds(struct evdev_device *device, uint32_t led_mask);

#endif
