/* The wish to end, from wherever it comes: Ctrl-C, the console's closing, log-off, the service's event. One a process. */
#ifndef TRANSOM_GUEST_WINDOWS_STOP_WISH_H
#define TRANSOM_GUEST_WINDOWS_STOP_WISH_H

#include <stdbool.h>

#define STOP_WISH_HANDLES 2u

/* `event_name` names an existing event of the service's; empty = none. False: said in the log. */
bool stop_wish_init(const char *event_name);
void stop_wish_finish(void);

/* The HANDLEs to wait for; either set = end. Returns how many there are. */
unsigned stop_wish_handles(void *handles[STOP_WISH_HANDLES]);

/* Waits so long at most. True: the end is wished for. */
bool stop_wish_within(unsigned milliseconds);

#endif
