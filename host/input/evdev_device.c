#include "host/input/evdev_device.h"

#include "common/clock.h"
#include "host/input/evdev_leds.h"
#include "host/input/evdev_libevdev.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define READ_EVENTS 64 /* one read(): 1.5 kB */
#define KEY_BYTES (EVDEV_KEY_CODES / 8)
#define CATCH_UPS_MAX 4 /* an owner that asks again and again must not hold the thread */

struct evdev_device {
  struct input_device_info info;
  const struct evdev_device_events *events;
  void *user_data;
  int fd;
  struct libevdev *libevdev; /* what it can do, and the grab; events are read without it */
  struct evdev_frame frame;
  struct evdev_range ranges[EVDEV_AXES];
  struct evdev_leds leds;
  uint8_t down[KEY_BYTES];
  bool grabbed, has_clock;
  bool dropping; /* after SYN_DROPPED, until the next SYN_REPORT */
  bool telling;  /* events that were read are on their way to the owner */
  bool asked;    /* meanwhile, what is down: the kernel's bitmap is ahead of them */
  bool stale;    /* the keys of what is left of this read(): the bitmap is ahead of them, and told */
};

static bool bit_of(const uint8_t *bits, unsigned code) { return bits[code / 8] >> (code % 8) & 1; }

static void put_bit(uint8_t *bits, unsigned code, bool set) {
  const uint8_t bit = (uint8_t)(1u << (code % 8));
  bits[code / 8] = set ? bits[code / 8] | bit : (uint8_t)(bits[code / 8] & ~bit);
}

const struct input_device_info *evdev_device_info(const struct evdev_device *device) { return &device->info; }
int evdev_device_fd(const struct evdev_device *device) { return device->fd; }
const struct evdev_range *evdev_device_ranges(const struct evdev_device *device) { return device->ranges; }
bool evdev_device_is_grabbed(const struct evdev_device *device) { return device->grabbed; }

bool evdev_device_has_key(const struct evdev_device *device, unsigned code) {
  return libevdev_has_event_code(device->libevdev, EV_KEY, code);
}

bool evdev_device_is_down(const struct evdev_device *device, unsigned code) { return code < EVDEV_KEY_CODES && bit_of(device->down, code); }

/* Ends the frame: keeps of its keys what changes something, and tells. */
static void complete(struct evdev_device *device, uint64_t time_ns) {
  struct evdev_frame *frame = &device->frame;
  size_t kept = 0;
  for (size_t i = 0; i < frame->key_count; i++) {
    const struct evdev_key_change change = frame->keys[i];
    if (change.code >= EVDEV_KEY_CODES || bit_of(device->down, change.code) == change.down)
      continue;
    put_bit(device->down, change.code, change.down);
    frame->keys[kept++] = change;
  }
  frame->key_count = kept;
  if (frame->has_leds)
    evdev_leds_disputed(&device->leds, time_ns);
  device->events->frame(device, frame, time_ns, device->user_data);
  evdev_frame_clear(frame);
}

static bool read_down(const struct evdev_device *device, uint8_t down[KEY_BYTES]) {
  memset(down, 0, KEY_BYTES);
  return ioctl(device->fd, EVIOCGKEY(KEY_BYTES), down) >= 0;
}

/* Tells the difference between the kernel's bitmap and ours, as one frame or several. Motion that waits for its SYN_REPORT comes along. */
static void tell_difference(struct evdev_device *device, const uint8_t down[KEY_BYTES]) {
  const uint64_t time_ns = clock_monotonic_ns();
  device->frame.key_count = 0; /* the bitmap knows them */
  for (unsigned code = 0; code < EVDEV_KEY_CODES; code++) {
    if (bit_of(down, code) == bit_of(device->down, code))
      continue;
    if (evdev_frame_is_full(&device->frame))
      complete(device, time_ns);
    evdev_frame_add(&device->frame, EV_KEY, (uint16_t)code, bit_of(down, code));
  }
  if (device->frame.key_count)
    complete(device, time_ns);
}

void evdev_device_let_go(struct evdev_device *device) {
  static const uint8_t none[KEY_BYTES];
  evdev_frame_clear(&device->frame);
  tell_difference(device, none);
}

/* Where the axes are now: they move on only when somebody moves them. */
static void read_axes(struct evdev_device *device) {
  for (uint16_t code = 0; code < EVDEV_AXES; code++) {
    struct input_absinfo axis;
    if (evdev_range_is_possible(&device->ranges[code]) && ioctl(device->fd, EVIOCGABS(code), &axis) >= 0)
      evdev_frame_add(&device->frame, EV_ABS, code, axis.value);
  }
}

/* Whoever is told may ask again, which moves the kernel's bitmap ahead once more. */
static bool catch_up(struct evdev_device *device) {
  for (int i = 0; i < CATCH_UPS_MAX; i++) {
    uint8_t down[KEY_BYTES];
    device->asked = false;
    if (!read_down(device, down))
      return false;
    tell_difference(device, down);
    if (!device->asked)
      return true;
  }
  return true; /* at the end of the next read() */
}

bool evdev_device_catch_up(struct evdev_device *device) {
  device->telling = true;
  const bool is_there = catch_up(device);
  device->telling = false;
  return is_there;
}

