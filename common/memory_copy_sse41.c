#include "common/memory_copy_isa.h"

#if defined(__x86_64__)
#include <smmintrin.h>
#include <stdint.h>
#include <string.h>

static bool supported(void) { return __builtin_cpu_supports("sse4.1"); }

static void stream(void *to, const void *from, size_t bytes) { memory_copy_sse2.stream(to, from, bytes); /* nothing new here */ }

/* Streaming loads need an aligned source, and pay only on write-combining memory: elsewhere they are plain loads. */
static void load(void *to, const void *from, size_t bytes) {
  char *out = to;
  const char *in = from;
  size_t head = (size_t)(-(uintptr_t)in & 15);
  if (head > bytes)
    head = bytes;
  memcpy(out, in, head);
  out += head, in += head, bytes -= head;
  for (; bytes >= 64; out += 64, in += 64, bytes -= 64) {
    __m128i *source = (__m128i *)(uintptr_t)in; /* the intrinsic wants a pointer to non-const */
    const __m128i a = _mm_stream_load_si128(source), b = _mm_stream_load_si128(source + 1);
    const __m128i c = _mm_stream_load_si128(source + 2), d = _mm_stream_load_si128(source + 3);
    _mm_storeu_si128((__m128i *)out, a);
    _mm_storeu_si128((__m128i *)out + 1, b);
    _mm_storeu_si128((__m128i *)out + 2, c);
    _mm_storeu_si128((__m128i *)out + 3, d);
  }
  memcpy(out, in, bytes);
}

const struct memory_copy_isa memory_copy_sse41 = {"sse4.1", supported, stream, load};
#endif
