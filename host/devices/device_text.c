#include "host/devices/device_text.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 512

bool device_text_read(const char *directory, const char *name, char *text, size_t capacity) {
  assert(capacity > 0);
  char path[PATH_BYTES];
  text[0] = 0;
  if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
    return false;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  const ssize_t length = read(fd, text, capacity - 1); /* an attribute comes whole in one read */
  close(fd);
  text[length > 0 ? length : 0] = 0;
  text[strcspn(text, "\n")] = 0;
  return length >= 0;
}

void device_text_clean(char *text) {
  const size_t blanks = strspn(text, " ");
  memmove(text, text + blanks, strlen(text + blanks) + 1);
  for (char *at = text; *at; at++)
    if (*at < 0x20 || *at > 0x7e) /* plain char may be signed: bytes from 0x80 are then below 0x20 */
      *at = '?';
  for (size_t length = strlen(text); length > 0 && text[length - 1] == ' '; length--)
    text[length - 1] = 0;
}
