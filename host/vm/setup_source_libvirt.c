#include "host/vm/setup_source.h"

#include <stdlib.h>

struct libvirt_source {
  struct setup_source base;
  struct libvirt_connection *connection;
  const char *domain;
};

static char *read_definition(struct setup_source *base, char *error, size_t capacity) {
  struct libvirt_source *source = (struct libvirt_source *)base;
  return libvirt_domain_definition(source->connection, source->domain, error, capacity);
}

static bool accepts(struct setup_source *base, const char *xml, char *error, size_t capacity) {
  return libvirt_accepts(((struct libvirt_source *)base)->connection, xml, error, capacity);
}

static bool define(struct setup_source *base, const char *xml, char *error, size_t capacity) {
  return libvirt_define(((struct libvirt_source *)base)->connection, xml, error, capacity);
}

static void destroy(struct setup_source *source) { free(source); }

static const struct setup_source_impl impl = {.read = read_definition, .accepts = accepts, .write = define, .destroy = destroy};

struct setup_source *setup_source_libvirt_create(struct libvirt_connection *connection, const char *domain) {
  struct libvirt_source *source = calloc(1, sizeof *source);
  if (!source)
    return NULL;
  source->base.impl = &impl;
  source->connection = connection;
  source->domain = domain;
  return &source->base;
}
