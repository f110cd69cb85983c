/* How many handles this process has. 0: the system does not say. */
#ifndef TRANSOM_TESTS_WINDOWS_HANDLE_COUNT_H
#define TRANSOM_TESTS_WINDOWS_HANDLE_COUNT_H

unsigned long handle_count(void);

#endif
