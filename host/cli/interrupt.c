#include "host/cli/interrupt.h"

#include "host/event/event_loop.h"

#include <signal.h>
#include <stddef.h>

static struct event_loop *volatile running;
static volatile sig_atomic_t came;

static void on_signal(int number) {
  (void)number;
  came = 1;
  if (running)
    event_loop_stop(running); /* a store and a write to an eventfd */
}

void interrupt_stops(struct event_loop *loop) {
  const struct sigaction action = {.sa_handler = loop ? on_signal : SIG_DFL};
  running = loop;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL); /* the terminal is gone: keys must come up all the same */
}

bool interrupt_came(void) { return came; }
