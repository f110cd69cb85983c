/* Who has the VM's input. The states of a viewer's connection, and what brings it from one to another:
 *
 *            | asks             takes    another line  gives back  released  silent 3 s       may not, replaced  its end
 *   IDLE     | WAITING/HOLDING  HOLDING  -             -           -         -                -                  gone
 *   WAITING  | -                HOLDING  -             IDLE        -         -                told why           gone
 *   HOLDING  | -                -        lives on      IDLE        -         SILENT, key-ups  LEAVING            gone, key-ups
 *   LEAVING  | -                HOLDING  -             IDLE        WAITING   SILENT, key-ups  -                  gone, key-ups
 *   SILENT   | WAITING with any line that comes, and then as above                                               gone
 *
 * Out of HOLDING everything that was lent is taken back first. Whenever nobody holds, the first in the queue who may is granted. */
#define LOG_MODULE "serve"
#include "host/serve/input_guard.h"

#include "common/log.h"
#include "host/event/event_loop.h"
#include "host/serve/control_line.h"
#include "host/serve/device_leases.h"
#include "host/serve/host_keyboard.h"
#include "host/serve/input_client.h"
#include "host/serve/input_rights.h"
#include "host/serve/key_release.h"
#include "host/serve/login_sessions.h"
#include "host/serve/peer_process.h"
#include "host/serve/qemu_users.h"
#include "host/serve/usb_channels.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)

struct input_guard {
  struct event_loop *loop;
  struct input_guard_options options;
  struct login_sessions *sessions;
  struct event_source *refill; /* once a second, while there are clients */
  struct input_client clients[INPUT_GUARD_CLIENTS_MAX];
  struct input_client *holder; /* NULL: nobody */
  struct device_leases *leases;
  struct host_keyboard *keyboard; /* NULL: not offered (yet), or it cannot be made */
  bool keyboard_refused;
  struct key_release *releases[INPUT_GUARD_CLIENTS_MAX]; /* on their way */
  uint64_t asked;
};

static bool is_taken(const struct input_client *client) { return client->source != NULL; }

/* ---- lending ---- */

static void lend_usb(struct input_guard *guard, int channel) {
  static const char *const lines[USB_CHANNELS_COUNT] = {"usb input\n", "usb audio\n"};
  const int socket = guard->holder ? usb_channels_lease(guard->options.channels, channel) : -1;
  if (socket >= 0)
    input_client_say(guard->holder, lines[channel], socket);
}

static void on_usb_connected(int channel, void *user_data) { lend_usb(user_data, channel); }

/* Once a grant, and not before there is a device: a viewer that opens its own has nothing to prove a press with. */
static void offer_host_keys(struct input_guard *guard) {
  char line[128];
  if (guard->keyboard || guard->keyboard_refused)
    return;
  guard->keyboard = host_keyboard_create(guard->options.keyboard, guard->leases);
  guard->keyboard_refused = !guard->keyboard;
  snprintf(line, sizeof line, "no-host-keys transom-serve cannot open /dev/uinput: %s\n", strerror(errno));
  input_client_say(guard->holder, guard->keyboard ? "host-keys\n" : line, -1);
}

static void on_device(const struct input_device_info *info, int fd, void *user_data) {
  struct input_guard *guard = user_data;
  char line[LINE_SOCKET_BYTES_MAX];
  const int length = snprintf(line, sizeof line, "device %s %x %x %x %x\t%s\t%s\t%s\n", info->node, (unsigned)info->roles, info->bus,
                              info->vendor, info->product, info->name, info->by_id, info->physical);
  assert(length > 0 && length < (int)sizeof line);
  (void)length;
  input_client_say(guard->holder, line, fd);
  if (guard->leases)
    offer_host_keys(guard);
}

static void on_device_gone(const char *node, void *user_data) {
  struct input_guard *guard = user_data;
  char line[128];
  snprintf(line, sizeof line, "device-gone %s\n", node);
  input_client_say(guard->holder, line, -1);
}

static void refuse_devices(struct input_client *client, const char *why) {
  char line[256];
  snprintf(line, sizeof line, "no-devices %s\n", why);
  input_client_say(client, line, -1);
}

static void lend_devices(struct input_guard *guard, const struct input_rights *rights) {
  static const struct device_leases_events events = {.opened = on_device, .gone = on_device_gone};
  if (!rights->devices) {
    refuse_devices(guard->holder, rights->why);
    return;
  }
  guard->leases = device_leases_create(guard->loop, guard->options.access, &events, guard);
  if (!guard->leases)
    refuse_devices(guard->holder, "input devices cannot be looked for here");
  else if (!device_leases_count(guard->leases))
    refuse_devices(guard->holder, device_leases_denied(guard->leases) ? "the server may not open any of them" : "there are none");
  else
    offer_host_keys(guard);
}