bool evdev_device_any_down(struct evdev_device *device, bool *differs) {
  static const uint8_t none[KEY_BYTES];
  uint8_t down[KEY_BYTES];
  *differs = false;
  if (!read_down(device, down))
    return false;                   /* gone: nobody holds its keys */
  device->asked |= device->telling; /* comparing says nothing while events are between the two */
  *differs = !device->telling && memcmp(down, device->down, sizeof(down)) != 0;
  return memcmp(down, none, sizeof(down)) != 0;
}

static uint64_t time_of(const struct evdev_device *device, const struct linux_input_event *event) {
  if (!device->has_clock)
    return clock_monotonic_ns();
  return (uint64_t)event->input_event_sec * UINT64_C(1000000000) + (uint64_t)event->input_event_usec * 1000;
}

/* False: gone. */
static bool take(struct evdev_device *device, const struct linux_input_event *event) {
  const bool is_sync = event->type == EV_SYN;
  if (is_sync && event->code == SYN_DROPPED) {
    device->dropping = true;
    evdev_frame_clear(&device->frame);
  } else if (device->dropping) {
    if (!is_sync || event->code != SYN_REPORT)
      return true; /* the rest of a frame whose head was dropped */
    device->dropping = false;
    device->stale = true;
    read_axes(device);
    if (!catch_up(device))
      return false;
    if (device->frame.axes_seen)
      complete(device, time_of(device, event)); /* no key changed that would have taken them along */
  } else if (is_sync) {
    if (event->code == SYN_REPORT)
      complete(device, time_of(device, event));
  } else if (event->type != EV_KEY || !device->stale) {
    if (event->type == EV_KEY && evdev_frame_is_full(&device->frame))
      complete(device, time_of(device, event));
    evdev_frame_add(&device->frame, event->type, event->code, event->value);
  }
  return true;
}

/* False: gone. */
static bool take_all(struct evdev_device *device, const struct linux_input_event *events, size_t count) {
  device->stale = false;
  for (size_t i = 0; i < count; i++)
    if (!take(device, &events[i]))
      return false;
  return !device->asked || catch_up(device);
}

static bool read_all(struct evdev_device *device) {
  struct linux_input_event events[READ_EVENTS];
  for (int turn = 0; turn < EVDEV_READS_A_TURN; turn++) {
    const ssize_t bytes = read(device->fd, events, sizeof(events));
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
      return true;
    if (bytes <= 0 || !take_all(device, events, (size_t)bytes / sizeof(events[0])))
      return false;
    if ((size_t)bytes < sizeof(events))
      return true;
  }
  return true; /* the rest next turn, after the other devices */
}

bool evdev_device_read(struct evdev_device *device) {
  device->telling = true;
  const bool is_there = read_all(device);
  device->telling = false;
  return is_there;
}

int evdev_device_grab(struct evdev_device *device) {
  if (device->grabbed)
    return 0;
  const int status = libevdev_grab(device->libevdev, LIBEVDEV_GRAB);
  if (status)
    return status;
  device->grabbed = true;
  evdev_leds_begin(&device->leds, device->fd);
  return 0;
}

void evdev_device_release(struct evdev_device *device) {
  if (!device->grabbed)
    return;
  libevdev_grab(device->libevdev, LIBEVDEV_UNGRAB); /* cannot fail but for a device that is gone */
  evdev_leds_end(&device->leds);                    /* after it: see there */
  device->grabbed = false;
}

void evdev_device_set_leds(struct evdev_device *device, uint32_t led_mask) {
  if (device->grabbed)
    evdev_leds_set(&device->leds, led_mask);
}

static void read_ranges(struct evdev_device *device) {
  for (unsigned code = 0; code < EVDEV_AXES; code++) {
    const struct input_absinfo *axis = libevdev_get_abs_info(device->libevdev, code);
    if (axis)
      device->ranges[code] = (struct evdev_range){axis->minimum, axis->maximum};
  }
}

static int start(struct evdev_device *device) {
  const int flags = fcntl(device->fd, F_GETFL);
  if (flags < 0 || fcntl(device->fd, F_SETFL, flags | O_NONBLOCK))
    return -errno;
  const int status = libevdev_new_from_fd(device->fd, &device->libevdev);
  if (status)
    return status;
  device->has_clock = libevdev_set_clock_id(device->libevdev, CLOCK_MONOTONIC) == 0; /* else the time of the read */
  read_ranges(device);
  return read_down(device, device->down) ? 0 : -errno; /* keys that are down already were pressed for somebody else */
}

int evdev_device_create(int fd, const struct input_device_info *info, const struct evdev_device_events *events, void *user_data,
                        struct evdev_device **device) {
  struct evdev_device *created = calloc(1, sizeof(*created));
  if (!created) {
    close(fd);
    return -ENOMEM;
  }
  created->fd = fd;
  created->info = *info;
  created->events = events;
  created->user_data = user_data;
  const int status = start(created);
  if (status) {
    evdev_device_destroy(created);
    return status;
  }
  *device = created;
  return 0;
}

void evdev_device_destroy(struct evdev_device *device) {
  if (!device)
    return;
  evdev_device_release(device);
  libevdev_free(device->libevdev);
  close(device->fd);
  free(device);
}
