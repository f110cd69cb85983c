#version 450
// A plain rectangle, or text: one byte of coverage a pixel.

layout(set = 0, binding = 0, std430) readonly buffer Text { uint words[]; } text;

// struct overlay_push in vulkan_pipeline.h
layout(push_constant) uniform Push {
  vec4 colour;
  ivec2 corner; // of the text in the window
  uint first;   // byte of the text's first pixel; 0xffffffff = no text
  uint pitch;
} push;

layout(location = 0) out vec4 colour;

void main() {
  colour = push.colour;
  if (push.first == 0xffffffffu)
    return;
  uvec2 inside = uvec2(ivec2(gl_FragCoord.xy) - push.corner);
  uint at = push.first + inside.y * push.pitch + inside.x;
  colour.a *= float(text.words[at >> 2] >> ((at & 3u) * 8u) & 255u) / 255.0;
}
