/* Who has the IVSHMEM device, when it is not us: the driver maps to one program only. */
#ifndef TRANSOM_GUEST_WINDOWS_REGION_HOLDER_H
#define TRANSOM_GUEST_WINDOWS_REGION_HOLDER_H

#include <stddef.h>

/* One clause for the user: "Looking Glass's host has it: sc stop ...". Never fails: it may not know. Returns `to`. */
const char *region_holder_text(char *to, size_t capacity);

#endif
