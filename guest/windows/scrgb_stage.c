#include "guest/windows/scrgb_stage.h"

#include "guest/core/scrgb_convert.h"

#include <stdio.h>
#include <string.h>

bool scrgb_stage_init(struct scrgb_stage *stage, ID3D11Device *device, ID3D11DeviceContext *context,
                      const struct scrgb_stage_options *options, char why[D3D_ERROR_BYTES]) {
  memset(stage, 0, sizeof *stage);
  stage->pq = options->pass.pq;
  stage->convert = scrgb_convert_create(options->pass.pq);
  if (!stage->convert)
    return false;
  why[0] = 0;
  if (options->no_gpu)
    snprintf(why, D3D_ERROR_BYTES, "told to fail by --fault convert");
  else
    stage->pass = scrgb_pass_create(device, context, &options->pass, why);
  return true;
}

void scrgb_stage_finish(struct scrgb_stage *stage) {
  scrgb_pass_destroy(stage->pass);
  scrgb_convert_destroy(stage->convert);
  memset(stage, 0, sizeof *stage);
}

void scrgb_stage_apply(struct scrgb_stage *stage, struct screen_frame *frame, ID3D11Texture2D **texture) {
  frame->mode.format = TRANSOM_FORMAT_RGB10A2;
  frame->mode.flags = stage->pq ? TRANSOM_FRAME_PQ : 0;
  if (stage->pass && SUCCEEDED(scrgb_pass_draw(stage->pass, *texture, &frame->damage, texture)))
    return;
  scrgb_pass_destroy(stage->pass);
  stage->pass = NULL;
  frame->convert = stage->convert;
}
