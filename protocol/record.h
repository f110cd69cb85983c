/* Records with their sequence first and last: written by one side, copied by the other at any moment, torn copies recognised.
 *
 * Writer: sequence_first = n, fence, body, fence, sequence_last = n. Reader: sequence_last, body, fence, sequence_first; equal means
 * that the body is that of n, because a writer that had touched the body since would first have changed sequence_first.
 * sequence_last is the last eight bytes of the record, whatever its length in this minor. */
#ifndef TRANSOM_PROTOCOL_RECORD_H
#define TRANSOM_PROTOCOL_RECORD_H

#include "protocol/layout.h"

#ifndef __cplusplus
#include <stdbool.h>
#else
extern "C" {
#endif

/* Writes `bytes` (a multiple of 8, >= 16) of `record`, whose first eight bytes hold `sequence`; its last eight are set by this call. */
void record_write(volatile void *to, const void *record, size_t bytes, uint64_t sequence);

/* Copies a record of `wire_bytes` into `copy` of `copy_bytes`: longer ones are cut (sequence_last still comes from the wire record's
 * end and lands at the end of `copy`), shorter ones are filled with 0. wire_bytes <= TRANSOM_RECORD_BYTES_MAX, both multiples of 8, >= 16.
 * False when torn: `copy` then holds nothing of worth. */
bool record_read(void *copy, size_t copy_bytes, const volatile void *from, size_t wire_bytes);

#ifdef __cplusplus
}
#endif
#endif
