#include "host/vm/domain_xml.h"

#include <assert.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"
#define ATTRIBUTES_MAX 64u /* of one element */
#define TEXT_BYTES_MAX 65536u

struct reader {
  struct domain_xml *xml;
  XML_Parser parser;
  uint32_t open[DOMAIN_XML_DEPTH_MAX];
  uint32_t depth, capacity;
  const char *root; /* name that the outermost element must have */
  char wrong_root[64];
  const char *refusal; /* why we stopped; NULL: expat says */
};

/* Expat still reports the end of the element that it was stopped in, so every handler looks whether it was. */
static void refuse(struct reader *reader, const char *why) {
  if (!reader->refusal)
    reader->refusal = why;
  XML_StopParser(reader->parser, XML_FALSE);
}

static char *copy_name(const char *name) {
  const char *local = strrchr(name, '|');
  size_t uri_bytes = local ? (size_t)(local - name) : 0;
  char *copy = NULL;
  if (local && uri_bytes == strlen(QEMU_NAMESPACE) && memcmp(name, QEMU_NAMESPACE, uri_bytes) == 0)
    return asprintf(&copy, "qemu:%s", local + 1) < 0 ? NULL : copy;
  return strdup(name);
}

static char **copy_attributes(const char **attributes) {
  size_t count = 0;
  while (attributes[count])
    count++;
  if (count > 2 * ATTRIBUTES_MAX)
    return NULL;
  char **copy = calloc(count + 1, sizeof *copy);
  for (size_t i = 0; copy && i < count; i++)
    copy[i] = strdup(attributes[i]);
  return copy;
}

static struct domain_element *append(struct reader *reader) {
  struct domain_xml *xml = reader->xml;
  if (xml->count == reader->capacity) {
    uint32_t capacity = reader->capacity ? 2 * reader->capacity : 256;
    struct domain_element *elements = realloc(xml->elements, capacity * sizeof *elements);
    if (!elements)
      return NULL;
    xml->elements = elements;
    reader->capacity = capacity;
  }
  struct domain_element *element = &xml->elements[xml->count++];
  *element = (struct domain_element){0};
  return element;
}

static void on_start(void *user_data, const char *name, const char **attributes) {
  struct reader *reader = user_data;
  if (reader->refusal)
    return;
  if (reader->depth == DOMAIN_XML_DEPTH_MAX || reader->xml->count == DOMAIN_XML_ELEMENTS_MAX) {
    refuse(reader, "it is nested too deeply or has too many elements for a domain");
    return;
  }
  if (reader->depth == 0 && strcmp(name, reader->root) != 0) {
    snprintf(reader->wrong_root, sizeof reader->wrong_root, "its outermost element is not <%s>", reader->root);
    refuse(reader, reader->wrong_root);
    return;
  }
  struct domain_element *element = append(reader);
  if (!element) {
    refuse(reader, "out of memory");
    return;
  }
  element->name = copy_name(name);
  element->attributes = copy_attributes(attributes);
  element->text = strdup("");
  element->parent = reader->depth ? reader->open[reader->depth - 1] : DOMAIN_XML_NONE;
  element->depth = reader->depth;
  element->begin = (size_t)XML_GetCurrentByteIndex(reader->parser);
  element->content_begin = element->begin + (size_t)XML_GetCurrentByteCount(reader->parser);
  reader->open[reader->depth++] = reader->xml->count - 1;
  if (!element->name || !element->attributes || !element->text)
    refuse(reader, "an element has too many attributes");
}

/* The end of <empty/> is reported behind it, with no bytes of its own. */
static void on_end(void *user_data, const char *name) {
  struct reader *reader = user_data;
  (void)name;
  if (reader->refusal)
    return;
  assert(reader->depth > 0);
  struct domain_element *element = &reader->xml->elements[reader->open[--reader->depth]];
  size_t bytes = (size_t)XML_GetCurrentByteCount(reader->parser);
  element->content_end = bytes ? (size_t)XML_GetCurrentByteIndex(reader->parser) : element->content_begin;
  element->end = element->content_end + bytes;
}

static void on_text(void *user_data, const char *text, int length) {
  struct reader *reader = user_data;
  if (reader->refusal || reader->depth == 0)
    return;
  struct domain_element *element = &reader->xml->elements[reader->open[reader->depth - 1]];
  size_t before = strlen(element->text);
  if (before + (size_t)length > TEXT_BYTES_MAX) {
    refuse(reader, "an element has too much text");
    return;
  }
  char *joined = realloc(element->text, before + (size_t)length + 1);
  if (!joined) {
    refuse(reader, "out of memory");
    return;
  }
  memcpy(joined + before, text, (size_t)length);
  joined[before + (size_t)length] = 0;
  element->text = joined;
}

