/* Steps about what is passed through and how the processor looks to the guest. */
#include "host/vm/setup_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t devices_of(const struct setup_builder *builder) { return domain_xml_path(builder->xml, "devices"); }

static uint32_t number_of(const struct domain_xml *xml, uint32_t element, const char *name) {
  const char *value = domain_xml_attribute(xml, element, name);
  return value ? (uint32_t)strtoul(value, NULL, 0) : 0;
}

static bool has_hostdev(const struct setup_builder *builder, const struct pci_address *address) {
  const struct domain_xml *xml = builder->xml;
  uint32_t devices = devices_of(builder);
  for (uint32_t i = domain_xml_child(xml, devices, "hostdev", DOMAIN_XML_NONE); i != DOMAIN_XML_NONE;
       i = domain_xml_child(xml, devices, "hostdev", i)) {
    uint32_t source = domain_xml_child(xml, i, "source", DOMAIN_XML_NONE);
    uint32_t place = source == DOMAIN_XML_NONE ? DOMAIN_XML_NONE : domain_xml_child(xml, source, "address", DOMAIN_XML_NONE);
    if (place != DOMAIN_XML_NONE && domain_xml_attribute(xml, place, "slot") && number_of(xml, place, "domain") == address->domain &&
        number_of(xml, place, "bus") == address->bus && number_of(xml, place, "slot") == address->slot &&
        number_of(xml, place, "function") == address->function)
      return true;
  }
  return false;
}

static void add_hostdev(struct setup_builder *builder, const struct pci_address *address) {
  char text[16];
  pci_address_format(address, text);
  if (has_hostdev(builder, address)) {
    setup_note(builder, SETUP_NOTE_KEPT, "%s is passed through already", text);
    return;
  }
  setup_add(builder, devices_of(builder),
            "<hostdev mode='subsystem' type='pci' managed='yes'>\n"
            "  <source>\n"
            "    <address domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/>\n"
            "  </source>\n"
            "  <alias name='ua-transom-pci-%04x-%02x-%02x-%x'/>\n"
            "</hostdev>",
            address->domain, address->bus, address->slot, address->function, address->domain, address->bus, address->slot,
            address->function);
  setup_note(builder, SETUP_NOTE_CHANGE, "PCI device %s goes to the guest while it runs", text);
}

void setup_step_hostdevs(struct setup_builder *builder) {
  const struct setup_facts *facts = &builder->plan->facts;
  for (unsigned i = 0; i < builder->options->hostdev_count; i++)
    add_hostdev(builder, &builder->options->hostdevs[i]);
  if (builder->options->hostdev_count == 0 && !facts->has_hostdev)
    return;
  if (!facts->is_uefi)
    setup_note(
        builder, SETUP_NOTE_WARNING,
        "the domain boots by BIOS; a passed-through GPU of today wants UEFI, and a guest cannot change over without installing anew");
  setup_note(builder, SETUP_NOTE_ADVICE,
             "a GPU without an active output has nothing to show: plug in a monitor's second cable or a dummy plug, or install a virtual "
             "display driver in the guest");
}

static bool target_is_used(const struct domain_xml *xml, const char *name) {
  for (uint32_t i = 0; i < xml->count; i++)
    if (strcmp(xml->elements[i].name, "target") == 0 && domain_xml_attribute_is(xml, i, "dev", name))
      return true;
  return false;
}

static bool iso_is_attached(const struct domain_xml *xml, const char *path) {
  for (uint32_t i = 0; i < xml->count; i++)
    if (strcmp(xml->elements[i].name, "source") == 0 && domain_xml_attribute_is(xml, i, "file", path))
      return true;
  return false;
}

void setup_step_guest_iso(struct setup_builder *builder) {
  const char *iso = builder->options->guest_iso;
  bool sata = builder->plan->facts.is_q35;
  char target[8] = "";
  if (!iso[0] || iso_is_attached(builder->xml, iso))
    return;
  for (char letter = 'a'; letter <= (sata ? 'f' : 'd') && !target[0]; letter++) {
    snprintf(target, sizeof target, sata ? "sd%c" : "hd%c", letter);
    if (target_is_used(builder->xml, target))
      target[0] = 0;
  }
  char *path = setup_escape(iso);
  if (!path)
    builder->edits.failed = true;
  else if (!target[0])
    setup_note(builder, SETUP_NOTE_WARNING, "no drive is free for %s: put it into one of the domain's CD drives", iso);
  else {
    setup_add(builder, devices_of(builder),
              "<disk type='file' device='cdrom'>\n"
              "  <driver name='qemu' type='raw'/>\n"
              "  <source file='%s'/>\n"
              "  <target dev='%s' bus='%s'/>\n"
              "  <readonly/>\n"
              "</disk>",
              path, target, sata ? "sata" : "ide");
    setup_note(builder, SETUP_NOTE_CHANGE, "a CD drive with the guest's installer: %s", iso);
  }
  free(path);
}

/* A guest that may move to another host is not told that its counter is stable; one with a passed-through GPU cannot move anyway. */
static bool wants_stable_tsc(const struct setup_builder *builder) {
  return builder->plan->facts.is_windows && builder->host->invariant_tsc &&
         (builder->plan->facts.has_hostdev || builder->options->hostdev_count > 0);
}

static bool has_feature(const struct domain_xml *xml, uint32_t cpu, const char *name) {
  for (uint32_t i = domain_xml_child(xml, cpu, "feature", DOMAIN_XML_NONE); i != DOMAIN_XML_NONE;
       i = domain_xml_child(xml, cpu, "feature", i))
    if (domain_xml_attribute_is(xml, i, "name", name))
      return true;
  return false;
}

