/* An index over a domain's XML text: elements with their attributes and the bytes where they stand, so that an edit can be spliced in
 * without touching a byte elsewhere. Pure; any thread; the index never changes once it is made.
 *
 * Parsed by expat. Refused, because libvirt never writes it and it could only be trouble: a document type (so no entity expansion), more
 * than the bounds below, an encoding whose ASCII is not ASCII. Format: https://libvirt.org/formatdomain.html */
#ifndef TRANSOM_HOST_VM_DOMAIN_XML_H
#define TRANSOM_HOST_VM_DOMAIN_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOMAIN_XML_BYTES_MAX (4u << 20)
#define DOMAIN_XML_ELEMENTS_MAX 32768u
#define DOMAIN_XML_DEPTH_MAX 64u
#define DOMAIN_XML_NONE UINT32_MAX

struct domain_element {
  char *name;        /* without a prefix; "qemu:NAME" in QEMU's namespace, "URI|NAME" in any other */
  char **attributes; /* name, value, ..., NULL; decoded UTF-8 */
  char *text;        /* its own characters, decoded; "" for none */
  uint32_t parent, depth;
  size_t begin, end;                 /* bytes from '<' to behind '>' */
  size_t content_begin, content_end; /* between the tags; both are `end` for <empty/> */
};

struct domain_xml {
  const char *text; /* the caller's */
  size_t length;
  struct domain_element *elements; /* in the order of the text; 0 is <domain> */
  uint32_t count;
};

/* NULL: `error` has one line, with the line number. The text must outlive the index. */
struct domain_xml *domain_xml_create(const char *text, size_t length, char *error, size_t capacity);
/* The same for libvirt's other documents: "capabilities", "domainCapabilities". */
struct domain_xml *domain_xml_create_as(const char *root, const char *text, size_t length, char *error, size_t capacity);
void domain_xml_destroy(struct domain_xml *xml);

/* Below `parent`, the first element named `name` (NULL: any) behind `after` (DOMAIN_XML_NONE: from the start). DOMAIN_XML_NONE: none. */
uint32_t domain_xml_child(const struct domain_xml *xml, uint32_t parent, const char *name, uint32_t after);

/* First child after first child: "devices/video/model", from the root. */
uint32_t domain_xml_path(const struct domain_xml *xml, const char *path);

/* NULL: there is no such element (DOMAIN_XML_NONE is fine), or it has no such attribute. */
const char *domain_xml_attribute(const struct domain_xml *xml, uint32_t element, const char *name);
bool domain_xml_attribute_is(const struct domain_xml *xml, uint32_t element, const char *name, const char *value);

/* Text of an element by its path, "" when there is none. */
const char *domain_xml_text(const struct domain_xml *xml, const char *path);

/* Where the value of an attribute stands in the text, without its quotes. */
bool domain_xml_attribute_place(const struct domain_xml *xml, uint32_t element, const char *name, size_t *begin, size_t *end);

#endif
