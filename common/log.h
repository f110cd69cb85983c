/* Messages for people: one line each on stderr (or where log_set_sink() says), with level and module.
 *
 * Control plane only. Any thread; a line is written whole. No level ever prints key codes, clipboard contents or secrets.
 * A module names itself once: #define LOG_MODULE "serve" before including this header. */
#ifndef TRANSOM_COMMON_LOG_H
#define TRANSOM_COMMON_LOG_H

#include <stdarg.h>

#ifndef LOG_MODULE
#define LOG_MODULE "transom"
#endif

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Receives one finished line without its newline. */
typedef void (*log_sink)(enum log_level level, const char *line, void *user_data);

void log_set_level(enum log_level level);          /* default LOG_INFO */
void log_set_sink(log_sink sink, void *user_data); /* NULL = stderr */

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void log_print(enum log_level level, const char *module, const char *format, ...);

#define log_error(...) log_print(LOG_ERROR, LOG_MODULE, __VA_ARGS__)
#define log_warning(...) log_print(LOG_WARNING, LOG_MODULE, __VA_ARGS__)
#define log_info(...) log_print(LOG_INFO, LOG_MODULE, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, LOG_MODULE, __VA_ARGS__)

#endif