static void add_stable_tsc(struct setup_builder *builder, uint32_t cpu) {
  if (!wants_stable_tsc(builder) || has_feature(builder->xml, cpu, "invtsc"))
    return;
  setup_set_attribute(builder, cpu, "migratable", "off");
  setup_add(builder, cpu, "<feature policy='require' name='invtsc'/>");
  setup_note(builder, SETUP_NOTE_CHANGE, "Windows is told that the processor's time counter is steady, and reads it directly");
}

static void add_cpu(struct setup_builder *builder) {
  if (wants_stable_tsc(builder))
    setup_add(builder, 0,
              "<cpu mode='host-passthrough' check='none' migratable='off'>\n  <feature policy='require' name='invtsc'/>\n</cpu>");
  else
    setup_add(builder, 0, "<cpu mode='host-passthrough' check='none' migratable='on'/>");
  setup_note(builder, SETUP_NOTE_CHANGE, "the guest sees the host's processor as it is");
}

static void step_cpu(struct setup_builder *builder) {
  const struct domain_xml *xml = builder->xml;
  uint32_t cpu = domain_xml_path(xml, "cpu");
  const char *mode = domain_xml_attribute(xml, cpu, "mode");
  if (cpu == DOMAIN_XML_NONE) {
    add_cpu(builder);
    return;
  }
  bool is_passthrough = mode && strcmp(mode, "host-passthrough") == 0;
  if (mode && strcmp(mode, "host-model") == 0 && domain_xml_child(xml, cpu, "model", DOMAIN_XML_NONE) == DOMAIN_XML_NONE) {
    setup_set_attribute(builder, cpu, "mode", "host-passthrough");
    setup_note(builder, SETUP_NOTE_CHANGE, "the guest sees the host's processor as it is, instead of a model close to it");
  } else if (!is_passthrough) {
    setup_note(builder, SETUP_NOTE_ADVICE, "the domain names a processor model; <cpu mode='host-passthrough'/> is faster in games");
    return;
  }
  add_stable_tsc(builder, cpu);
}

#define HYPERV_LINES(indent)                                                                                                               \
  indent "<hyperv mode='custom'>\n" indent "  <relaxed state='on'/>\n" indent "  <vapic state='on'/>\n" indent                             \
         "  <spinlocks state='on' retries='8191'/>\n" indent "  <vpindex state='on'/>\n" indent "  <runtime state='on'/>\n" indent         \
         "  <synic state='on'/>\n" indent "  <stimer state='on'/>\n" indent "  <frequencies state='on'/>\n" indent "</hyperv>"

/* Whoever has chosen some of them has chosen. The two that read the clock need hypervclock, which step_clock() provides. */
static void step_hyperv(struct setup_builder *builder) {
  uint32_t features = domain_xml_path(builder->xml, "features");
  if (domain_xml_path(builder->xml, "features/hyperv") != DOMAIN_XML_NONE)
    return;
  if (features == DOMAIN_XML_NONE)
    setup_add(builder, 0, "<features>\n  <acpi/>\n  <apic/>\n%s\n</features>", HYPERV_LINES("  "));
  else
    setup_add(builder, features, "%s", HYPERV_LINES(""));
  setup_note(builder, SETUP_NOTE_CHANGE, "Hyper-V enlightenments, which let Windows idle and keep time without emulation");
}

static bool has_timer(const struct domain_xml *xml, uint32_t clock, const char *name) {
  for (uint32_t i = domain_xml_child(xml, clock, "timer", DOMAIN_XML_NONE); i != DOMAIN_XML_NONE;
       i = domain_xml_child(xml, clock, "timer", i))
    if (domain_xml_attribute_is(xml, i, "name", name))
      return true;
  return false;
}

static void step_clock(struct setup_builder *builder) {
  uint32_t clock = domain_xml_path(builder->xml, "clock");
  if (clock == DOMAIN_XML_NONE) {
    setup_add(builder, 0,
              "<clock offset='localtime'>\n  <timer name='hpet' present='no'/>\n  <timer name='hypervclock' present='yes'/>\n</clock>");
    setup_note(builder, SETUP_NOTE_CHANGE, "the clock that Windows expects, without the slow emulated timer");
    return;
  }
  if (!has_timer(builder->xml, clock, "hypervclock")) {
    setup_add(builder, clock, "<timer name='hypervclock' present='yes'/>");
    setup_note(builder, SETUP_NOTE_CHANGE, "Hyper-V's clock, which Windows reads without leaving the guest");
  }
  if (!has_timer(builder->xml, clock, "hpet"))
    setup_add(builder, clock, "<timer name='hpet' present='no'/>");
}

static void step_pinning(struct setup_builder *builder) {
  if (domain_xml_path(builder->xml, "cputune/vcpupin") == DOMAIN_XML_NONE)
    setup_note(builder, SETUP_NOTE_ADVICE, "no processor is reserved for the guest; `transom doctor` shows which cores share a cache");
}

void setup_step_processor(struct setup_builder *builder) {
  const struct setup_facts *facts = &builder->plan->facts;
  if (!builder->options->tune)
    return;
  if (!facts->is_kvm) {
    setup_note(builder, SETUP_NOTE_WARNING, "the domain is emulated (not of type kvm): far too slow for games");
    return;
  }
  step_cpu(builder);
  if (facts->is_windows) {
    step_hyperv(builder);
    step_clock(builder);
  }
  step_pinning(builder);
}
