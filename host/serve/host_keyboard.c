#define LOG_MODULE "serve"
#include "host/serve/host_keyboard.h"

#include "common/log.h"
#include "host/devices/host_keyboard_identity.h"
#include "host/input/evdev_keymap.h"
#include "host/serve/device_leases.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PAGE_SYSTEM 0x01
#define PAGE_KEYBOARD 0x07
#define PAGE_CONSUMER 0x0c
#define DOWN_MAX 64 /* as many as a viewer remembers */

struct down_key {
  uint16_t code;
  bool was_lifted; /* when they were looked at last */
};

struct host_keyboard {
  const struct host_keyboard_output *output;
  const struct device_leases *leases;
  int fd;
  struct down_key down[DOWN_MAX]; /* in the order of their presses */
  unsigned count;
};

/* ---- uinput ---- */

static bool is_played(unsigned code) {
  const struct evdev_usage as = evdev_keymap_usage(code);
  return as.page == PAGE_SYSTEM || as.page == PAGE_KEYBOARD || as.page == PAGE_CONSUMER;
}

/* No EV_REP: whoever reads it repeats by itself, and nobody repeats for a server that is stopped. */
static bool describe(int fd) {
  struct uinput_setup setup = {.id = {.bustype = BUS_VIRTUAL}};
  snprintf(setup.name, sizeof setup.name, "%s", HOST_KEYBOARD_NAME);
  if (ioctl(fd, UI_SET_EVBIT, EV_KEY) || ioctl(fd, UI_SET_PHYS, HOST_KEYBOARD_PHYSICAL))
    return false;
  for (unsigned code = 0; code < EVDEV_KEY_CODES; code++)
    if (is_played(code) && ioctl(fd, UI_SET_KEYBIT, code))
      return false;
  return !ioctl(fd, UI_DEV_SETUP, &setup) && !ioctl(fd, UI_DEV_CREATE);
}

static int uinput_open(void) {
  const int fd = open("/dev/uinput", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  if (describe(fd))
    return fd;
  const int error = errno;
  close(fd);
  return -error;
}

static void uinput_key(int fd, uint16_t code, bool down) {
  const struct input_event events[2] = {{.type = EV_KEY, .code = code, .value = down}, {.type = EV_SYN, .code = SYN_REPORT}};
  if (write(fd, events, sizeof events) != (ssize_t)sizeof events)
    log_warning("cannot play a host key: %s", strerror(errno));
}

static void uinput_close(int fd) { close(fd); } /* the kernel takes the device away */

const struct host_keyboard_output host_keyboard_uinput = {.open = uinput_open, .key = uinput_key, .close = uinput_close};

/* ---- what is down ---- */

static unsigned find(const struct host_keyboard *keyboard, uint16_t code) {
  unsigned i = 0;
  while (i < keyboard->count && keyboard->down[i].code != code)
    i++;
  return i;
}

static bool press(struct host_keyboard *keyboard, uint16_t code) {
  if (!device_leases_is_down(keyboard->leases, code))
    return false;
  if (find(keyboard, code) < keyboard->count || keyboard->count == DOWN_MAX)
    return true;
  keyboard->down[keyboard->count++] = (struct down_key){.code = code};
  keyboard->output->key(keyboard->fd, code, true);
  return true;
}

static void release(struct host_keyboard *keyboard, unsigned index) {
  keyboard->output->key(keyboard->fd, keyboard->down[index].code, false);
  keyboard->count--;
  memmove(&keyboard->down[index], &keyboard->down[index + 1], (keyboard->count - index) * sizeof keyboard->down[0]);
}

bool host_keyboard_key(struct host_keyboard *keyboard, uint16_t page, uint16_t usage, bool down) {
  const int code = evdev_keymap_code(page, usage);
  if (code < 0 || !is_played((unsigned)code))
    return !down;
  if (down)
    return press(keyboard, (uint16_t)code);
  const unsigned index = find(keyboard, (uint16_t)code);
  if (index < keyboard->count)
    release(keyboard, index);
  return true;
}

void host_keyboard_release_lifted(struct host_keyboard *keyboard) {
  for (unsigned i = keyboard->count; i-- > 0;) {
    struct down_key *key = &keyboard->down[i];
    const bool is_lifted = !device_leases_is_down(keyboard->leases, key->code);
    if (is_lifted && key->was_lifted)
      release(keyboard, i);
    else
      key->was_lifted = is_lifted;
  }
}

/* ---- life ---- */

struct host_keyboard *host_keyboard_create(const struct host_keyboard_output *output, const struct device_leases *leases) {
  struct host_keyboard *keyboard = calloc(1, sizeof *keyboard);
  if (!keyboard)
    return NULL;
  *keyboard = (struct host_keyboard){.output = output, .leases = leases, .fd = output->open()};
  if (keyboard->fd >= 0)
    return keyboard;
  errno = -keyboard->fd;
  free(keyboard);
  return NULL;
}

void host_keyboard_destroy(struct host_keyboard *keyboard) {
  if (!keyboard)
    return;
  while (keyboard->count)
    release(keyboard, keyboard->count - 1);
  keyboard->output->close(keyboard->fd);
  free(keyboard);
}