static void grant(struct input_guard *guard, struct input_client *client, const struct input_rights *rights) {
  assert(!guard->holder);
  if (!input_client_make_held(client)) {
    log_error("no memory to note held keys in: %s; nobody is given the input", strerror(errno));
    return;
  }
  char name[32];
  peer_process_name(client->pid, name);
  log_info("%s (pid %d, uid %u) has the input", name, (int)client->pid, (unsigned)client->uid);
  guard->holder = client;
  client->state = INPUT_HOLDING;
  client->told = NULL;
  event_timer_set(client->timer, INPUT_GUARD_SILENCE_NS, 0);
  input_client_say(client, "granted\n", client->held);
  for (int i = 0; i < USB_CHANNELS_COUNT; i++)
    lend_usb(guard, i);
  lend_devices(guard, rights);
}

static void tell_busy(struct input_guard *guard, struct input_client *client) {
  char name[32], line[96];
  peer_process_name(guard->holder->pid, name);
  snprintf(line, sizeof line, "busy %s (pid %d)\n", name, (int)guard->holder->pid);
  input_client_say(client, line, -1);
}

/* The first in the queue who may; the others hear why not. */
static void grant_next(struct input_guard *guard) {
  struct input_client *next = NULL;
  struct input_rights next_rights = {0};
  for (unsigned i = 0; i < INPUT_GUARD_CLIENTS_MAX; i++) {
    struct input_client *client = &guard->clients[i];
    if (!is_taken(client) || client->state != INPUT_WAITING)
      continue;
    const struct input_rights rights = input_rights_of(guard->sessions, client->uid);
    if (!rights.input) {
      input_client_say_why(client, "refused", rights.why);
    } else if (!next || client->asked < next->asked) {
      next = client;
      next_rights = rights;
    }
  }
  if (next && !guard->holder)
    grant(guard, next, &next_rights);
}

/* ---- taking back ---- */

static void on_released(struct key_release *release, void *user_data) {
  struct input_guard *guard = user_data;
  for (unsigned i = 0; i < INPUT_GUARD_CLIENTS_MAX; i++)
    if (guard->releases[i] == release)
      guard->releases[i] = NULL;
  key_release_destroy(release);
}

/* Says the client's key-ups for it. The descriptors are used up. */
static void release_keys(struct input_client *client, bool is_gone) {
  struct input_guard *guard = client->guard;
  struct held_keys held;
  const int qmp = client->qmp;
  client->qmp = -1;
  if (qmp < 0)
    return;
  unsigned place = 0;
  while (place < INPUT_GUARD_CLIENTS_MAX && guard->releases[place])
    place++;
  if (place == INPUT_GUARD_CLIENTS_MAX || !input_client_read_held(client, &held)) {
    close(qmp);
    return;
  }
  guard->releases[place] = key_release_create(guard->loop, qmp, &held, is_gone, on_released, guard);
  if (guard->releases[place])
    log_info("releasing in the guest what pid %d had down", (int)client->pid);
}

static void take_back(struct input_guard *guard, const char *why) {
  struct input_client *holder = guard->holder;
  log_info("pid %d no longer has the input: %s", (int)holder->pid, why);
  guard->holder = NULL;
  host_keyboard_destroy(guard->keyboard);
  guard->keyboard = NULL;
  guard->keyboard_refused = false;
  device_leases_destroy(guard->leases);
  guard->leases = NULL;
  usb_channels_end_leases(guard->options.channels);
  event_timer_set(holder->timer, 0, 0);
}

/* From one who lives: it is told, and has 3 s to say that it has released its keys. */
static void ask_back(struct input_guard *guard, const char *why) {
  struct input_client *holder = guard->holder;
  take_back(guard, why);
  holder->state = INPUT_LEAVING;
  holder->asked = ++guard->asked; /* back into the queue, at its end */
  holder->told = NULL;
  input_client_say_why(holder, "lost", why);
  event_timer_set(holder->timer, INPUT_GUARD_SILENCE_NS, 0);
}

static void remove_client(struct input_client *client) {
  if (client->guard->holder == client)
    take_back(client->guard, "it is gone");
  if (client->state == INPUT_HOLDING || client->state == INPUT_LEAVING)
    release_keys(client, true);
  input_client_finish(client);
}

