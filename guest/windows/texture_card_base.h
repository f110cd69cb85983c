/* What the test card in a texture has in common on every Direct3D: the card itself, its times and its cursor. A way adds how a frame is
 * drawn into the texture and what copies it from there. For the files texture_card_d3d*.c. */
#ifndef TRANSOM_GUEST_WINDOWS_TEXTURE_CARD_BASE_H
#define TRANSOM_GUEST_WINDOWS_TEXTURE_CARD_BASE_H

#include "guest/core/test_card.h"
#include "guest/windows/d3d12_headers.h"

struct texture_card_base;

struct texture_card_way {
  const char *name;
  const char *(*fault)(const struct texture_card_base *base);                        /* NULL = it works */
  HRESULT (*draw)(struct texture_card_base *base, const struct screen_frame *frame); /* the frame's damage */
  struct frame_copier *(*copier)(struct texture_card_base *base);                    /* told of the texture */
  void (*destroy)(struct texture_card_base *base);                                   /* all but the base */
};

struct texture_card_base {
  struct screen_capture capture; /* first: the seam */
  struct screen_capture_impl impl;
  const struct texture_card_way *way;
  struct screen_capture *card; /* NULL = out of memory */
};

void texture_card_base_init(struct texture_card_base *base, const struct texture_card_way *way, const struct test_card_options *card);

/* What is to be drawn of a frame. Returns how many. */
uint32_t texture_card_rects(const struct screen_frame *frame, struct transom_rect rects[TRANSOM_DAMAGE_MAX]);

#endif
