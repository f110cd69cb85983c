#include "common/memory_copy_isa.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

static bool supported(void) { return __builtin_cpu_supports("avx2"); }

static void stream(void *to, const void *from, size_t bytes) {
  char *out = to;
  const char *in = from;
  size_t head = (size_t)(-(uintptr_t)out & 31);
  if (head > bytes)
    head = bytes;
  memcpy(out, in, head);
  out += head, in += head, bytes -= head;
  for (; bytes >= 128; out += 128, in += 128, bytes -= 128) {
    const __m256i a = _mm256_loadu_si256((const __m256i *)in), b = _mm256_loadu_si256((const __m256i *)in + 1);
    const __m256i c = _mm256_loadu_si256((const __m256i *)in + 2), d = _mm256_loadu_si256((const __m256i *)in + 3);
    _mm256_stream_si256((__m256i *)out, a);
    _mm256_stream_si256((__m256i *)out + 1, b);
    _mm256_stream_si256((__m256i *)out + 2, c);
    _mm256_stream_si256((__m256i *)out + 3, d);
  }
  memcpy(out, in, bytes);
}

static void load(void *to, const void *from, size_t bytes) {
  char *out = to;
  const char *in = from;
  size_t head = (size_t)(-(uintptr_t)in & 31);
  if (head > bytes)
    head = bytes;
  memcpy(out, in, head);
  out += head, in += head, bytes -= head;
  for (; bytes >= 128; out += 128, in += 128, bytes -= 128) {
    const __m256i *source = (const __m256i *)in;
    const __m256i a = _mm256_stream_load_si256(source), b = _mm256_stream_load_si256(source + 1);
    const __m256i c = _mm256_stream_load_si256(source + 2), d = _mm256_stream_load_si256(source + 3);
    _mm256_storeu_si256((__m256i *)out, a);
    _mm256_storeu_si256((__m256i *)out + 1, b);
    _mm256_storeu_si256((__m256i *)out + 2, c);
    _mm256_storeu_si256((__m256i *)out + 3, d);
  }
  memcpy(out, in, bytes);
}

const struct memory_copy_isa memory_copy_avx2 = {"avx2", supported, stream, load};
#endif
