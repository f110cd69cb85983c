/* A keyboard that the server plays on the host: the way back for host keys (volume, Super+1) of keyboards that a viewer has grabbed.
 *
 * A viewer must not type what the user did not press. So a press is played only while that key is down on a device that is lent to that
 * viewer (the server asks the kernel itself), a key of the keyboard, consumer or system page that Linux has; once. Its release is played
 * whenever it comes, or when nobody holds the key any more, and all are released at the end. Where the server is killed the kernel does it.
 * On the guard's event loop. */
#ifndef TRANSOM_HOST_SERVE_HOST_KEYBOARD_H
#define TRANSOM_HOST_SERVE_HOST_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

struct device_leases;
struct host_keyboard;

/* Where it is played: the kernel's uinput, or a test's. */
struct host_keyboard_output {
  int (*open)(void); /* a keyboard with every key, none down: its descriptor, or -errno */
  void (*key)(int fd, uint16_t code, bool down);
  void (*close)(int fd);
};
extern const struct host_keyboard_output host_keyboard_uinput;

/* `leases` outlive it. NULL: errno. */
struct host_keyboard *host_keyboard_create(const struct host_keyboard_output *output, const struct device_leases *leases);
void host_keyboard_destroy(struct host_keyboard *keyboard); /* releases everything; NULL is fine */

/* False: a press of a key that is not down, or that Linux does not have; not played. */
bool host_keyboard_key(struct host_keyboard *keyboard, uint16_t page, uint16_t usage, bool down);

/* Once a second: releases what nobody held, now and at the last call. For a viewer that does not say so; one that does is faster. */
void host_keyboard_release_lifted(struct host_keyboard *keyboard);

#endif
