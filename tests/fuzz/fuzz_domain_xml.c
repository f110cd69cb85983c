/* A domain's XML of any kind: it is refused, or planned so that every byte outside of the edits survives and a second plan finds nothing to
 * do. */
#include "host/vm/setup_plan.h"
#include "host/vm/text_diff.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define COMPARED_BYTES_MAX 16384u /* a diff of more tells nothing new and takes long */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct setup_host host = {.libvirt = 9010000,
                                       .qemu = 8001000,
                                       .qemu_is_caller = true,
                                       .invariant_tsc = true,
                                       .runtime_dir = "/run/user/1",
                                       .run_directory = "/run/transom"};

static struct setup_plan *plan_of(const char *text, size_t length) {
  char error[256];
  struct setup_options options = {.tune = true, .display = true, .hostdev_count = 1, .hostdevs = {{0, 1, 0, 0}}};
  strcpy(options.guest_iso, "/a'b&<c.iso");
  return setup_plan_create(text, length, &options, &host, error, sizeof error);
}

static void check_diff(const char *before, const char *after) {
  unsigned missed;
  char *diff = text_diff_unified(before, after, "a", "b");
  char *back = text_diff_take_back(before, after, after, &missed);
  assert(diff && (missed > 0 || !back || strcmp(back, before) == 0));
  free(diff);
  free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1);
  if (!text)
    return 0;
  memcpy(text, data, size);
  text[size] = 0;
  struct setup_plan *plan = plan_of(text, size);
  if (plan) {
    assert(strlen(plan->text) == plan->length && (plan->changed || strcmp(plan->text, text) == 0));
    if (size < COMPARED_BYTES_MAX)
      check_diff(text, plan->text);
    struct setup_plan *again = plan_of(plan->text, plan->length);
    assert(again); /* what we made can be read */
    setup_plan_destroy(again);
  }
  setup_plan_destroy(plan);
  free(text);
  return 0;
}
