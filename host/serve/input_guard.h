/* The input broker and guard: lends this VM's input to one viewer at a time, and takes it back from outside. The lines: control_line.h.
 *
 * Whoever has devices may also give keys of theirs to the host: on a keyboard that the guard plays (host_keyboard.h) while they are lent.
 *
 * What is lent: evdev descriptors of keyboards, mice and controllers (device_leases.h), and the USB channels (usb_channels.h). Taken back
 * when the viewer gives it back, dies, is stopped or hangs (silent for 3 s), is replaced, or its login session is switched away or locked.
 * Then its descriptors are revoked, the USB channels are shut down, and if it does not say in 3 s that it has released what is down in the
 * guest by QMP, that is done for it (key_release.h).
 *
 * Who may have what (login_sessions.h):
 *   the user is here (active, unlocked session with a seat)       everything
 *   his session is switched away or locked                        nothing until it is back
 *   no session with a seat (ssh, remote desktop), or no logind    USB channels; evdev only if he is the user we run as, who needs no
 *                                                                 broker to open what his own rights allow
 *   take from a user who is here                                  only by himself, or by another who is here
 *
 * On one event loop, whose thread calls everything. */
#ifndef TRANSOM_HOST_SERVE_INPUT_GUARD_H
#define TRANSOM_HOST_SERVE_INPUT_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device_access;
struct event_loop;
struct host_keyboard_output;
struct input_guard;
struct qemu_users;
struct usb_channels;

#define INPUT_GUARD_CLIENTS_MAX 16u
#define INPUT_GUARD_SILENCE_NS UINT64_C(3000000000)

struct input_guard_options { /* all outlive the guard */
  struct usb_channels *channels;
  const struct qemu_users *qemu_users;
  const struct device_access *access;
  const struct host_keyboard_output *keyboard; /* where host keys are played */
};

struct input_guard *input_guard_create(struct event_loop *loop, const struct input_guard_options *options); /* NULL: errno */
void input_guard_destroy(struct input_guard *guard);                                                        /* takes everything back */

/* A connection whose first line asked for input. Takes `socket` over, whatever happens; `rest` came behind that line. */
void input_guard_adopt(struct input_guard *guard, int socket, bool take, const char *rest, size_t bytes);

#endif
