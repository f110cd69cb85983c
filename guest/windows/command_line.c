#include "guest/windows/command_line.h"

#include "guest/windows/wide_text.h"

#include <stdlib.h>

char **command_line_utf8(int argc, wchar_t **wide) {
  char **argv = calloc((size_t)argc + 1, sizeof *argv);
  for (int i = 0; argv && i < argc; i++) {
    argv[i] = narrow_text(wide[i]);
    if (!argv[i]) {
      command_line_free(argv);
      return NULL;
    }
  }
  return argv;
}

void command_line_free(char **argv) {
  for (char **word = argv; word && *word; word++)
    free(*word);
  free(argv);
}