/* ---- what clients say ---- */

static void on_ask(struct input_client *client) {
  struct input_guard *guard = client->guard;
  if (client->state != INPUT_IDLE)
    return;
  client->state = INPUT_WAITING;
  client->asked = ++guard->asked;
  if (guard->holder)
    tell_busy(guard, client);
}

static void on_take(struct input_client *client) {
  struct input_guard *guard = client->guard;
  if (client->state == INPUT_HOLDING)
    return;
  const struct input_rights rights = input_rights_of(guard->sessions, client->uid);
  if (client->state == INPUT_IDLE)
    client->asked = ++guard->asked;
  if (client->state != INPUT_LEAVING)
    client->state = INPUT_WAITING;
  if (!rights.input)
    return; /* grant_next() says why */
  if (guard->holder && !input_rights_may_take(guard->sessions, client->uid, guard->holder->uid)) {
    tell_busy(guard, client);
    return;
  }
  if (guard->holder)
    ask_back(guard, "another viewer took it");
  grant(guard, client, &rights);
}

static void on_back(struct input_client *client) {
  struct input_guard *guard = client->guard;
  if (guard->holder == client) {
    take_back(guard, "given back");
    input_client_say(client, "lost given back\n", -1);
  }
  event_timer_set(client->timer, 0, 0);
  client->state = INPUT_IDLE;
}

static bool is_qemu_user(uid_t uid, void *user_data) { return qemu_users_has(user_data, uid); }

/* False: it sent no descriptor, or one of something else. */
static bool on_qmp(struct input_client *client) {
  const int fd = line_socket_take_fd(&client->lines);
  if (fd < 0)
    return false;
  if (client->qmp >= 0)
    close(client->qmp);
  client->qmp = -1;
  if (!input_client_may_be_monitor(fd, is_qemu_user, (void *)(uintptr_t)client->guard->options.qemu_users)) {
    log_warning("pid %d sent as QEMU's monitor what is none; QEMU's user is named with --qemu-user", (int)client->pid);
    close(fd);
    return true;
  }
  client->qmp = fd;
  return true;
}

static void on_no_qmp(struct input_client *client) {
  if (client->qmp >= 0)
    close(client->qmp);
  client->qmp = -1;
}

static void on_confirmed(struct input_client *client) {
  if (client->state != INPUT_LEAVING)
    return;
  client->state = INPUT_WAITING;
  event_timer_set(client->timer, 0, 0);
}

/* After it has lost the devices, some may still be under way. */
static void on_host_key(struct input_client *client, const char *line) {
  struct input_guard *guard = client->guard;
  struct control_host_key key;
  if (guard->holder != client || !guard->keyboard || !control_line_host_key(line, strlen(line), &key))
    return;
  if (!host_keyboard_key(guard->keyboard, key.page, key.usage, key.down) && !client->has_lied) {
    log_warning("pid %d gave the host a key that is not down: not played", (int)client->pid);
    client->has_lied = true;
  }
}

static void note_life(struct input_client *client) {
  if (client->state == INPUT_HOLDING)
    event_timer_set(client->timer, INPUT_GUARD_SILENCE_NS, 0);
  else if (client->state == INPUT_SILENT)
    client->state = INPUT_WAITING;
}

static bool on_line(char *line, void *user_data) {
  struct input_client *client = user_data;
  uint32_t unused;
  const enum control_command command = control_line_parse(line, strlen(line), &unused);
  if (!input_client_may_say(client, command == CONTROL_INPUT_HOST_KEY))
    return false;
  note_life(client);
  switch (command) {
  case CONTROL_INPUT:
    on_ask(client);
    return true;
  case CONTROL_INPUT_TAKE:
    on_take(client);
    return true;
  case CONTROL_INPUT_ALIVE:
    return true;
  case CONTROL_INPUT_QMP:
    return on_qmp(client);
  case CONTROL_INPUT_NO_QMP:
    on_no_qmp(client);
    return true;
  case CONTROL_INPUT_BACK:
    on_back(client);
    return true;
  case CONTROL_INPUT_RELEASED:
    on_confirmed(client);
    return true;
  case CONTROL_INPUT_HOST_KEY:
    on_host_key(client, line);
    return true;
  default:
    return false;
  }
}

static void on_client(int fd, uint32_t events, void *user_data) {
  struct input_client *client = user_data;
  struct input_guard *guard = client->guard;
  (void)fd, (void)events;
  if (line_socket_receive(&client->lines, on_line, client))
    remove_client(client);
  grant_next(guard);
}

/* ---- time and sessions ---- */

