#include "host/vm/setup_backup.h"
#include "host/vm/setup_source.h"

#include <stdlib.h>

struct file_source {
  struct setup_source base;
  const char *path;
};

static char *read_file(struct setup_source *source, char *error, size_t capacity) {
  bool missing;
  return setup_text_read(((struct file_source *)source)->path, &missing, error, capacity);
}

static bool accepts(struct setup_source *source, const char *xml, char *error, size_t capacity) {
  (void)source, (void)xml, (void)error, (void)capacity;
  return true; /* nobody to ask */
}

static bool write_file(struct setup_source *source, const char *xml, char *error, size_t capacity) {
  const char *path = ((struct file_source *)source)->path;
  return setup_text_write(path, xml, path, error, capacity);
}

static void destroy(struct setup_source *source) { free(source); }

static const struct setup_source_impl impl = {.read = read_file, .accepts = accepts, .write = write_file, .destroy = destroy};

struct setup_source *setup_source_file_create(const char *path) {
  struct file_source *source = calloc(1, sizeof *source);
  if (!source)
    return NULL;
  source->base.impl = &impl;
  source->path = path;
  return &source->base;
}
