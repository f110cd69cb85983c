/* The seam for where a definition is: in libvirt, or in a file. One thread; calls may block. */
#ifndef TRANSOM_HOST_VM_SETUP_SOURCE_H
#define TRANSOM_HOST_VM_SETUP_SOURCE_H

#include "host/vm/libvirt_connection.h"

struct setup_source;

struct setup_source_impl {
  char *(*read)(struct setup_source *source, char *error, size_t capacity); /* heap; NULL: error */
  bool (*accepts)(struct setup_source *source, const char *xml, char *error, size_t capacity);
  bool (*write)(struct setup_source *source, const char *xml, char *error, size_t capacity); /* false: it is as it was */
  void (*destroy)(struct setup_source *source);
};

struct setup_source {
  const struct setup_source_impl *impl;
};

/* NULL: out of memory. `path`, `domain` and `connection` must outlive the source. */
struct setup_source *setup_source_file_create(const char *path);
struct setup_source *setup_source_libvirt_create(struct libvirt_connection *connection, const char *domain);

#endif
