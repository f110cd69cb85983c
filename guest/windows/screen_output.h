/* Which of the machine's active outputs is captured, and where it lies on the desktop. Control plane: start, and after mode changes. */
#ifndef TRANSOM_GUEST_WINDOWS_SCREEN_OUTPUT_H
#define TRANSOM_GUEST_WINDOWS_SCREEN_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct screen_output {
  uint32_t adapter, output; /* DXGI indices */
  int32_t left, top;        /* on the virtual desktop */
  uint32_t width, height;   /* as the desktop is turned */
  uint32_t rotation;        /* clockwise quarter turns of the panel's image */
  bool emulated;            /* a virtual machine's own display adapter, without a GPU behind it */
  wchar_t device[32];       /* \\.\DISPLAY1 */
  char adapter_name[96];
};

struct screen_outputs {
  uint32_t count;
  struct screen_output list[16];
  uint32_t idle_gpus;     /* real GPUs without an active output */
  char idle_gpu_name[96]; /* the first of them */
};

/* Real GPUs' outputs before emulated ones, else as DXGI has them. False: DXGI failed. */
bool screen_output_list(struct screen_outputs *outputs);

/* Moves when displays come, go or are given another place among their adapters: a reason to list them anew. Cheap, where DXGI's list costs
 * milliseconds and, under Wine, half a second. */
uint64_t screen_output_serial(void);

/* The output's refresh period. 60 Hz where the system does not say. */
uint64_t screen_output_period_ns(const struct screen_output *output);

/* What to tell a user whose GPU has no active output. Returns `to`. */
const char *screen_output_advice(const struct screen_outputs *outputs, char *to, size_t capacity);

#endif
