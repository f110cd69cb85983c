/* The synthetic source for the GPU's ways: the test card drawn into a texture, with its damage, and copied out of it as a desktop would be.
 * Its pictures carry the strip and checksum of common/test_card_strip.h. */
#ifndef TRANSOM_GUEST_WINDOWS_TEXTURE_CARD_H
#define TRANSOM_GUEST_WINDOWS_TEXTURE_CARD_H

#include "guest/core/test_card.h"
#include "guest/windows/copier_d3d12.h"

/* `device` stays the caller's until the source is destroyed. NULL, with one line in `why`. */
struct screen_capture *texture_card_create_12(const struct test_card_options *card, ID3D12Device *device,
                                              const struct copier_d3d12_options *options, char why[D3D_ERROR_BYTES]);
struct screen_capture *texture_card_create_11(const struct test_card_options *card, bool full_copies, char why[D3D_ERROR_BYTES]);

#endif
