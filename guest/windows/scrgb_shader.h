/* The shaders of scrgb_pass.c, in HLSL, as guest/core/scrgb_convert.c converts on the processor. */
#ifndef TRANSOM_GUEST_WINDOWS_SCRGB_SHADER_H
#define TRANSOM_GUEST_WINDOWS_SCRGB_SHADER_H

extern const char scrgb_shader[]; /* entry points "vertex" (vs_4_0), "to_pq" and "to_srgb" (ps_4_0) */

#endif
