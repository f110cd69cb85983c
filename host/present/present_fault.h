/* Switches that make a way of presenting fail, so that tests (and a doubtful user) reach every rung of the ladder. Read once from the
 * environment: TRANSOM_PRESENT_FAULT=NAME[,NAME...]. Start of the program; any thread. */
#ifndef TRANSOM_HOST_PRESENT_PRESENT_FAULT_H
#define TRANSOM_HOST_PRESENT_PRESENT_FAULT_H

#include <stdbool.h>

enum present_fault {
  PRESENT_FAULT_VULKAN,       /* "vulkan": there is none */
  PRESENT_FAULT_IMPORT,       /* "import": the device refuses the region */
  PRESENT_FAULT_TRIAL,        /* "trial": the device reads other memory than ours */
  PRESENT_FAULT_DMA_BUF,      /* "dma-buf" */
  PRESENT_FAULT_SDL,          /* "sdl": SDL_Renderer cannot be had */
  PRESENT_FAULT_LOST_IMPORT,  /* "lost-import": the device is lost after some frames on this rung ... */
  PRESENT_FAULT_LOST_STAGING, /* "lost-staging" */
  PRESENT_FAULT_LOST_SDL,     /* "lost-sdl" */
  PRESENT_FAULT_PLACEBO,      /* "libplacebo": it refuses the device */
  PRESENT_FAULT_LOST_PLACEBO, /* "lost-libplacebo": it refuses a picture, after some drawings */
  PRESENT_FAULTS
};

#define PRESENT_FAULT_FRAMES 5u /* ... this many */

bool present_fault(enum present_fault fault);

#endif
