/* Tries each way of presenting on this machine: does it work, is it exact, how fast is it? Main thread; opens a window where it can.
 *
 * The "guest" is a memfd of our own with frames of noise. Times are medians of several rounds, by the wall clock with submission unless
 * another clock is named. */
#ifndef TRANSOM_HOST_APP_SELFTEST_H
#define TRANSOM_HOST_APP_SELFTEST_H

#include "host/present/presenter_select.h"

#define SELFTEST_ROWS_MAX 8u
#define SELFTEST_SIZES 4u
#define SELFTEST_MODES 3u

enum selftest_verdict { SELFTEST_EXACT, SELFTEST_WRONG, SELFTEST_CANNOT };

struct selftest_row {
  enum presenter_kind kind;
  enum selftest_verdict verdict;
  char note[192];                   /* CANNOT, WRONG: why */
  double ready_ms;                  /* until the rung could be used: import and trial */
  double copy_ms[SELFTEST_SIZES];   /* of selftest_sizes bytes, the last a whole frame */
  double device_ms[SELFTEST_SIZES]; /* the same by the device's own clock, without submission; 0 = it has none */
  double cpu_ms;                    /* of our thread, for a whole frame: what the CPU has to do for it */
  double driver_cpu_ms; /* the same, of all other threads: the driver's. A rasteriser copies there, a GPU's driver hardly has any */
  double damage_ms;     /* of 1 % of the picture in 8 rectangles */
  double draw_ms;       /* from present() until it is done, with nothing new */
  double present_ms[SELFTEST_MODES]; /* between two pictures in selftest_modes; 0 = not tried */
};

struct selftest_report {
  uint32_t width, height; /* of the frame */
  uint64_t copy_bytes[SELFTEST_SIZES];
  uint32_t row_count;
  struct selftest_row rows[SELFTEST_ROWS_MAX];
};

/* GB/s of a copy: by the device's clock where it has one, else by the wall clock. */
double selftest_rate(const struct selftest_report *report, const struct selftest_row *row, uint32_t size);

/* "no tearing, full screen" ...: how present_ms was asked for. */
extern const char *const selftest_modes[SELFTEST_MODES];

/* False: nothing could be tried at all; `error` says why. */
bool selftest_run(uint32_t width, uint32_t height, struct selftest_report *report, char *error, size_t capacity);

#endif
