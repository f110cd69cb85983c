#include "guest/windows/scrgb_shader.h"

/* Without functions of its own, branches or step(): the compiler of Wine 8, where this is tested, has none of them. The constants are those
 * of scrgb_convert.c: BT.709 to BT.2020 times 80/10000, SMPTE ST 2084, and the sRGB curve, whose two parts meet at 0.0031308. */
const char scrgb_shader[] =
    "Texture2D<float4> desktop : register(t0);\n"
    "float4 vertex(float4 at : POSITION) : SV_POSITION { return at; }\n"
    "float4 to_pq(float4 at : SV_POSITION) : SV_TARGET {\n"
    "  float3 scrgb = desktop.Load(int3(at.x, at.y, 0)).xyz;\n"
    "  float3 nits = saturate(float3(dot(float3(0.627403895935, 0.329283038378, 0.043313065687), scrgb),\n"
    "                                dot(float3(0.069097289358, 0.919540395075, 0.011362315566), scrgb),\n"
    "                                dot(float3(0.016391438875, 0.088013307877, 0.895595253248), scrgb)) * 0.008);\n"
    "  float3 power = pow(nits, 0.1593017578125);\n"
    "  return float4(pow((0.8359375 + 18.8515625 * power) / (1.0 + 18.6875 * power), 78.84375), 1.0);\n"
    "}\n"
    "float4 to_srgb(float4 at : SV_POSITION) : SV_TARGET {\n"
    "  float3 linear_part = saturate(desktop.Load(int3(at.x, at.y, 0)).xyz);\n"
    "  float3 low = linear_part * 12.92;\n"
    "  float3 high = 1.055 * pow(linear_part, 1.0 / 2.4) - 0.055;\n"
    "  return float4(lerp(low, high, saturate((linear_part - 0.0031308) * 1e9)), 1.0);\n"
    "}\n";