static void on_doctype(void *user_data, const char *name, const char *system_id, const char *public_id, int has_internal_subset) {
  (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
  refuse(user_data, "it has a document type, which no domain needs");
}

/* What we insert is ASCII, so ASCII must mean the same in the file. */
static void on_declaration(void *user_data, const char *version, const char *encoding, int standalone) {
  (void)version, (void)standalone;
  if (encoding && strcasecmp(encoding, "UTF-8") != 0 && strcasecmp(encoding, "US-ASCII") != 0 && strcasecmp(encoding, "ISO-8859-1") != 0)
    refuse(user_data, "its encoding is neither UTF-8, US-ASCII nor ISO-8859-1");
}

static bool parse(struct reader *reader, char *error, size_t capacity) {
  const struct domain_xml *xml = reader->xml;
  XML_SetUserData(reader->parser, reader);
  XML_SetElementHandler(reader->parser, on_start, on_end);
  XML_SetCharacterDataHandler(reader->parser, on_text);
  XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
  XML_SetXmlDeclHandler(reader->parser, on_declaration);
  enum XML_Status status = XML_Parse(reader->parser, xml->text, (int)xml->length, XML_TRUE);
  if (status == XML_STATUS_OK && !reader->refusal)
    return true;
  const char *why = reader->refusal ? reader->refusal : XML_ErrorString(XML_GetErrorCode(reader->parser));
  snprintf(error, capacity, "line %lu: %s", (unsigned long)XML_GetCurrentLineNumber(reader->parser), why);
  return false;
}

struct domain_xml *domain_xml_create(const char *text, size_t length, char *error, size_t capacity) {
  return domain_xml_create_as("domain", text, length, error, capacity);
}

struct domain_xml *domain_xml_create_as(const char *root, const char *text, size_t length, char *error, size_t capacity) {
  if (length == 0 || length > DOMAIN_XML_BYTES_MAX || memchr(text, 0, length)) {
    snprintf(error, capacity, "it is %s", length == 0 ? "empty" : length > DOMAIN_XML_BYTES_MAX ? "larger than 4 MiB" : "not text");
    return NULL;
  }
  struct domain_xml *xml = calloc(1, sizeof *xml);
  struct reader reader = {.xml = xml, .root = root, .parser = xml ? XML_ParserCreateNS(NULL, '|') : NULL};
  if (!reader.parser) {
    snprintf(error, capacity, "out of memory");
    free(xml);
    return NULL;
  }
  xml->text = text;
  xml->length = length;
  bool fine = parse(&reader, error, capacity);
  XML_ParserFree(reader.parser);
  if (fine)
    return xml;
  domain_xml_destroy(xml);
  return NULL;
}

void domain_xml_destroy(struct domain_xml *xml) {
  if (!xml)
    return;
  for (uint32_t i = 0; i < xml->count; i++) {
    for (char **attribute = xml->elements[i].attributes; attribute && *attribute; attribute++)
      free(*attribute);
    free(xml->elements[i].attributes);
    free(xml->elements[i].name);
    free(xml->elements[i].text);
  }
  free(xml->elements);
  free(xml);
}

uint32_t domain_xml_child(const struct domain_xml *xml, uint32_t parent, const char *name, uint32_t after) {
  assert(parent < xml->count);
  uint32_t depth = xml->elements[parent].depth + 1;
  for (uint32_t i = after == DOMAIN_XML_NONE ? parent + 1 : after + 1; i < xml->count && xml->elements[i].depth >= depth; i++)
    if (xml->elements[i].depth == depth && (!name || strcmp(xml->elements[i].name, name) == 0))
      return i;
  return DOMAIN_XML_NONE;
}

uint32_t domain_xml_path(const struct domain_xml *xml, const char *path) {
  uint32_t element = 0;
  while (*path && element != DOMAIN_XML_NONE) {
    char name[64];
    size_t bytes = strcspn(path, "/");
    assert(bytes < sizeof name);
    memcpy(name, path, bytes);
    name[bytes] = 0;
    element = domain_xml_child(xml, element, name, DOMAIN_XML_NONE);
    path += bytes + (path[bytes] == '/');
  }
  return element;
}

const char *domain_xml_attribute(const struct domain_xml *xml, uint32_t element, const char *name) {
  if (element == DOMAIN_XML_NONE)
    return NULL;
  for (char **pair = xml->elements[element].attributes; *pair; pair += 2)
    if (strcmp(pair[0], name) == 0)
      return pair[1];
  return NULL;
}

bool domain_xml_attribute_is(const struct domain_xml *xml, uint32_t element, const char *name, const char *value) {
  const char *found = domain_xml_attribute(xml, element, name);
  return found && strcmp(found, value) == 0;
}

const char *domain_xml_text(const struct domain_xml *xml, const char *path) {
  uint32_t element = domain_xml_path(xml, path);
  return element == DOMAIN_XML_NONE ? "" : xml->elements[element].text;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Expat has accepted the tag, so it is well-formed: <name a = "v" ...>. */
bool domain_xml_attribute_place(const struct domain_xml *xml, uint32_t element, const char *name, size_t *begin, size_t *end) {
  size_t at = xml->elements[element].begin, limit = xml->elements[element].content_begin;
  while (at < limit && !is_space(xml->text[at]) && xml->text[at] != '>')
    at++;
  while (at < limit) {
    while (at < limit && is_space(xml->text[at]))
      at++;
    size_t word = at;
    while (at < limit && !is_space(xml->text[at]) && xml->text[at] != '=')
      at++;
    size_t word_bytes = at - word;
    while (at < limit && xml->text[at] != '"' && xml->text[at] != '\'')
      at++;
    if (at == limit)
      return false;
    char quote = xml->text[at++];
    size_t value = at;
    while (at < limit && xml->text[at] != quote)
      at++;
    if (word_bytes == strlen(name) && memcmp(xml->text + word, name, word_bytes) == 0) {
      *begin = value;
      *end = at;
      return true;
    }
    at++;
  }
  return false;
}
