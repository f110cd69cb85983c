/* The log of a program without a console: a file of bounded size in the data directory. One a process. */
#ifndef TRANSOM_GUEST_WINDOWS_AGENT_LOG_H
#define TRANSOM_GUEST_WINDOWS_AGENT_LOG_H

#include <stdbool.h>

/* `name`: "service.log" or "agent.log". False: said where the log goes now, and it goes on there. */
bool agent_log_open(const char *name);
void agent_log_close(void);

#endif
