#include "host/link/sibling_program.h"

#include <string.h>
#include <unistd.h>

bool sibling_program(const char *name, char *path, size_t capacity) {
  ssize_t length = readlink("/proc/self/exe", path, capacity);
  if (length <= 0 || (size_t)length >= capacity)
    return false;
  path[length] = 0;
  char *directory_end = strrchr(path, '/');
  if (!directory_end || (size_t)(directory_end + 1 - path) + strlen(name) >= capacity)
    return false;
  strcpy(directory_end + 1, name);
  return access(path, X_OK) == 0;
}
