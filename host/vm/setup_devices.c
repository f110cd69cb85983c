/* Steps that add devices: region, USB channels, display, sound, memory balloon. */
#include "host/vm/setup_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGION_VECTORS 2 /* TRANSOM_VECTORS: frames, everything else */
#define PIPEWIRE_LIBVIRT 9010000u
#define PIPEWIRE_QEMU 8001000u

static uint32_t devices_of(const struct setup_builder *builder) { return domain_xml_path(builder->xml, "devices"); }

/* /run/transom/NAME/FILE, escaped for an attribute; heap. */
static char *socket_path(const struct setup_builder *builder, const char *file) {
  char *path = NULL;
  if (asprintf(&path, "%s/%s/%s", builder->host->run_directory, builder->plan->facts.directory, file) < 0)
    return NULL;
  char *escaped = setup_escape(path);
  free(path);
  return escaped;
}

void setup_step_region(struct setup_builder *builder) {
  const struct setup_facts *facts = &builder->plan->facts;
  if (facts->has_region) {
    setup_note(builder, SETUP_NOTE_KEPT, "the shared memory that is there: %s", facts->region[0] ? facts->region : "in <qemu:commandline>");
    return;
  }
  char *path = socket_path(builder, "region.sock");
  if (!path) {
    builder->edits.failed = true;
    return;
  }
  setup_add(builder, devices_of(builder),
            "<shmem name='transom'>\n"
            "  <model type='ivshmem-doorbell'/>\n"
            "  <server path='%s'/>\n"
            "  <msi vectors='%d' ioeventfd='on'/>\n"
            "  <alias name='ua-transom-region'/>\n"
            "</shmem>",
            path, REGION_VECTORS);
  setup_note(builder, SETUP_NOTE_CHANGE, "shared memory for frames, served by transom-serve at %s", path);
  free(path);
}

struct usb_controllers {
  bool any, disabled;
  int xhci;    /* index of one, or -1 */
  int highest; /* index */
};

static struct usb_controllers look_at_usb(const struct setup_builder *builder) {
  const struct domain_xml *xml = builder->xml;
  struct usb_controllers found = {.xhci = -1, .highest = -1};
  uint32_t devices = devices_of(builder);
  for (uint32_t i = domain_xml_child(xml, devices, "controller", DOMAIN_XML_NONE); i != DOMAIN_XML_NONE;
       i = domain_xml_child(xml, devices, "controller", i)) {
    if (!domain_xml_attribute_is(xml, i, "type", "usb"))
      continue;
    const char *model = domain_xml_attribute(xml, i, "model"), *number = domain_xml_attribute(xml, i, "index");
    int index = number ? atoi(number) : 0;
    found.any = true;
    found.disabled |= model && strcmp(model, "none") == 0;
    found.highest = index > found.highest ? index : found.highest;
    if (model && strstr(model, "xhci") && found.xhci < 0)
      found.xhci = index;
  }
  return found;
}

/* The channels need a controller that takes any speed. An older one stays, with what hangs on it. */
static int provide_xhci(struct setup_builder *builder) {
  struct usb_controllers found = look_at_usb(builder);
  if (found.disabled) {
    setup_note(
        builder, SETUP_NOTE_WARNING,
        "USB is switched off in this domain (<controller type='usb' model='none'/>), so no keyboard and mouse of our own: input goes "
        "through QEMU's monitor. Remove that controller and run setup again");
    return -1;
  }
  if (found.xhci >= 0)
    return found.xhci;
  setup_add(builder, devices_of(builder), "<controller type='usb' index='%d' model='qemu-xhci' ports='15'/>", found.highest + 1);
  setup_note(builder, SETUP_NOTE_CHANGE, "a USB 3 controller for our keyboard, mouse and sound");
  return found.highest + 1;
}

static void add_channel(struct setup_builder *builder, int bus, const char *kind) {
  char file[32];
  snprintf(file, sizeof file, "usb-%s.sock", kind);
  char *path = socket_path(builder, file);
  if (!path) {
    builder->edits.failed = true;
    return;
  }
  setup_add(builder, devices_of(builder),
            "<redirdev bus='usb' type='unix'>\n"
            "  <source mode='connect' path='%s'>\n"
            "    <reconnect enabled='yes' timeout='1'/>\n"
            "  </source>\n"
            "  <alias name='ua-transom-usb-%s'/>\n"
            "  <address type='usb' bus='%d'/>\n"
            "</redirdev>",
            path, kind, bus);
  setup_note(builder, SETUP_NOTE_CHANGE, "a USB channel for %s at %s", kind, path);
  free(path);
}

void setup_step_usb(struct setup_builder *builder) {
  const struct setup_facts *facts = &builder->plan->facts;
  if (facts->has_usb_input && facts->has_usb_audio)
    return;
  if (builder->host->no_usb_redir) {
    setup_note(builder, SETUP_NOTE_WARNING,
               "this QEMU has no usb-redir, so no keyboard and mouse of our own: input goes through QEMU's monitor. On Arch install "
               "qemu-hw-usb-redirect, then run setup again");
    return;
  }
  int bus = provide_xhci(builder);
  if (bus < 0)
    return;
  if (!facts->has_usb_input)
    add_channel(builder, bus, "input");
  if (!facts->has_usb_audio)
    add_channel(builder, bus, "audio");
}

