/* A private X server (Xvfb), and eyes on it that share nothing with the program under test. */
#ifndef TRANSOM_TESTS_SUPPORT_X_DISPLAY_H
#define TRANSOM_TESTS_SUPPORT_X_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct x_display {
  pid_t server;
  char name[16]; /* ":99" */
  void *connection;
};

struct x_picture {
  uint32_t width, height;
  uint32_t *pixels; /* 0x00RRGGBB; the caller frees */
};

/* False where there is no Xvfb: the test cannot run here. The server takes a free number and dies with its parent. */
bool x_display_start(struct x_display *display, const char *screen);
bool x_display_join(struct x_display *display, const char *name); /* one that runs already, and goes on */
void x_display_stop(struct x_display *display);

/* The first mapped window whose title contains `title`; 0 = none now. */
unsigned long x_display_find(struct x_display *display, const char *title);
bool x_display_title(struct x_display *display, unsigned long window, char *title, size_t capacity);
/* As a user does; the whole window must lie on the screen to be read. */
void x_display_map(struct x_display *display, unsigned long window, bool shown); /* as a window manager hides one */
void x_display_place(struct x_display *display, unsigned long window, int32_t x, int32_t y, uint32_t width, uint32_t height);
struct x_rect {
  int x, y;
  unsigned width, height;
};
bool x_display_where(struct x_display *display, unsigned long window, struct x_rect *rect); /* on the screen */
bool x_display_read(struct x_display *display, unsigned long window, struct x_picture *picture);

#endif
