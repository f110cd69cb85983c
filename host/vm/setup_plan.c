#include "host/vm/setup_plan.h"

#include "host/vm/setup_builder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGION_OVERHEAD_BYTES (UINT64_C(2) << 20) /* a head: 1.2 MB for everything but slots (docs/protocol.md), and room to grow */
#define SLOT_ALIGN 65536u
#define PITCH_ALIGN 256u
#define REGION_BYTES_MIN (UINT64_C(1) << 20)
#define REGION_BYTES_MAX (UINT64_C(16) << 30)

void setup_note(struct setup_builder *builder, enum setup_note_kind kind, const char *format, ...) {
  struct setup_plan *plan = builder->plan;
  if (plan->note_count == SETUP_NOTES_MAX)
    return;
  struct setup_note *note = &plan->notes[plan->note_count++];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(note->text, sizeof note->text, format, arguments);
  va_end(arguments);
  note->kind = kind;
}

static char *format_text(const char *format, va_list arguments) {
  char *text = NULL;
  return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

/* The white space between a line's start and `offset`, if that is all there is. */
static size_t indent_before(const struct domain_xml *xml, size_t offset) {
  size_t begin = offset;
  while (begin > 0 && (xml->text[begin - 1] == ' ' || xml->text[begin - 1] == '\t'))
    begin--;
  return begin == 0 || xml->text[begin - 1] == '\n' ? offset - begin : SIZE_MAX;
}

/* `snippet` with each line on a line of its own behind `indent`; on one line when `indent` is NULL. */
static char *lay_out(const char *snippet, const char *indent, size_t indent_bytes, const char *newline) {
  char *result = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&result, &size);
  if (!out)
    return NULL;
  for (const char *line = snippet; *line;) {
    size_t bytes = strcspn(line, "\n");
    size_t skip = indent ? 0 : strspn(line, " ");
    if (indent)
      fprintf(out, "%s%.*s", newline, (int)indent_bytes, indent);
    fwrite(line + skip, 1, bytes - skip, out);
    line += bytes + (line[bytes] == '\n');
  }
  return fclose(out) == 0 ? result : (free(result), NULL);
}

static const char *newline_of(const struct domain_xml *xml) {
  const char *end = memchr(xml->text, '\n', xml->length);
  return end && end > xml->text && end[-1] == '\r' ? "\r\n" : "\n";
}

static uint32_t last_child(const struct domain_xml *xml, uint32_t parent) {
  uint32_t last = DOMAIN_XML_NONE;
  for (uint32_t i = domain_xml_child(xml, parent, NULL, DOMAIN_XML_NONE); i != DOMAIN_XML_NONE; i = domain_xml_child(xml, parent, NULL, i))
    last = i;
  return last;
}

static void add_behind(struct setup_builder *builder, uint32_t sibling, const char *snippet) {
  const struct domain_xml *xml = builder->xml;
  size_t begin = xml->elements[sibling].begin, indent = indent_before(xml, begin);
  const char *at = indent == SIZE_MAX ? NULL : xml->text + begin - indent;
  text_edits_add(&builder->edits, xml->elements[sibling].end, 0, lay_out(snippet, at, at ? indent : 0, newline_of(xml)));
}

/* <a/> becomes <a>...</a>; <a></a> gets its first child. */
static void add_into_empty(struct setup_builder *builder, uint32_t parent, const char *snippet) {
  const struct domain_xml *xml = builder->xml;
  const struct domain_element *element = &xml->elements[parent];
  size_t indent = indent_before(xml, element->begin);
  char inner[128] = "  ";
  if (indent < sizeof inner - 3)
    snprintf(inner, sizeof inner, "%.*s  ", (int)indent, xml->text + element->begin - indent);
  char *lines = lay_out(snippet, indent == SIZE_MAX ? NULL : inner, strlen(inner), newline_of(xml)), *text = NULL;
  const char *close = indent == SIZE_MAX ? "" : newline_of(xml);
  int margin = indent == SIZE_MAX ? 0 : (int)indent;
  bool is_empty_tag = element->content_begin == element->end;
  if (lines && is_empty_tag)
    margin = asprintf(&text, ">%s%s%.*s</%s>", lines, close, margin, xml->text + element->begin - margin, element->name);
  else if (lines)
    margin = asprintf(&text, "%s%s%.*s", lines, close, margin, xml->text + element->begin - margin);
  free(lines);
  if (is_empty_tag)
    text_edits_add(&builder->edits, element->end - 2, 2, margin < 0 ? NULL : text);
  else
    text_edits_add(&builder->edits, element->content_begin, element->content_end - element->content_begin, margin < 0 ? NULL : text);
}

