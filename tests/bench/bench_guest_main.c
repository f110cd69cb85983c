/* The benchmark's guest as a process of its own, for the product's viewer to watch.
 *
 *   bench_guest SOCKET WIDTH HEIGHT RATE_HZ DAMAGE_PERCENT     until SIGTERM; what it did, as JSON, on stdout */
#include "bench/bench_guest.h"
#include "common/memory_copy.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile bool stop;

static void on_signal(int number) {
  (void)number;
  stop = true;
}

static uint32_t number(const char *word) { return (uint32_t)strtoul(word, NULL, 10); }

int main(int argc, char **argv) {
  if (argc != 6 || number(argv[2]) < 64 || number(argv[3]) < 64 || number(argv[4]) == 0 || number(argv[5]) > 100) {
    fprintf(stderr, "usage: bench_guest SOCKET WIDTH HEIGHT RATE_HZ DAMAGE_PERCENT\n");
    return 2;
  }
  const struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGTERM, &action, NULL);
  memory_copy_init();
  const struct bench_guest_options options = {.socket_path = argv[1],
                                              .width = number(argv[2]),
                                              .height = number(argv[3]),
                                              .band_rows = 128,
                                              .rate_hz = number(argv[4]),
                                              .damage_percent = number(argv[5])};
  bench_guest_run(&options, &stop);
  return 0;
}
