/* The desktop by Desktop Duplication on Direct3D 11, copied by one of three ways. Lives through mode changes, desktop switches and lost
 * access; a way that fails says -EIO, and the ladder takes the next. */
#ifndef TRANSOM_GUEST_WINDOWS_CAPTURE_DUPLICATION_H
#define TRANSOM_GUEST_WINDOWS_CAPTURE_DUPLICATION_H

#include "guest/core/screen_capture.h"
#include "guest/windows/copier_d3d12.h"

enum capture_way { CAPTURE_WAY_DIRECT, CAPTURE_WAY_READBACK, CAPTURE_WAY_STAGING };

struct capture_duplication_options {
  uint32_t output; /* index in screen_output_list()'s order */
  enum capture_way way;
  void *base; /* of the region */
  uint64_t bytes;
  bool full_copies;
  bool no_gpu_convert; /* for tests */
};

/* NULL, with one line in `why`: the system has no duplication, or the way does not work. */
struct screen_capture *capture_duplication_create(const struct capture_duplication_options *options, char why[D3D_ERROR_BYTES]);

#endif
