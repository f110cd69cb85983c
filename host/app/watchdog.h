/* Notices that the main thread hangs while the guest has keyboard and mouse. Pure: time comes from outside. One thread at a time. */
#ifndef TRANSOM_HOST_APP_WATCHDOG_H
#define TRANSOM_HOST_APP_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#define WATCHDOG_ASK_NS UINT64_C(1000000000)
#define WATCHDOG_RELEASE_NS UINT64_C(3000000000) /* silent so long: capture ends */
/* Silent so long, with grabs of the window system that only the main thread can give back: the process ends, which gives them back too. */
#define WATCHDOG_END_NS UINT64_C(10000000000)

enum watchdog_verdict { WATCHDOG_WELL, WATCHDOG_RELEASE, WATCHDOG_END };

struct watchdog {
  uint64_t heard_ns; /* 0 = nobody is watched */
  bool window_grabbed;
};

void watchdog_start(struct watchdog *watchdog, bool window_grabs, uint64_t now_ns); /* with the capture */
void watchdog_heard(struct watchdog *watchdog, uint64_t now_ns, bool captured);     /* an answer; ends the watch when nothing is captured */
enum watchdog_verdict watchdog_look(const struct watchdog *watchdog, uint64_t now_ns);

#endif
