#include "guest/windows/texture_card_base.h"

#include "guest/windows/d3d_error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int broken(struct texture_card_base *base, const char *why) {
  snprintf(base->capture.text, sizeof base->capture.text, "%s", why);
  return -EIO;
}

static int acquire(struct screen_capture *capture, uint64_t now_ns, struct screen_frame *frame) {
  struct texture_card_base *base = (struct texture_card_base *)capture;
  const char *fault = base->way->fault(base);
  char why[D3D_ERROR_BYTES];
  if (fault)
    return broken(base, fault);
  const int error = base->card->impl->acquire(base->card, now_ns, frame);
  if (error)
    return error;
  const HRESULT result = base->way->draw(base, frame);
  if (FAILED(result))
    return broken(base, d3d_error_text("drawing the test card", result, why));
  frame->pixels = NULL;
  frame->copier = base->way->copier(base);
  return 0;
}

static void release(struct screen_capture *capture) { (void)capture; }

static bool cursor(struct screen_capture *capture, struct screen_cursor *cursor) {
  struct screen_capture *card = ((struct texture_card_base *)capture)->card;
  return card->impl->cursor(card, cursor);
}

static uint64_t next_ns(struct screen_capture *capture, uint64_t now_ns) {
  const struct texture_card_base *base = (const struct texture_card_base *)capture;
  return base->way->fault(base) ? now_ns : base->card->impl->next_ns(base->card, now_ns);
}

static void destroy(struct screen_capture *capture) {
  struct texture_card_base *base = (struct texture_card_base *)capture;
  base->way->destroy(base);
  if (base->card)
    base->card->impl->destroy(base->card);
  free(base);
}

void texture_card_base_init(struct texture_card_base *base, const struct texture_card_way *way, const struct test_card_options *card) {
  base->impl = (struct screen_capture_impl){
      .name = way->name, .acquire = acquire, .release = release, .cursor = cursor, .next_ns = next_ns, .destroy = destroy};
  base->capture.impl = &base->impl;
  base->way = way;
  base->card = test_card_create(card);
  if (base->card)
    base->capture.period_ns = base->card->period_ns;
}

uint32_t texture_card_rects(const struct screen_frame *frame, struct transom_rect rects[TRANSOM_DAMAGE_MAX]) {
  if (frame->damage.full) {
    rects[0] = (struct transom_rect){0, 0, (uint16_t)frame->mode.width, (uint16_t)frame->mode.height};
    return 1;
  }
  memcpy(rects, frame->damage.rects, frame->damage.count * sizeof *rects);
  return frame->damage.count;
}
