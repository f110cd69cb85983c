/* How the keyboard that transom-serve plays for host keys (host/serve/host_keyboard.h) is known again, so that nobody lends or captures it:
 * what it says would come back to where it came from. */
#ifndef TRANSOM_HOST_DEVICES_HOST_KEYBOARD_IDENTITY_H
#define TRANSOM_HOST_DEVICES_HOST_KEYBOARD_IDENTITY_H

/* With bus BUS_VIRTUAL, which no hardware has: all three together are its alone. */
#define HOST_KEYBOARD_NAME "Transom host keys"
#define HOST_KEYBOARD_PHYSICAL "transom/host-keys"

#endif
