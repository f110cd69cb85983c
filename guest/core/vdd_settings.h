/* vdd_settings.xml, the settings file of Virtual Display Driver: one mode more among its <resolutions>. Pure; any thread.
 *
 * Everything that the user wrote stays as it is, byte by byte. Ours stands between two comments, so that there is never more than one of it
 * and everybody sees whose it is. */
#ifndef TRANSOM_GUEST_CORE_VDD_SETTINGS_H
#define TRANSOM_GUEST_CORE_VDD_SETTINGS_H

#include "guest/core/display_choice.h"

#define VDD_SETTINGS_BYTES_MAX 65536u /* the driver's own file has 5 KiB */
#define VDD_SETTINGS_MORE_BYTES 256u  /* what our mode takes at most */

/* Writes `text`, which ends with 0, with `mode` in place of our earlier one. 0; -EINVAL: there are no <resolutions> in it that end, or our
 * comments do not match; -ENOSPC: more than `capacity` - 1 bytes. `to` is written only on success. */
int vdd_settings_put_mode(const char *text, const struct display_mode *mode, char *to, size_t capacity);

#endif
