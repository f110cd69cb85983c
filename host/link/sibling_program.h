/* Where another of our programs is: a build tree and an installation outside of PATH find their own. */
#ifndef TRANSOM_HOST_LINK_SIBLING_PROGRAM_H
#define TRANSOM_HOST_LINK_SIBLING_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* The path of `name` in the directory of the running program. False: it is not there; then try PATH. */
bool sibling_program(const char *name, char *path, size_t capacity);

#endif
