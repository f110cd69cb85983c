/* A QEMU with the small Linux guest, for tests in C: its event devices are read by record_input (tests/guest/record_input.c has its words),
 * whose lines come here. QEMU listens for a usb-redir device at `usb_socket`, and for monitors at two sockets. Everything runs on the
 * test's event loop. Every wait has the same generous bound, and fails the test with the guest's last lines. */
#ifndef TRANSOM_TESTS_SUPPORT_GUEST_MACHINE_H
#define TRANSOM_TESTS_SUPPORT_GUEST_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct event_loop;
struct event_source;

struct guest_machine {
  struct event_loop *loop;
  char directory[64], usb_socket[96], qmp_socket[96], control_socket[96], serial_log[96];
  char kernel[512], initrd[512];
  pid_t qemu; /* 0 = none */
  int control;
  struct event_source *source;
  bool recording;
  char *text;          /* all that the control line has said */
  size_t length, read; /* of it: there is, was looked at */
};

/* Sockets and paths; no QEMU yet. False: this machine cannot run it, and why was printed. */
bool guest_machine_init(struct guest_machine *machine, struct event_loop *loop, const char *build_directory);
void guest_machine_finish(struct guest_machine *machine);

/* `extra`: QEMU's words for the USB controller and whatever else, NULL-terminated; NULL = qemu-xhci. Boots Linux to its control shell. */
void guest_machine_boot(struct guest_machine *machine, const char *const *extra);
void guest_machine_launch(struct guest_machine *machine, const char *const *words); /* any QEMU; nothing is awaited */
void guest_machine_kill(struct guest_machine *machine);

void guest_machine_record(struct guest_machine *machine, const char *options); /* ends what recorded before */
void guest_machine_say(struct guest_machine *machine, const char *line);

/* The next line that contains `part`, after the last that was returned; valid until the next call. */
const char *guest_machine_wait(struct guest_machine *machine, const char *part);
/* Asks for a `sync`, and returns what was said until it came (without it). */
const char *guest_machine_sync(struct guest_machine *machine);
/* Runs the loop until it is true. */
void guest_machine_until(struct guest_machine *machine, bool (*condition)(void *user_data), void *user_data, const char *what);

#endif
