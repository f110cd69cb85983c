/* From another clock of this host to CLOCK_MONOTONIC_RAW, by reading both now.
 *
 * The rates of CLOCK_MONOTONIC and the raw one differ by 500 ppm at most (NTP slews the former), and a stamp is some refreshes old: 8 us
 * for one of 16 ms, usually far less. What lies between the two readings comes on top: 20 us, else they are read again. Any thread. */
#ifndef TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_CLOCK_H
#define TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

bool feedback_clock_resolution(clockid_t clock, uint64_t *resolution_ns); /* false: it cannot be read here */
uint64_t feedback_clock_to_raw(clockid_t clock, uint64_t told_ns);        /* 0: as well */

#endif
