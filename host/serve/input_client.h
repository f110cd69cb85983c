/* One viewer's connection about input, as the guard has it: lines both ways, a bound on their rate, and what is needed to release its keys
 * when it no longer can. Internal to host/serve; on the guard's event loop. */
#ifndef TRANSOM_HOST_SERVE_INPUT_CLIENT_H
#define TRANSOM_HOST_SERVE_INPUT_CLIENT_H

#include "common/line_socket.h"
#include "host/devices/held_keys.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct event_source;
struct input_guard;

#define INPUT_CLIENT_LINES_A_SECOND 16u /* an honest one says one or two */
/* A viewer says at most 128 presses and their releases in a second of its own, and two of those may fall into one of ours. */
#define INPUT_CLIENT_HOST_KEYS_A_SECOND 512u

enum input_client_state { INPUT_IDLE, INPUT_WAITING, INPUT_HOLDING, INPUT_LEAVING, INPUT_SILENT };

struct input_client {
  struct input_guard *guard;
  struct line_socket lines;
  struct event_source *source; /* NULL: this place is free */
  struct event_source *timer;  /* HOLDING, LEAVING: until it counts as silent */
  enum input_client_state state;
  pid_t pid;
  uid_t uid;
  uint64_t asked; /* the smaller, the earlier */
  unsigned lines_left, host_keys_left;
  int held;         /* memfd of struct held_keys; -1: never granted */
  int qmp;          /* -1: none */
  bool has_lied;    /* about what is down; said once */
  const char *told; /* why not, as last said; not said twice */
};

void input_client_refill(struct input_client *client);                    /* what it may say in a second */
bool input_client_may_say(struct input_client *client, bool is_host_key); /* one line of that; false: it has said too much */

/* `fd` may be -1. A client that does not read is shut down, and goes when its end is read. */
void input_client_say(struct input_client *client, const char *line, int fd);
void input_client_say_why(struct input_client *client, const char *word, const char *why); /* "word why" */

/* Memory of its own for what it holds down, sealed against resizing, empty. False: the kernel has none. */
bool input_client_make_held(struct input_client *client);
bool input_client_read_held(const struct input_client *client, struct held_keys *held);

/* A connection to a QEMU's monitor? Nothing else is ever written to. */
bool input_client_may_be_monitor(int fd, bool (*is_qemu_user)(uid_t uid, void *user_data), void *user_data);

void input_client_finish(struct input_client *client); /* closes everything; the place is free */

#endif
