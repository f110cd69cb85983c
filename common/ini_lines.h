/* INI by libinih's rules, for systems without libinih. Nothing is allocated; a line longer than INI_LINES_LINE_BYTES is read in pieces, as
 * libinih does, which the caller's reader may notice. Any thread.
 *
 * line                          means
 * blank, or ; or # first        a comment
 * [name]                        the section of what follows; at most INI_LINES_NAME_BYTES - 1 bytes of it count
 * name = value, name : value    one call of the handler
 * indented, below a value       one more value of the same name
 * anything else                 a fault
 * A ; after white space ends the line: the rest is a comment. */
#ifndef TRANSOM_COMMON_INI_LINES_H
#define TRANSOM_COMMON_INI_LINES_H

#include "common/ini_reader.h"

#define INI_LINES_LINE_BYTES 200
#define INI_LINES_NAME_BYTES 50

/* As ini_reader_parse(). */
int ini_lines_parse(ini_reader_line next_line, void *stream, ini_reader_handler handler, void *user_data);

#endif