/* Perhaps it was us who slept: what it said meanwhile counts. */
static bool has_spoken(struct input_client *client) {
  const unsigned before = client->lines_left + client->host_keys_left;
  if (!line_socket_receive(&client->lines, on_line, client))
    return client->lines_left + client->host_keys_left != before;
  remove_client(client);
  return true;
}

static void on_silence(void *user_data) {
  struct input_client *client = user_data;
  struct input_guard *guard = client->guard;
  const bool has_spoken_now = has_spoken(client);
  if (client->state == INPUT_LEAVING || (client->state == INPUT_HOLDING && !has_spoken_now)) {
    if (guard->holder == client) {
      take_back(guard, "it is stopped or hangs: silent for 3 s");
      client->told = NULL;
      input_client_say_why(client, "lost", "nothing was heard of you for 3 s");
    }
    release_keys(client, false);
    client->state = INPUT_SILENT;
    client->asked = ++guard->asked;
  }
  grant_next(guard);
}

static void on_sessions_changed(void *user_data) {
  struct input_guard *guard = user_data;
  if (guard->holder) {
    const struct input_rights rights = input_rights_of(guard->sessions, guard->holder->uid);
    if (!rights.input || (guard->leases && !rights.devices))
      ask_back(guard, rights.why);
    else if (!guard->leases && rights.devices)
      lend_devices(guard, &rights);
  }
  grant_next(guard);
}

static void on_refill(void *user_data) {
  struct input_guard *guard = user_data;
  unsigned count = 0;
  for (unsigned i = 0; i < INPUT_GUARD_CLIENTS_MAX; i++) {
    input_client_refill(&guard->clients[i]);
    count += is_taken(&guard->clients[i]);
  }
  if (!count)
    event_timer_set(guard->refill, 0, 0);
  if (guard->keyboard)
    host_keyboard_release_lifted(guard->keyboard);
}

/* ---- life ---- */

static struct input_client *free_place(struct input_guard *guard) {
  for (unsigned i = 0; i < INPUT_GUARD_CLIENTS_MAX; i++)
    if (!is_taken(&guard->clients[i]))
      return &guard->clients[i];
  return NULL;
}

static bool occupy(struct input_guard *guard, struct input_client *client, int socket) {
  *client = (struct input_client){.guard = guard, .held = -1, .qmp = -1};
  input_client_refill(client);
  line_socket_init(&client->lines, socket);
  if (!peer_process_credentials(socket, &client->pid, &client->uid))
    return false;
  client->timer = event_loop_add_timer(guard->loop, on_silence, client);
  client->source = client->timer ? event_loop_add_fd(guard->loop, socket, EVENT_READABLE, on_client, client) : NULL;
  if (client->source)
    return true;
  event_source_remove(client->timer);
  return false;
}

void input_guard_adopt(struct input_guard *guard, int socket, bool take, const char *rest, size_t bytes) {
  struct input_client *client = free_place(guard);
  if (!client || !occupy(guard, client, socket)) {
    close(socket);
    return;
  }
  event_timer_set(guard->refill, SECOND_NS, SECOND_NS);
  if (take)
    on_take(client);
  else
    on_ask(client);
  if (line_socket_feed(&client->lines, rest, bytes, on_line, client))
    remove_client(client);
  grant_next(guard);
}

struct input_guard *input_guard_create(struct event_loop *loop, const struct input_guard_options *options) {
  struct input_guard *guard = calloc(1, sizeof *guard);
  if (!guard)
    return NULL;
  *guard = (struct input_guard){.loop = loop, .options = *options};
  guard->refill = event_loop_add_timer(loop, on_refill, guard);
  guard->sessions = login_sessions_create(loop, on_sessions_changed, guard);
  if (!guard->refill || !guard->sessions) {
    input_guard_destroy(guard);
    errno = ENOMEM;
    return NULL;
  }
  usb_channels_set_connected(options->channels, on_usb_connected, guard);
  return guard;
}

void input_guard_destroy(struct input_guard *guard) {
  if (!guard)
    return;
  usb_channels_set_connected(guard->options.channels, NULL, NULL);
  for (unsigned i = 0; i < INPUT_GUARD_CLIENTS_MAX; i++)
    if (is_taken(&guard->clients[i]))
      remove_client(&guard->clients[i]);
  for (unsigned i = 0; i < INPUT_GUARD_CLIENTS_MAX; i++)
    key_release_destroy(guard->releases[i]);
  login_sessions_destroy(guard->sessions);
  event_source_remove(guard->refill);
  free(guard);
}
