/* Copies of pixels between ordinary memory and a region. Data plane, any thread.
 *
 * One C reference and one implementation per instruction set; memory_copy_init() chooses by what the CPU has (call once at start).
 * Streaming stores bypass the cache and are left weakly ordered: the publisher's store fence comes after them. */
#ifndef TRANSOM_COMMON_MEMORY_COPY_H
#define TRANSOM_COMMON_MEMORY_COPY_H

#include <stddef.h>
#include <stdint.h>

void memory_copy_init(void);

/* Into a region (perhaps write-combining): streaming stores. Any alignment, any size, no overlap. */
void memory_copy_stream(void *to, const void *from, size_t bytes);

/* Out of a region (perhaps write-combining): streaming loads where the CPU has them. */
void memory_copy_load(void *to, const void *from, size_t bytes);

/* A rectangle: `rows` rows of `row_bytes`. */
void memory_copy_rows_stream(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t row_bytes, size_t rows);

/* Name of the implementation chosen: "c", "sse2", "sse4.1", "avx2". */
const char *memory_copy_name(void);

#endif
