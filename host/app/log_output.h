/* Log lines on stderr that hold nobody up: one that does not fit what stderr leads to is left out. For programs with threads that must not
 * wait. Any thread. */
#ifndef TRANSOM_HOST_APP_LOG_OUTPUT_H
#define TRANSOM_HOST_APP_LOG_OUTPUT_H

#include "common/log.h"

void log_output_without_waiting(enum log_level level, const char *line, void *user_data); /* for log_set_sink() */

#endif