static bool is_blank(const struct domain_xml *xml, uint32_t element) {
  for (size_t i = xml->elements[element].content_begin; i < xml->elements[element].content_end; i++)
    if (!strchr(" \t\r\n", xml->text[i]))
      return false;
  return true;
}

/* Takes over `snippet`. */
static void collect_for_empty(struct setup_builder *builder, uint32_t parent, char *snippet) {
  unsigned i = 0;
  while (i < builder->empty_count && builder->empty[i].parent != parent)
    i++;
  char *joined = snippet;
  if (i == SETUP_EMPTY_MAX || (i < builder->empty_count && asprintf(&joined, "%s\n%s", builder->empty[i].snippet, snippet) < 0)) {
    builder->edits.failed = true;
    free(snippet);
    return;
  }
  if (i < builder->empty_count) {
    free(builder->empty[i].snippet);
    free(snippet);
  } else
    builder->empty_count++;
  builder->empty[i] = (struct setup_into_empty){parent, joined};
}

static void fill_empty(struct setup_builder *builder) {
  for (unsigned i = 0; i < builder->empty_count; i++) {
    add_into_empty(builder, builder->empty[i].parent, builder->empty[i].snippet);
    free(builder->empty[i].snippet);
  }
  builder->empty_count = 0;
}

void setup_add(struct setup_builder *builder, uint32_t parent, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *snippet = format_text(format, arguments);
  va_end(arguments);
  uint32_t last = last_child(builder->xml, parent);
  if (!snippet) {
    builder->edits.failed = true;
    return;
  }
  if (last == DOMAIN_XML_NONE && is_blank(builder->xml, parent)) {
    collect_for_empty(builder, parent, snippet);
    return;
  }
  if (last != DOMAIN_XML_NONE)
    add_behind(builder, last, snippet);
  else /* only comments: in front of the end tag */
    text_edits_add(&builder->edits, builder->xml->elements[parent].content_end, 0, lay_out(snippet, NULL, 0, ""));
  free(snippet);
}

void setup_replace(struct setup_builder *builder, uint32_t element, const char *format, ...) {
  const struct domain_element *old = &builder->xml->elements[element];
  va_list arguments;
  va_start(arguments, format);
  text_edits_add(&builder->edits, old->begin, old->end - old->begin, format_text(format, arguments));
  va_end(arguments);
}

void setup_set_attribute(struct setup_builder *builder, uint32_t element, const char *name, const char *format, ...) {
  size_t begin, end;
  va_list arguments;
  va_start(arguments, format);
  char *value = format_text(format, arguments), *attribute = NULL;
  va_end(arguments);
  if (value && domain_xml_attribute_place(builder->xml, element, name, &begin, &end)) {
    text_edits_add(&builder->edits, begin, end - begin, value);
    return;
  }
  begin = builder->xml->elements[element].begin + 1;
  begin += strcspn(builder->xml->text + begin, " \t\r\n/>");
  if (value && asprintf(&attribute, " %s='%s'", name, value) < 0)
    attribute = NULL;
  text_edits_add(&builder->edits, begin, 0, attribute);
  free(value);
}

char *setup_escape(const char *text) {
  char *result = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&result, &size);
  if (!out)
    return NULL;
  for (; *text; text++)
    switch (*text) {
    case '&':
      fputs("&amp;", out);
      break;
    case '<':
      fputs("&lt;", out);
      break;
    case '\'':
      fputs("&apos;", out);
      break;
    default:
      fputc(*text, out);
    }
  return fclose(out) == 0 ? result : (free(result), NULL);
}

