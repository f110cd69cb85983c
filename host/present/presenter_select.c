#define LOG_MODULE "present"
#include "host/present/presenter_select.h"

#include "common/log.h"
#include "common/thread.h"
#include "host/present/headless/presenter_headless.h"
#include "host/present/sdl/presenter_sdl.h"
#include "host/present/vulkan/presenter_vulkan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const presenter_kind_names[] = {"auto", "vulkan", "vulkan-import", "vulkan-dma-buf", "vulkan-staging", "sdl", "headless", NULL};

const char *const presenter_quality_names[] = {"fast", "high", NULL};

bool presenter_kind_needs_window(enum presenter_kind kind) { return kind != PRESENTER_HEADLESS; }

bool presenter_kind_needs_vulkan(enum presenter_kind kind) { return kind <= PRESENTER_VULKAN_STAGING; }

struct presenter_preparation {
  struct thread *thread;
};

static void load_drivers(void *user_data) {
  (void)user_data;
  presenter_vulkan_load_drivers();
}

struct presenter_preparation *presenter_prepare(enum presenter_kind kind) {
  struct presenter_preparation *preparation = presenter_kind_needs_vulkan(kind) ? calloc(1, sizeof *preparation) : NULL;
  if (preparation)
    preparation->thread = thread_create("prepare", load_drivers, NULL);
  return preparation;
}

void presenter_preparation_finish(struct presenter_preparation *preparation) {
  if (!preparation)
    return;
  thread_join(preparation->thread);
  free(preparation);
}

static struct presenter *create_headless(char *error, size_t capacity) {
  struct presenter *presenter = presenter_headless_create();
  if (!presenter)
    snprintf(error, capacity, "cannot create the headless presenter: out of memory");
  return presenter;
}

static struct presenter *create_vulkan(enum presenter_kind kind, void *window, const struct presenter_options *options, char *error,
                                       size_t capacity) {
  struct presenter_vulkan_options vulkan = {
      .route_best = VULKAN_ROUTE_IMPORT, .route_last = VULKAN_ROUTE_STAGING, .takes_software = kind != PRESENTER_AUTO, .common = *options};
  if (kind >= PRESENTER_VULKAN_IMPORT)
    vulkan.route_best = vulkan.route_last = (enum vulkan_route)(VULKAN_ROUTE_IMPORT + (kind - PRESENTER_VULKAN_IMPORT));
  return presenter_vulkan_create(window, &vulkan, error, capacity);
}

static struct presenter *create_next(void *window, const struct presenter_options *options, char *error, size_t capacity) {
  struct presenter *presenter = presenter_sdl_create(window, options, error, capacity);
  if (presenter)
    return presenter;
  log_warning("%s", error);
  log_warning("nothing can be drawn: going on without a picture");
  return create_headless(error, capacity);
}

static struct presenter *create_best(void *window, const struct presenter_options *options, char *error, size_t capacity) {
  struct presenter *presenter = create_vulkan(PRESENTER_AUTO, window, options, error, capacity);
  if (presenter)
    return presenter;
  log_info("not by Vulkan: %s", error);
  return create_next(window, options, error, capacity);
}

static void check_quality(const struct presenter *presenter, const struct presenter_options *options) {
  if (presenter && options->quality == PICTURE_QUALITY_HIGH && !presenter->impl->scaler)
    log_warning("no --quality high by %s: that needs Vulkan; going on with fast", presenter->impl->name);
}

static struct presenter *create(enum presenter_kind kind, void *window, const struct presenter_options *options, char *error,
                                size_t capacity) {
  switch (kind) {
  case PRESENTER_AUTO:
    return create_best(window, options, error, capacity);
  case PRESENTER_SDL:
    return presenter_sdl_create(window, options, error, capacity);
  case PRESENTER_HEADLESS:
    return create_headless(error, capacity);
  default:
    return create_vulkan(kind, window, options, error, capacity);
  }
}

struct presenter *presenter_create(enum presenter_kind kind, void *window, const struct presenter_options *options, char *error,
                                   size_t capacity) {
  struct presenter *presenter = create(kind, window, options, error, capacity);
  check_quality(presenter, options);
  return presenter;
}

struct presenter *presenter_create_below(const char *failed, void *window, const struct presenter_options *options) {
  char error[256];
  bool was_vulkan = strcmp(failed, "vulkan") == 0, was_sdl = strcmp(failed, "sdl") == 0;
  struct presenter *presenter = was_vulkan ? create_next(window, options, error, sizeof error)
                                : was_sdl  ? create_headless(error, sizeof error)
                                           : NULL;
  if (presenter)
    log_warning("presenting by %s has failed: going on by %s", failed, presenter->impl->name);
  check_quality(presenter, options);
  return presenter;
}
