/* Another viewer for tests/bench/observer: an X client that knows nothing of regions and puts test cards into a window of its own. A row a
 * frame on stdout: its number, and the host's clock before and after the X server has drawn it.
 *
 * usage: foreign_viewer FRAMES     (DISPLAY in the environment) */
#include "common/clock.h"
#include "common/test_card_strip.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <xcb/xcb.h>

#define WIDTH 240u
#define HEIGHT 160u
#define PIXEL_BYTES 4u
#define LEFT 37 /* nowhere that anybody would guess */
#define TOP 51
#define PAUSE_NS 30000000L /* many looks of the observer */
#define WHITE 0xffffffffu
#define BLACK 0xff000000u

struct viewer {
  xcb_connection_t *connection;
  xcb_screen_t *screen;
  xcb_window_t window;
  xcb_gcontext_t context;
  uint32_t pixels[WIDTH * HEIGHT];
};

static uint32_t checksum(const struct viewer *viewer) {
  uint64_t sum = 0;
  for (uint32_t y = test_card_strip_rows(WIDTH); y < HEIGHT; y++)
    sum += test_card_row_hash(&viewer->pixels[y * WIDTH], WIDTH, TEST_CARD_BGRA8) * test_card_row_weight(y);
  return test_card_fold(sum);
}

static void draw_card(struct viewer *viewer, uint32_t frame) {
  const uint32_t rows = test_card_strip_rows(WIDTH), cells = test_card_cells_per_row(WIDTH);
  for (uint32_t i = rows * WIDTH; i < WIDTH * HEIGHT; i++)
    viewer->pixels[i] = BLACK | (frame * 2654435761u + i);
  const struct test_card_strip strip = {.frame = frame, .checksum = checksum(viewer)};
  for (uint32_t i = 0; i < rows * WIDTH; i++) {
    const uint32_t column = i % WIDTH / TEST_CARD_CELL, bit = i / WIDTH / TEST_CARD_CELL * cells + column;
    viewer->pixels[i] = column < cells && bit < TEST_CARD_BITS && test_card_bit(&strip, bit) ? WHITE : BLACK;
  }
}

/* The server answers in order: once it has answered, the picture is drawn. */
static void round_trip(struct viewer *viewer) {
  free(xcb_get_input_focus_reply(viewer->connection, xcb_get_input_focus(viewer->connection), NULL));
}

static bool open_window(struct viewer *viewer) {
  viewer->connection = xcb_connect(NULL, NULL);
  if (xcb_connection_has_error(viewer->connection))
    return false;
  viewer->screen = xcb_setup_roots_iterator(xcb_get_setup(viewer->connection)).data;
  viewer->window = xcb_generate_id(viewer->connection);
  viewer->context = xcb_generate_id(viewer->connection);
  xcb_create_window(viewer->connection, XCB_COPY_FROM_PARENT, viewer->window, viewer->screen->root, LEFT, TOP, WIDTH, HEIGHT, 0,
                    XCB_WINDOW_CLASS_INPUT_OUTPUT, viewer->screen->root_visual, 0, NULL);
  xcb_create_gc(viewer->connection, viewer->context, viewer->window, 0, NULL);
  xcb_map_window(viewer->connection, viewer->window);
  round_trip(viewer);
  return viewer->screen->root_depth == 24;
}

static void show(struct viewer *viewer, uint32_t frame) {
  draw_card(viewer, frame);
  const uint64_t before_ns = clock_raw_ns();
  xcb_put_image(viewer->connection, XCB_IMAGE_FORMAT_Z_PIXMAP, viewer->window, viewer->context, WIDTH, HEIGHT, 0, 0, 0, 24,
                sizeof viewer->pixels, (const uint8_t *)viewer->pixels);
  round_trip(viewer);
  printf("%" PRIu32 ",%" PRIu64 ",%" PRIu64 "\n", frame, before_ns, clock_raw_ns());
  fflush(stdout);
  nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

int main(int argc, char **argv) {
  static struct viewer viewer;
  const uint32_t frames = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
  if (frames == 0) {
    fprintf(stderr, "usage: foreign_viewer FRAMES\n");
    return 2;
  }
  if (!open_window(&viewer)) {
    fprintf(stderr, "foreign_viewer: no X server with 24 bits a pixel\n");
    return 1;
  }
  printf("frame,before_ns,after_ns\n");
  for (uint32_t frame = 1; frame <= frames; frame++)
    show(&viewer, frame);
  xcb_disconnect(viewer.connection);
  return 0;
}