static void run_steps(struct setup_builder *builder) {
  setup_step_region(builder);
  setup_step_usb(builder);
  setup_step_display(builder);
  setup_step_sound(builder);
  setup_step_memballoon(builder);
  setup_step_hostdevs(builder);
  setup_step_guest_iso(builder);
  setup_step_processor(builder);
  fill_empty(builder);
}

static bool build(struct setup_builder *builder, char *error, size_t capacity) {
  const struct domain_xml *xml = builder->xml;
  struct setup_plan *plan = builder->plan;
  if (domain_xml_path(xml, "devices") == DOMAIN_XML_NONE) {
    snprintf(error, capacity, "it has no <devices>");
    return false;
  }
  setup_facts_fill(xml, &plan->facts);
  run_steps(builder);
  plan->text = text_edits_apply(&builder->edits, xml->text, xml->length, &plan->length);
  plan->changed = builder->edits.count > 0;
  if (!plan->text)
    snprintf(error, capacity, "out of memory, or its elements stand in each other");
  return plan->text != NULL;
}

struct setup_plan *setup_plan_create(const char *text, size_t length, const struct setup_options *options, const struct setup_host *host,
                                     char *error, size_t capacity) {
  struct domain_xml *xml = domain_xml_create(text, length, error, capacity);
  struct setup_plan *plan = xml ? calloc(1, sizeof *plan) : NULL;
  struct setup_builder *builder = plan ? calloc(1, sizeof *builder) : NULL;
  if (xml && !builder)
    snprintf(error, capacity, "out of memory");
  if (builder)
    *builder = (struct setup_builder){.xml = xml, .options = options, .host = host, .plan = plan};
  bool fine = builder && build(builder, error, capacity);
  if (builder)
    text_edits_finish(&builder->edits);
  free(builder);
  domain_xml_destroy(xml);
  if (fine)
    return plan;
  setup_plan_destroy(plan);
  return NULL;
}

void setup_plan_destroy(struct setup_plan *plan) {
  if (plan)
    free(plan->text);
  free(plan);
}

bool setup_facts_read(const char *text, size_t length, struct setup_facts *facts, char *error, size_t capacity) {
  struct domain_xml *xml = domain_xml_create(text, length, error, capacity);
  if (xml)
    setup_facts_fill(xml, facts);
  domain_xml_destroy(xml);
  return xml != NULL;
}

/* One slot being written, one newest complete, and one for each consumer that holds. */
uint64_t setup_region_bytes(uint32_t width, uint32_t height, uint32_t heads, uint32_t consumers) {
  uint64_t pitch = ((uint64_t)width * 4 + PITCH_ALIGN - 1) / PITCH_ALIGN * PITCH_ALIGN;
  uint64_t slot = (pitch * height + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
  uint64_t needed = slot * (2 + consumers) * heads + REGION_OVERHEAD_BYTES * heads, bytes = REGION_BYTES_MIN;
  while (bytes < needed)
    bytes <<= 1;
  return bytes <= REGION_BYTES_MAX ? bytes : 0;
}

bool pci_address_parse(const char *text, struct pci_address *address) {
  unsigned domain = 0, bus, slot, function;
  int end = 0;
  if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) != 4 || text[end]) {
    domain = 0;
    if (sscanf(text, "%2x:%2x.%1x%n", &bus, &slot, &function, &end) != 3 || text[end])
      return false;
  }
  if (slot > 31 || function > 7)
    return false;
  *address = (struct pci_address){.domain = domain, .bus = (uint8_t)bus, .slot = (uint8_t)slot, .function = (uint8_t)function};
  return true;
}

void pci_address_format(const struct pci_address *address, char text[16]) {
  snprintf(text, 16, "%04x:%02x:%02x.%x", address->domain & 0xffff, address->bus, address->slot & 31u, address->function & 7u);
}
