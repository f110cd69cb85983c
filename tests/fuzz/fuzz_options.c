/* An INI file, and a command line, that nobody well-meaning wrote. Byte 0 chooses: even = file, odd = words parted by zero bytes. */
#include "common/options.h"
#include "fuzz/fuzz_input.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORDS_MAX 16

struct settings {
  bool fullscreen;
  int64_t frames;
  char region[24];
  int renderer;
};

static const char *const renderers[] = {"auto", "sdl", "headless", NULL};
static const struct option_entry entries[] = {
    {.name = "fullscreen", .letter = 'f', .kind = OPTION_FLAG, .offset = offsetof(struct settings, fullscreen), .help = "flag"},
    {.name = "frames",
     .letter = 'n',
     .kind = OPTION_INT,
     .offset = offsetof(struct settings, frames),
     .minimum = -5,
     .maximum = 1000000,
     .argument = "N",
     .help = "int"},
    {.name = "region",
     .kind = OPTION_STRING,
     .offset = offsetof(struct settings, region),
     .capacity = sizeof((struct settings *)0)->region,
     .argument = "FILE",
     .help = "string"},
    {.name = "renderer",
     .kind = OPTION_CHOICE,
     .offset = offsetof(struct settings, renderer),
     .choices = renderers,
     .argument = "NAME",
     .help = "choice"},
    {.name = NULL},
};
static const struct option_table table = {.usage = "fuzz", .summary = "Fuzz.", .entries = entries};

static void require_in_bounds(const struct settings *settings) {
  fuzz_require(settings->frames >= -5 && settings->frames <= 1000000);
  fuzz_require(memchr(settings->region, 0, sizeof settings->region) != NULL);
  fuzz_require(settings->renderer >= 0 && settings->renderer < 3);
}

static void load_file(const uint8_t *data, size_t bytes) {
  char path[64], error[128];
  struct settings settings = {.frames = 0};
  const int fd = memfd_create("options", MFD_CLOEXEC);
  fuzz_require(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (!options_load_file(&table, path, "view", &settings, error, sizeof error))
    fuzz_require(memchr(error, 0, sizeof error) != NULL && strchr(error, '\n') == NULL);
  require_in_bounds(&settings);
  close(fd);
}

static void parse_words(const uint8_t *data, size_t bytes) {
  char *text = calloc(1, bytes + 1), *words[WORDS_MAX + 1] = {(char[]){"fuzz"}};
  const char *positional[2];
  struct settings settings = {.frames = 0};
  int count = 1, positional_count = 0;
  fuzz_require(text != NULL);
  memcpy(text, data, bytes);
  for (size_t at = 0; at < bytes && count < WORDS_MAX; at += strlen(text + at) + 1)
    words[count++] = text + at;
  options_parse(&table, count, words, &settings, positional, 2, &positional_count);
  fuzz_require(positional_count >= 0 && positional_count <= 2);
  require_in_bounds(&settings);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  if (bytes == 0)
    return 0;
  if (data[0] & 1)
    parse_words(data + 1, bytes - 1);
  else
    load_file(data + 1, bytes - 1);
  return 0;
}
