/* What the steps of a set-up plan share: the index, the facts, and the ways to edit. host/vm only. */
#ifndef TRANSOM_HOST_VM_SETUP_BUILDER_H
#define TRANSOM_HOST_VM_SETUP_BUILDER_H

#include "host/vm/domain_xml.h"
#include "host/vm/setup_plan.h"
#include "host/vm/text_edit.h"

#define SETUP_EMPTY_MAX 8u

/* All that goes into one element that has no children yet: one edit in the end. */
struct setup_into_empty {
  uint32_t parent;
  char *snippet; /* heap */
};

struct setup_builder {
  const struct domain_xml *xml;
  const struct setup_options *options;
  const struct setup_host *host;
  struct setup_plan *plan;
  struct text_edits edits;
  struct setup_into_empty empty[SETUP_EMPTY_MAX];
  unsigned empty_count;
};

__attribute__((format(printf, 3, 4))) void setup_note(struct setup_builder *builder, enum setup_note_kind kind, const char *format, ...);

/* Adds lines (separated by newlines, indented by two spaces a level from column 0) as the last children of `parent`, indented as its
 * others are. */
__attribute__((format(printf, 3, 4))) void setup_add(struct setup_builder *builder, uint32_t parent, const char *format, ...);
__attribute__((format(printf, 3, 4))) void setup_replace(struct setup_builder *builder, uint32_t element, const char *format, ...);
__attribute__((format(printf, 4, 5))) void setup_set_attribute(struct setup_builder *builder, uint32_t element, const char *name,
                                                               const char *format, ...);

/* `text` as the value of an attribute in single quotes; heap. */
char *setup_escape(const char *text);

/* The steps, in their order. */
void setup_step_region(struct setup_builder *builder);
void setup_step_usb(struct setup_builder *builder);
void setup_step_display(struct setup_builder *builder);
void setup_step_sound(struct setup_builder *builder);
void setup_step_memballoon(struct setup_builder *builder);
void setup_step_hostdevs(struct setup_builder *builder);
void setup_step_guest_iso(struct setup_builder *builder);
void setup_step_processor(struct setup_builder *builder);

void setup_facts_fill(const struct domain_xml *xml, struct setup_facts *facts);

#endif
