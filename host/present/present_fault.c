#include "host/present/present_fault.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[PRESENT_FAULTS] = {"vulkan",      "import",       "trial",    "dma-buf",    "sdl",
                                                  "lost-import", "lost-staging", "lost-sdl", "libplacebo", "lost-libplacebo"};

bool present_fault(enum present_fault fault) {
  const char *list = getenv("TRANSOM_PRESENT_FAULT");
  size_t length = strlen(names[fault]);
  for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',') {
    if (strncmp(at, names[fault], length) == 0 && (at[length] == 0 || at[length] == ','))
      return true;
  }
  return false;
}
