/* The server's end of a QMP socket, played by the test line by line on the manual event loop. Failures abort with the line. */
#ifndef TRANSOM_TESTS_SUPPORT_FAKE_QMP_H
#define TRANSOM_TESTS_SUPPORT_FAKE_QMP_H

#include <stdbool.h>
#include <stddef.h>

struct event_loop;

struct fake_qmp {
  struct event_loop *loop;
  char directory[64], path[96];
  int listener, peer; /* -1 = none */
  char in[1 << 16];
  size_t used;
  char line[8192]; /* the last one read */
};

void fake_qmp_start(struct fake_qmp *fake, struct event_loop *loop);
void fake_qmp_stop(struct fake_qmp *fake);

void fake_qmp_accept(struct fake_qmp *fake); /* the client has connected, or will in this turn */
void fake_qmp_hang_up(struct fake_qmp *fake);
void fake_qmp_greet(struct fake_qmp *fake); /* greeting and capabilities */

void fake_qmp_send(struct fake_qmp *fake, const char *text); /* then lets the client see it */
const char *fake_qmp_next(struct fake_qmp *fake);            /* the next line of the client's; NULL: it has nothing to say */
unsigned fake_qmp_id(const char *line);
void fake_qmp_reply(struct fake_qmp *fake, const char *line, const char *result); /* {"return": result, "id": that of line} */
void fake_qmp_refuse(struct fake_qmp *fake, const char *line, const char *reason);

#endif
