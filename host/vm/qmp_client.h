/* A client of QEMU's monitor (QMP) on a UNIX socket: greeting, capabilities, commands with replies, events, and connecting again.
 *
 * Everything runs on the event loop's thread, callbacks included; a callback may send commands but not destroy the client. A monitor serves
 * one client at a time: to a second one it says nothing, which ends in a time-out here and a line that says so. Control plane. */
#ifndef TRANSOM_HOST_VM_QMP_CLIENT_H
#define TRANSOM_HOST_VM_QMP_CLIENT_H

#include "host/vm/qmp_parser.h"

#include <stdint.h>

struct event_loop;
struct qmp_client;

#define QMP_PENDING_MAX 32u         /* commands without a reply */
#define QMP_COMMAND_BYTES_MAX 4096u /* one command as sent */
#define QMP_RETRY_NS UINT64_C(1000000000)
#define QMP_HANDSHAKE_NS UINT64_C(5000000000)

struct qmp_client_events {                                                        /* each optional */
  void (*ready)(void *user_data);                                                 /* commands may be sent */
  void (*lost)(void *user_data);                                                  /* after every pending reply was answered -EPIPE */
  void (*event)(const char *name, const struct qmp_value *data, void *user_data); /* data may be NULL */
};

/* `status` 0: `result` is the "return" value. -EREMOTEIO: QEMU refused; `error` says why. -EPIPE: the connection went away. */
typedef void (*qmp_reply_handler)(int status, const struct qmp_value *result, const char *error, void *user_data);

/* Begins to connect at once and goes on once a second. NULL: out of memory, or the path is longer than a socket address (errno). */
struct qmp_client *qmp_client_create(struct event_loop *loop, const char *socket_path, const struct qmp_client_events *events,
                                     void *user_data);
void qmp_client_destroy(struct qmp_client *client); /* pending replies are not called; NULL is fine */

bool qmp_client_is_ready(const struct qmp_client *client);
int qmp_client_socket(const struct qmp_client *client); /* stays the client's; -1: not connected */

/* Sends {"execute": command, "arguments": arguments}; `arguments` is a JSON object or NULL. `handler` may be NULL. 0; -ENOTCONN;
 * -EAGAIN QMP_PENDING_MAX commands have no reply yet; -EMSGSIZE. */
int qmp_client_execute(struct qmp_client *client, const char *command, const char *arguments, qmp_reply_handler handler, void *user_data);

/* Blocks until every command has its reply, at most `timeout_ms`: for the last words of a program. True: all were answered. */
bool qmp_client_drain(struct qmp_client *client, int timeout_ms);

#endif
