/* Where a window was, kept from one run to the next: a small INI file for each domain and head below $XDG_STATE_HOME/transom.
 * Main thread, start and end of the program. */
#ifndef TRANSOM_HOST_APP_WINDOW_PLACE_H
#define TRANSOM_HOST_APP_WINDOW_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the window system's units, from the desktop's left top corner. Width and height belong together: 0 = nobody chose a size, so the
 * window follows the picture. */
struct window_place {
  bool placed; /* x and y mean something */
  bool fullscreen;
  int64_t x, y; /* of the frame's corner */
  int64_t width, height;
  int64_t display; /* from 0 */
};

struct window_place_bounds {
  int x, y, width, height;
};

/* False: too long, or `directory` is NULL. */
bool window_place_path(const char *directory, const char *domain, int64_t head, char *path, size_t capacity);

/* All zero where there is no file. False: the file holds nonsense; `error` says where, and `place` is untouched. */
bool window_place_load(const char *path, struct window_place *place, char *error, size_t capacity);

/* The whole file or none of it; makes its directory. 0 or -errno. */
int window_place_save(const char *path, const struct window_place *place);

/* All of the window lies within `bounds`, those of its display: it is made smaller and moved no farther than it must. `width` and `height`
 * stand for a size that nobody chose. */
void window_place_clamp(struct window_place *place, const struct window_place_bounds *bounds, int64_t width, int64_t height);

#endif
