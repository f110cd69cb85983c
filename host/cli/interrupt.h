/* Ctrl-C, SIGTERM and SIGHUP end an event loop in order, for verbs that run until then. One loop at a time, main thread. */
#ifndef TRANSOM_HOST_CLI_INTERRUPT_H
#define TRANSOM_HOST_CLI_INTERRUPT_H

#include <stdbool.h>

struct event_loop;

void interrupt_stops(struct event_loop *loop); /* NULL: no loop any more; a signal ends the program again */
bool interrupt_came(void);

#endif
