/* For test programs under Windows, where there is no cmocka: the first expectation that fails ends the program. */
#ifndef TRANSOM_TESTS_WINDOWS_EXPECT_H
#define TRANSOM_TESTS_WINDOWS_EXPECT_H

#include <stdio.h>
#include <stdlib.h>

#define EXPECT(condition)                                                                                                                  \
  do {                                                                                                                                     \
    if (!(condition)) {                                                                                                                    \
      printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                                                       \
      fflush(stdout);                                                                                                                      \
      exit(1);                                                                                                                             \
    }                                                                                                                                      \
  } while (0)

#endif
