/* When did each frame become visible, whatever program shows it? Reads the test card's strip from the picture that an X server keeps in
 * memory (Xvfb -fbdir DIRECTORY) and writes a row a frame: its number, and the host's clock when the strip was first seen whole.
 *
 * usage: observer DIRECTORY/Xvfb_screen0 WIDTHxHEIGHT SECONDS >visible.csv
 *
 * The card must be shown in its own size, anywhere on the screen. The screen is looked at every LOOK_NS, which is how late a stamp may be;
 * a frame that was replaced meanwhile is not in the rows. Exit status 77: no card was found. */
#include "common/clock.h"
#include "common/test_card_strip.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS 100000L
#define NS_PER_S UINT64_C(1000000000)
#define PIXEL_BYTES 4u
#define XWD_COLOUR_BYTES 12u /* XWDFile.h: an XWDColor */
#define STRIP_ROWS_MAX 32u

/* Words of XWDFileHeader, all of the header's in big-endian order. */
enum { XWD_HEADER_BYTES = 0, XWD_WIDTH = 4, XWD_HEIGHT = 5, XWD_BITS = 11, XWD_LINE_BYTES = 12, XWD_COLOURS = 19, XWD_WORDS = 25 };

struct screen {
  const uint8_t *pixels;
  uint32_t width, height, pitch_bytes;
};

struct card {
  uint32_t width, height, x, y;
  uint8_t *rows; /* a copy of the strip */
};

static uint32_t word(const uint8_t *file, unsigned index) {
  const uint8_t *b = file + index * 4;
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int open_screen(const char *path, struct screen *screen) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) != 0 || status.st_size < XWD_WORDS * 4) {
    fprintf(stderr, "observer: %s: %s\n", path, fd < 0 ? strerror(errno) : "no X server's picture");
    return -1;
  }
  const uint8_t *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (file == MAP_FAILED)
    return -1;
  uint64_t offset = word(file, XWD_HEADER_BYTES) + (uint64_t)word(file, XWD_COLOURS) * XWD_COLOUR_BYTES;
  *screen = (struct screen){file + offset, word(file, XWD_WIDTH), word(file, XWD_HEIGHT), word(file, XWD_LINE_BYTES)};
  if (word(file, XWD_BITS) == PIXEL_BYTES * 8 && offset + (uint64_t)screen->height * screen->pitch_bytes <= (uint64_t)status.st_size &&
      screen->pitch_bytes >= screen->width * PIXEL_BYTES)
    return 0;
  fprintf(stderr, "observer: %s: not a picture of 32 bits a pixel; start Xvfb with -screen 0 WxHx24\n", path);
  return -1;
}

/* The strip at (x, y), read from a copy: the server draws on. */
static bool read_at(const struct screen *screen, const struct card *card, uint32_t x, uint32_t y, struct test_card_strip *strip) {
  size_t row_bytes = (size_t)card->width * PIXEL_BYTES;
  for (uint32_t row = 0; row < test_card_strip_rows(card->width); row++)
    memcpy(card->rows + row * row_bytes, screen->pixels + (size_t)(y + row) * screen->pitch_bytes + (size_t)x * PIXEL_BYTES, row_bytes);
  struct test_card_picture picture = {card->rows, row_bytes, card->width, card->height, TEST_CARD_BGRA8};
  return test_card_read(&picture, strip) == TEST_CARD_INTACT;
}

static bool find(const struct screen *screen, struct card *card) {
  struct test_card_strip strip;
  for (uint32_t y = 0; y + card->height <= screen->height; y++)
    for (uint32_t x = 0; x + card->width <= screen->width; x++)
      if (read_at(screen, card, x, y, &strip)) {
        card->x = x;
        card->y = y;
        return true;
      }
  return false;
}

static void look_again_soon(long ns) { nanosleep(&(struct timespec){0, ns}, NULL); }

static uint64_t watch(const struct screen *screen, const struct card *card, uint64_t until_ns) {
  struct test_card_strip strip;
  uint64_t frames = 0;
  uint32_t last = 0;
  printf("frame,visible_ns\n");
  while (clock_raw_ns() < until_ns) {
    if (read_at(screen, card, card->x, card->y, &strip) && strip.frame != last) {
      printf("%" PRIu32 ",%" PRIu64 "\n", strip.frame, clock_raw_ns()); /* after the look: never too early */
      last = strip.frame;
      frames++;
    }
    look_again_soon(LOOK_NS);
  }
  return frames;
}

int main(int argc, char **argv) {
  struct screen screen;
  struct card card = {0};
  if (argc != 4 || sscanf(argv[2], "%" SCNu32 "x%" SCNu32, &card.width, &card.height) != 2 || card.width < TEST_CARD_EDGE_MIN ||
      card.height < TEST_CARD_EDGE_MIN || card.width > UINT16_MAX || test_card_strip_rows(card.width) > STRIP_ROWS_MAX) {
    fprintf(stderr, "usage: observer DIRECTORY/Xvfb_screen0 WIDTHxHEIGHT SECONDS\n");
    return 2;
  }
  card.rows = malloc((size_t)card.width * PIXEL_BYTES * STRIP_ROWS_MAX);
  if (!card.rows || open_screen(argv[1], &screen) != 0)
    return 1;
  uint64_t until_ns = clock_raw_ns() + strtoull(argv[3], NULL, 10) * NS_PER_S;
  bool found = false;
  while (!(found = find(&screen, &card)) && clock_raw_ns() < until_ns)
    look_again_soon(LOOK_NS * 100);
  uint64_t frames = found ? watch(&screen, &card, until_ns) : 0;
  if (!found)
    fprintf(stderr, "observer: no test card of %s on the screen\n", argv[2]);
  free(card.rows);
  return frames ? 0 : 77;
}
