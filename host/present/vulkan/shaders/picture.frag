#version 450
// The guest's picture with its cursor: a texel of the picture is decoded to eight bits, the cursor composed onto it exactly as
// host/present/cursor_image.c does, and only then scaled. So an inverted pixel stays inverted at every scale. A picture that another stage has
// scaled already (DECODE 4) is taken as it is, and the cursor alone is scaled onto it.

layout(set = 0, binding = 0) uniform sampler2D picture;
layout(set = 0, binding = 1, std430) readonly buffer Tables { uint words[]; } tables; // struct pixel_convert
layout(set = 0, binding = 2, std430) readonly buffer Cursor { uint words[]; } cursor;  // blend, then invert

layout(constant_id = 0) const uint DECODE = 0; // enum picture_decode
layout(constant_id = 1) const bool LINEAR = false;

// struct picture_push in vulkan_pipeline.h
layout(push_constant) uniform Push {
  ivec4 target;  // where the picture lies in the window: x, y, width, height
  ivec4 pointer; // the cursor in the upright picture: x, y, width, height; width 0 = none
  ivec2 upright; // size of the picture as shown
  ivec2 memory;  // and as in memory
  uint rotation; // clockwise quarter turns
  uint pointer_plane; // words of one plane of the cursor's buffer
} push;

layout(location = 0) out vec4 colour;

const uint ROOT_BYTES = 65536u, PQ_WORDS = 17409u; // offsets in struct pixel_convert
const float ROOT_STEPS = 4096.0;

uint table_byte(uint at) { return tables.words[at >> 2] >> ((at & 3u) * 8u) & 255u; }

uint encode(float linear) { return table_byte(ROOT_BYTES + uint(sqrt(clamp(linear, 0.0, 1.0)) * ROOT_STEPS + 0.5)); }

uvec3 decode_pq(uvec3 code) {
  float r = uintBitsToFloat(tables.words[PQ_WORDS + code.r]), g = uintBitsToFloat(tables.words[PQ_WORDS + code.g]);
  float b = uintBitsToFloat(tables.words[PQ_WORDS + code.b]);
  return uvec3(encode(1.6605 * r - 0.5877 * g - 0.0728 * b), encode(-0.1246 * r + 1.1329 * g - 0.0083 * b),
               encode(-0.0182 * r - 0.1006 * g + 1.1187 * b));
}

uvec3 decode_texel(ivec2 at) {
  vec4 texel = texelFetch(picture, at, 0);
  if (DECODE == 0u)
    return uvec3(texel.rgb * 255.0 + 0.5);
  uvec3 ten = uvec3(texel.rgb * 1023.0 + 0.5);
  if (DECODE == 1u)
    return (ten * 255u + 511u) / 1023u;
  if (DECODE == 2u)
    return decode_pq(ten);
  uint red_green = packHalf2x16(texel.rg), blue = packHalf2x16(vec2(texel.b, 0.0));
  return uvec3(table_byte(red_green & 0xffffu), table_byte(red_green >> 16), table_byte(blue & 0xffffu));
}

ivec2 in_memory(ivec2 at) {
  if (push.rotation == 1u)
    return ivec2(at.y, push.memory.y - 1 - at.x);
  if (push.rotation == 2u)
    return push.memory - 1 - at;
  if (push.rotation == 3u)
    return ivec2(push.memory.x - 1 - at.y, at.x);
  return at;
}

// The image is as large as the target.
uvec3 scaled_pixel() { return uvec3(texelFetch(picture, ivec2(gl_FragCoord.xy) - push.target.xy, 0).rgb * 255.0 + 0.5); }

uvec3 unpack(uint word) { return uvec3(word >> 16 & 255u, word >> 8 & 255u, word & 255u); }

uvec3 composed(ivec2 at) {
  at = clamp(at, ivec2(0), push.upright - 1);
  uvec3 under = DECODE == 4u ? scaled_pixel() : decode_texel(in_memory(at));
  ivec2 inside = at - push.pointer.xy;
  if (any(lessThan(inside, ivec2(0))) || any(greaterThanEqual(inside, push.pointer.zw)))
    return under;
  uint index = uint(inside.y * push.pointer.z + inside.x), over = cursor.words[index], alpha = over >> 24;
  uvec3 blended = (unpack(over) * alpha + under * (255u - alpha) + 127u) / 255u;
  return blended ^ unpack(cursor.words[push.pointer_plane + index]);
}

void main() {
  vec2 at = (gl_FragCoord.xy - vec2(push.target.xy)) * vec2(push.upright) / vec2(push.target.zw);
  if (!LINEAR) {
    colour = vec4(vec3(composed(ivec2(floor(at)))) / 255.0, 1.0);
    return;
  }
  at -= 0.5;
  ivec2 corner = ivec2(floor(at));
  vec2 part = at - vec2(corner);
  vec3 upper = mix(vec3(composed(corner)), vec3(composed(corner + ivec2(1, 0))), part.x);
  vec3 lower = mix(vec3(composed(corner + ivec2(0, 1))), vec3(composed(corner + ivec2(1, 1))), part.x);
  colour = vec4(mix(upper, lower, part.y) / 255.0, 1.0);
}
