/* What a viewer may say on control.sock: lines of ASCII that end with a newline, at most CONTROL_LINE_BYTES_MAX with it. Its first line
 * says what the connection is for: the message rings, or the VM's input.
 *
 *   viewer              server
 *   peer N              ok | error REASON      this connection belongs to ivshmem peer N (same process): first
 *   controller          granted | busy         wants the message rings' host end; `busy`: `granted` follows when its turn comes
 *   take                granted                the same, now: the present controller gets `lost`
 *                       lost                   no longer controller: stop writing to the rings
 *
 *   input               granted *              wants the VM's input (input_guard.h); with the memory for held keys (held_keys.h)
 *                       busy WHO               ... has it; `granted` follows when its turn comes
 *                       refused WHY            not as things are; `granted` follows when they change
 *   input take          as to `input`          the same, now
 *   input alive         -                      once a second, from the thread that handles input: silent for 3 s, it loses all
 *   input qmp *         -                      a duplicate of its connection to QEMU's monitor, for key-ups by the server
 *   input no-qmp        -                      there is none any more
 *   input back          lost ...               gives everything back
 *   input host-key P U D  -                    a host key for the host: P, U = HID page (1, 7, c) and usage in hexadecimal, D = 1 down, 0
 * up. Played if that key is down on a lent device (host_keyboard.h) lost WHY               everything was taken; descriptors that came are
 * dead input released      -                      answer to `lost`: it has released what was down in the guest device N R B V P * ... N =
 * /dev/input/..., R = roles, B V P = bus, vendor, product in hexadecimal; then, each after a tab: name, by-id, physical (input_device.h)
 *                       device-gone N
 *                       no-devices WHY         no evdev devices for this viewer; the rest is granted all the same
 *                       host-keys              `input host-key` is heard from now on
 *                       no-host-keys WHY       it is not
 *                       usb input * | usb audio *   QEMU's end of a USB channel
 *   (* one descriptor comes with the line)
 *
 * The end of the connection gives everything back. A line that is none of these ends it. Pure functions. */
#ifndef TRANSOM_HOST_SERVE_CONTROL_LINE_H
#define TRANSOM_HOST_SERVE_CONTROL_LINE_H

#include <stddef.h>
#include <stdint.h>

#define CONTROL_LINE_BYTES_MAX 32u

enum control_command {
  CONTROL_PEER,
  CONTROL_CONTROLLER,
  CONTROL_TAKE,
  CONTROL_INPUT,
  CONTROL_INPUT_TAKE,
  CONTROL_INPUT_ALIVE,
  CONTROL_INPUT_QMP,
  CONTROL_INPUT_NO_QMP,
  CONTROL_INPUT_BACK,
  CONTROL_INPUT_RELEASED,
  CONTROL_INPUT_HOST_KEY,
  CONTROL_UNKNOWN
};

/* `line` without its newline. `*peer_id` (below 16) is written for CONTROL_PEER. */
enum control_command control_line_parse(const char *line, size_t bytes, uint32_t *peer_id);

struct control_host_key {
  uint16_t page, usage; /* keyboard, consumer or system key */
  int down;
};

/* What a CONTROL_INPUT_HOST_KEY says; 0 = the line is none. */
int control_line_host_key(const char *line, size_t bytes, struct control_host_key *key);

/* Bytes from a socket, put together to lines. */
struct control_line_buffer {
  char bytes[CONTROL_LINE_BYTES_MAX];
  size_t filled;
};

/* Takes bytes up to the end of a line; returns how many it used. `*line_bytes`: the length of the line that is now in `bytes`, or -1 when
 * it has not ended yet, or -2 when it is too long. After a line, the next call begins a new one. */
size_t control_line_feed(struct control_line_buffer *buffer, const char *bytes, size_t count, int *line_bytes);

#endif
