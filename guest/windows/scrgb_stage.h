/* What becomes of a desktop that Windows composes in scRGB: the GPU makes ten bits of it, or, where it cannot, the processor does on the
 * way into the region. One thread, that of the immediate context. */
#ifndef TRANSOM_GUEST_WINDOWS_SCRGB_STAGE_H
#define TRANSOM_GUEST_WINDOWS_SCRGB_STAGE_H

#include "guest/core/screen_capture.h"
#include "guest/windows/scrgb_pass.h"

struct scrgb_stage {
  struct scrgb_pass *pass; /* NULL = the processor */
  struct scrgb_convert *convert;
  bool pq;
};

struct scrgb_stage_options {
  struct scrgb_pass_options pass;
  bool no_gpu; /* for tests */
};

/* False: out of memory. `why`: why it is not the GPU; empty when it is. */
bool scrgb_stage_init(struct scrgb_stage *stage, ID3D11Device *device, ID3D11DeviceContext *context,
                      const struct scrgb_stage_options *options, char why[D3D_ERROR_BYTES]);
void scrgb_stage_finish(struct scrgb_stage *stage); /* fine on a zeroed one, and twice */

/* Makes `frame`, of which the pixels are `*texture`, one of RGB10A2: `*texture` is another one then (the stage's), or the frame says that
 * the copier converts. A GPU that fails at it is not asked again. */
void scrgb_stage_apply(struct scrgb_stage *stage, struct screen_frame *frame, ID3D11Texture2D **texture);

#endif
