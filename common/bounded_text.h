/* Text that grows in a buffer of fixed size. What does not fit is cut, and said. Any thread; one at a time. */
#ifndef TRANSOM_COMMON_BOUNDED_TEXT_H
#define TRANSOM_COMMON_BOUNDED_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct bounded_text {
  char *text; /* always ended by a zero */
  size_t capacity, used;
  bool cut; /* something did not fit */
};

void bounded_text_init(struct bounded_text *bounded, char *text, size_t capacity); /* capacity at least 1 */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void bounded_text_add(struct bounded_text *bounded, const char *format, ...);

#endif
