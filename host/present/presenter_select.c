#include "host/present/presenter_select.h"

#include "host/present/headless/presenter_headless.h"
#include "host/present/sdl/presenter_sdl.h"

#include <stdio.h>

const char *const presenter_kind_names[] = {"auto", "sdl", "headless", NULL};

bool presenter_kind_needs_window(enum presenter_kind kind) { return kind != PRESENTER_HEADLESS; }

struct presenter *presenter_create(enum presenter_kind kind, void *window, char *error, size_t capacity) {
  if (presenter_kind_needs_window(kind))
    return presenter_sdl_create(window, error, capacity);
  struct presenter *presenter = presenter_headless_create();
  if (!presenter)
    snprintf(error, capacity, "cannot create the headless presenter: out of memory");
  return presenter;
}
