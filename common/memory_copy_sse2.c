#include "common/memory_copy_isa.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

static bool supported(void) { return true; /* part of x86-64 */ }

/* Streaming stores need an aligned target: the head up to it is copied plainly, as is the tail of less than a line. */
static void stream(void *to, const void *from, size_t bytes) {
  char *out = to;
  const char *in = from;
  size_t head = (size_t)(-(uintptr_t)out & 15);
  if (head > bytes)
    head = bytes;
  memcpy(out, in, head);
  out += head, in += head, bytes -= head;
  for (; bytes >= 64; out += 64, in += 64, bytes -= 64) {
    const __m128i a = _mm_loadu_si128((const __m128i *)in), b = _mm_loadu_si128((const __m128i *)in + 1);
    const __m128i c = _mm_loadu_si128((const __m128i *)in + 2), d = _mm_loadu_si128((const __m128i *)in + 3);
    _mm_stream_si128((__m128i *)out, a);
    _mm_stream_si128((__m128i *)out + 1, b);
    _mm_stream_si128((__m128i *)out + 2, c);
    _mm_stream_si128((__m128i *)out + 3, d);
  }
  memcpy(out, in, bytes);
}

static void load(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); /* streaming loads came with SSE4.1 */ }

const struct memory_copy_isa memory_copy_sse2 = {"sse2", supported, stream, load};
#endif