/* A display that exists only in a GPU context has no picture for VNC, and QEMU refuses the pair: the VM would not start. */
static bool is_accelerated(const struct setup_builder *builder) {
  const struct domain_xml *xml = builder->xml;
  for (uint32_t i = 0; i < xml->count; i++) {
    const char *name = xml->elements[i].name;
    if ((strcmp(name, "acceleration") == 0 && domain_xml_attribute_is(xml, i, "accel3d", "yes")) ||
        (strcmp(name, "gl") == 0 && domain_xml_attribute_is(xml, i, "enable", "yes")) ||
        (strcmp(name, "graphics") == 0 && domain_xml_attribute_is(xml, i, "type", "egl-headless")))
      return true;
  }
  return false;
}

static void provide_video(struct setup_builder *builder) {
  const struct setup_facts *facts = &builder->plan->facts;
  static const char video[] = "<video>\n  <model type='vga' vram='16384' heads='1' primary='yes'/>\n</video>";
  uint32_t old = domain_xml_path(builder->xml, "devices/video");
  uint32_t model = domain_xml_path(builder->xml, "devices/video/model");
  if (facts->has_video)
    return;
  if (model != DOMAIN_XML_NONE)
    setup_replace(builder, model, "<model type='vga' vram='16384' heads='1' primary='yes'/>");
  else if (old != DOMAIN_XML_NONE)
    setup_replace(builder, old, "<video><model type='vga' vram='16384' heads='1' primary='yes'/></video>");
  else
    setup_add(builder, devices_of(builder), "%s", video);
  setup_note(builder, SETUP_NOTE_CHANGE, "an emulated display, for firmware, boot and login");
}

void setup_step_display(struct setup_builder *builder) {
  const struct setup_facts *facts = &builder->plan->facts;
  if (!builder->options->display)
    return;
  if (!facts->has_vnc && is_accelerated(builder)) {
    setup_note(builder, SETUP_NOTE_WARNING,
               "the emulated display uses 3D acceleration, which VNC cannot show: firmware and boot are seen in virt-manager only");
    return;
  }
  provide_video(builder);
  if (facts->has_vnc)
    return;
  setup_add(builder, devices_of(builder), "<graphics type='vnc'>\n  <listen type='socket'/>\n</graphics>");
  setup_note(builder, SETUP_NOTE_CHANGE, "VNC on a private socket beside what is there, so that firmware, boot and login are seen");
}

static uint32_t find_spice_audio(const struct setup_builder *builder, bool *other) {
  const struct domain_xml *xml = builder->xml;
  uint32_t devices = devices_of(builder), spice = DOMAIN_XML_NONE;
  *other = false;
  for (uint32_t i = domain_xml_child(xml, devices, "audio", DOMAIN_XML_NONE); i != DOMAIN_XML_NONE;
       i = domain_xml_child(xml, devices, "audio", i)) {
    if (domain_xml_attribute_is(xml, i, "type", "spice"))
      spice = i;
    else if (!domain_xml_attribute_is(xml, i, "type", "none"))
      *other = true;
  }
  return spice;
}

static const char *why_no_pipewire(const struct setup_host *host) {
  if (host->libvirt < PIPEWIRE_LIBVIRT)
    return "this libvirt is older than 9.10 and does not know PipeWire";
  if (host->qemu < PIPEWIRE_QEMU)
    return "this QEMU is older than 8.1 and does not know PipeWire";
  if (!host->qemu_is_caller)
    return "QEMU runs as another user, who may not reach your PipeWire (user= in /etc/libvirt/qemu.conf changes that)";
  return NULL;
}

/* SPICE keeps its sound for whoever connects by SPICE; our window is no SPICE client. */
void setup_step_sound(struct setup_builder *builder) {
  bool other;
  uint32_t spice = find_spice_audio(builder, &other);
  bool has_card = domain_xml_path(builder->xml, "devices/sound") != DOMAIN_XML_NONE;
  if (!has_card || other)
    return;
  const char *reason = why_no_pipewire(builder->host);
  if (reason) {
    setup_note(builder, SETUP_NOTE_WARNING, "no sound from the emulated card in our window, only by SPICE: %s", reason);
    return;
  }
  char *directory = setup_escape(builder->host->runtime_dir);
  const char *id = spice == DOMAIN_XML_NONE ? "1" : domain_xml_attribute(builder->xml, spice, "id");
  if (!directory)
    builder->edits.failed = true;
  else if (spice == DOMAIN_XML_NONE)
    setup_add(builder, devices_of(builder), "<audio id='1' type='pipewire' runtimeDir='%s'/>", directory);
  else
    setup_replace(builder, spice, "<audio id='%d' type='pipewire' runtimeDir='%s'/>", id ? atoi(id) : 1, directory);
  setup_note(builder, SETUP_NOTE_CHANGE, "the sound card's output goes to your PipeWire instead of SPICE");
  free(directory);
}

void setup_step_memballoon(struct setup_builder *builder) {
  uint32_t balloon = domain_xml_path(builder->xml, "devices/memballoon");
  if (domain_xml_attribute_is(builder->xml, balloon, "model", "none"))
    return;
  if (balloon == DOMAIN_XML_NONE)
    setup_add(builder, devices_of(builder), "<memballoon model='none'/>");
  else
    setup_replace(builder, balloon, "<memballoon model='none'/>");
  setup_note(builder, SETUP_NOTE_CHANGE, "no memory balloon: it can only take memory from a game");
}
