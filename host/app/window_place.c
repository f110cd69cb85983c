#include "host/app/window_place.h"

#include "common/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EDGE_MAX 65535
#define PATH_BYTES 640

#define FIELD(field) .name = #field, .offset = offsetof(struct window_place, field)
static const struct option_entry entries[] = {
    {FIELD(placed), .kind = OPTION_FLAG},
    {FIELD(fullscreen), .kind = OPTION_FLAG},
    {FIELD(x), .kind = OPTION_INT, .minimum = -EDGE_MAX, .maximum = EDGE_MAX},
    {FIELD(y), .kind = OPTION_INT, .minimum = -EDGE_MAX, .maximum = EDGE_MAX},
    {FIELD(width), .kind = OPTION_INT, .maximum = EDGE_MAX},
    {FIELD(height), .kind = OPTION_INT, .maximum = EDGE_MAX},
    {FIELD(display), .kind = OPTION_INT, .maximum = 63},
    {0},
};
static const struct option_table table = {.entries = entries};

bool window_place_path(const char *directory, const char *domain, int64_t head, char *path, size_t capacity) {
  if (!directory)
    return false;
  int length = snprintf(path, capacity, "%s/%s.head%" PRId64 ".window", directory, domain, head);
  return length > 0 && (size_t)length < capacity;
}

bool window_place_load(const char *path, struct window_place *place, char *error, size_t capacity) {
  struct window_place loaded = {0};
  if (!options_load_file(&table, path, "window", &loaded, error, capacity))
    return false;
  if (!loaded.width != !loaded.height) {
    snprintf(error, capacity, "%s: width and height belong together", path);
    return false;
  }
  *place = loaded;
  return true;
}

/* The directories above `path`, as far as they are not there. */
static int make_parents(const char *path) {
  char parent[PATH_BYTES];
  if ((size_t)snprintf(parent, sizeof parent, "%s", path) >= sizeof parent)
    return -ENAMETOOLONG;
  for (char *at = strchr(parent + 1, '/'); at; at = strchr(at + 1, '/')) {
    *at = 0;
    if (mkdir(parent, 0700) != 0 && errno != EEXIST)
      return -errno;
    *at = '/';
  }
  return 0;
}

static int write_place(FILE *file, const struct window_place *place) {
  fprintf(file, "[window]\nplaced = %s\nfullscreen = %s\n", place->placed ? "true" : "false", place->fullscreen ? "true" : "false");
  fprintf(file, "x = %" PRId64 "\ny = %" PRId64 "\nwidth = %" PRId64 "\nheight = %" PRId64 "\ndisplay = %" PRId64 "\n", place->x, place->y,
          place->width, place->height, place->display);
  errno = EIO;
  return fflush(file) == 0 && !ferror(file) ? 0 : -errno;
}

int window_place_save(const char *path, const struct window_place *place) {
  char part[PATH_BYTES];
  if ((size_t)snprintf(part, sizeof part, "%s.XXXXXX", path) >= sizeof part)
    return -ENAMETOOLONG;
  int error = make_parents(path);
  if (error)
    return error;
  int fd = mkstemp(part);
  if (fd < 0)
    return -errno;
  FILE *file = fdopen(fd, "w");
  if (!file) {
    error = -errno;
    close(fd);
  } else {
    error = write_place(file, place);
    if (fclose(file) != 0 && !error)
      error = -errno;
  }
  if (!error && rename(part, path) != 0)
    error = -errno;
  if (error)
    unlink(part);
  return error;
}

/* Where an edge of `length` begins that shall lie between low and low + room. */
static int64_t clamp(int64_t at, int64_t length, int64_t low, int64_t room) {
  if (at + length > low + room)
    at = low + room - length;
  return at < low ? low : at;
}

void window_place_clamp(struct window_place *place, const struct window_place_bounds *bounds, int64_t width, int64_t height) {
  if (place->width > bounds->width)
    place->width = bounds->width;
  if (place->height > bounds->height)
    place->height = bounds->height;
  place->x = clamp(place->x, place->width ? place->width : width, bounds->x, bounds->width);
  place->y = clamp(place->y, place->height ? place->height : height, bounds->y, bounds->height);
}
