#include "host/vm/setup_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_NAME_BYTES_MAX 48u /* so that /run/transom/NAME/usb-input.sock fits a socket's address */
#define OSINFO "http://libosinfo.org/xmlns/libvirt/domain/1.0|"

/* A name that can be a directory and a unit's instance as it is; otherwise the UUID takes its place. */
static bool is_plain_name(const char *name) {
  return name[0] && name[0] != '.' && strlen(name) <= UNIT_NAME_BYTES_MAX &&
         name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-+")] == 0;
}

static void fill_identity(const struct domain_xml *xml, struct setup_facts *facts) {
  snprintf(facts->name, sizeof facts->name, "%s", domain_xml_text(xml, "name"));
  snprintf(facts->uuid, sizeof facts->uuid, "%s", domain_xml_text(xml, "uuid"));
  const char *directory = is_plain_name(facts->name) ? facts->name : is_plain_name(facts->uuid) ? facts->uuid : "default";
  snprintf(facts->directory, sizeof facts->directory, "%.*s", (int)UNIT_NAME_BYTES_MAX, directory);
}

static bool names_windows(const struct domain_xml *xml) {
  for (uint32_t i = 0; i < xml->count; i++) {
    const char *id = strncmp(xml->elements[i].name, OSINFO, strlen(OSINFO)) == 0 ? domain_xml_attribute(xml, i, "id") : NULL;
    if (id && strstr(id, "microsoft.com/win"))
      return true;
  }
  return domain_xml_path(xml, "features/hyperv") != DOMAIN_XML_NONE;
}

static void fill_machine(const struct domain_xml *xml, struct setup_facts *facts) {
  const char *machine = domain_xml_attribute(xml, domain_xml_path(xml, "os/type"), "machine");
  facts->is_kvm = domain_xml_attribute_is(xml, 0, "type", "kvm");
  facts->is_q35 = machine && strstr(machine, "q35");
  facts->is_uefi = domain_xml_attribute_is(xml, domain_xml_path(xml, "os"), "firmware", "efi") ||
                   domain_xml_attribute_is(xml, domain_xml_path(xml, "os/loader"), "type", "pflash");
  facts->is_windows = names_windows(xml);
}

static bool is_our_path(const struct domain_xml *xml, uint32_t element, const char *file) {
  const char *path = domain_xml_attribute(xml, element, "path");
  const char *slash = path ? strrchr(path, '/') : NULL;
  return slash && strcmp(slash + 1, file) == 0 && strstr(path, "/transom/");
}

static void take_shmem(const struct domain_xml *xml, uint32_t shmem, struct setup_facts *facts) {
  uint32_t server = domain_xml_child(xml, shmem, "server", DOMAIN_XML_NONE), model = domain_xml_child(xml, shmem, "model", DOMAIN_XML_NONE);
  const char *path = domain_xml_attribute(xml, server, "path"), *name = domain_xml_attribute(xml, shmem, "name");
  bool ours = is_our_path(xml, server, "region.sock");
  if (facts->has_region && !ours)
    return;
  facts->has_region = true;
  facts->region_is_ours = ours;
  if (path)
    snprintf(facts->region, sizeof facts->region, "server:%.*s", (int)SETUP_PATH_BYTES, path);
  else if (domain_xml_attribute_is(xml, model, "type", "ivshmem-doorbell")) /* libvirt's own default place */
    snprintf(facts->region, sizeof facts->region, "server:/var/lib/libvirt/shmem-%.100s-sock", name ? name : "");
  else
    snprintf(facts->region, sizeof facts->region, "/dev/shm/%.200s", name ? name : "");
}

/* mem-path=FILE of a -object memory-backend-file, for whoever wrote the device by hand (Looking Glass's guides do). */
static void take_argument(const char *argument, struct setup_facts *facts) {
  const char *path = strstr(argument, "mem-path");
  facts->has_region |= strstr(argument, "ivshmem") != NULL;
  if (!path)
    return;
  path += strlen("mem-path");
  path += strspn(path, "\"':= ");
  size_t bytes = strcspn(path, ",\"'");
  if (bytes > 0 && bytes < SETUP_PATH_BYTES)
    snprintf(facts->region, sizeof facts->region, "%.*s", (int)bytes, path);
}

static void fill_region(const struct domain_xml *xml, uint32_t devices, struct setup_facts *facts) {
  uint32_t commandline = domain_xml_child(xml, 0, "qemu:commandline", DOMAIN_XML_NONE);
  for (uint32_t i = domain_xml_child(xml, devices, "shmem", DOMAIN_XML_NONE); i != DOMAIN_XML_NONE;
       i = domain_xml_child(xml, devices, "shmem", i))
    take_shmem(xml, i, facts);
  if (facts->has_region || commandline == DOMAIN_XML_NONE)
    return;
  for (uint32_t i = domain_xml_child(xml, commandline, "qemu:arg", DOMAIN_XML_NONE); i != DOMAIN_XML_NONE;
       i = domain_xml_child(xml, commandline, "qemu:arg", i)) {
    const char *value = domain_xml_attribute(xml, i, "value");
    if (value)
      take_argument(value, facts);
  }
  if (!facts->has_region) /* a memory file for something else */
    facts->region[0] = 0;
}

static void fill_usb(const struct domain_xml *xml, uint32_t devices, struct setup_facts *facts) {
  for (uint32_t i = domain_xml_child(xml, devices, "redirdev", DOMAIN_XML_NONE); i != DOMAIN_XML_NONE;
       i = domain_xml_child(xml, devices, "redirdev", i)) {
    uint32_t source = domain_xml_child(xml, i, "source", DOMAIN_XML_NONE);
    const char *path = domain_xml_attribute(xml, source, "path");
    if (is_our_path(xml, source, "usb-input.sock")) {
      facts->has_usb_input = true;
      snprintf(facts->usb_input, sizeof facts->usb_input, "%s", path);
    } else if (is_our_path(xml, source, "usb-audio.sock")) {
      facts->has_usb_audio = true;
      snprintf(facts->usb_audio, sizeof facts->usb_audio, "%s", path);
    }
  }
}

static void fill_display(const struct domain_xml *xml, uint32_t devices, struct setup_facts *facts) {
  int index = 0;
  facts->vnc_index = -1;
  for (uint32_t i = domain_xml_child(xml, devices, "graphics", DOMAIN_XML_NONE); i != DOMAIN_XML_NONE;
       i = domain_xml_child(xml, devices, "graphics", i), index++)
    if (!facts->has_vnc && domain_xml_attribute_is(xml, i, "type", "vnc")) {
      facts->has_vnc = true;
      facts->vnc_index = index;
    }
  uint32_t video = domain_xml_child(xml, devices, "video", DOMAIN_XML_NONE);
  uint32_t model = video == DOMAIN_XML_NONE ? DOMAIN_XML_NONE : domain_xml_child(xml, video, "model", DOMAIN_XML_NONE);
  facts->has_video = video != DOMAIN_XML_NONE && !domain_xml_attribute_is(xml, model, "type", "none");
}

void setup_facts_fill(const struct domain_xml *xml, struct setup_facts *facts) {
  *facts = (struct setup_facts){.vnc_index = -1};
  uint32_t devices = domain_xml_path(xml, "devices");
  fill_identity(xml, facts);
  fill_machine(xml, facts);
  if (devices == DOMAIN_XML_NONE)
    return;
  fill_region(xml, devices, facts);
  fill_usb(xml, devices, facts);
  fill_display(xml, devices, facts);
  for (uint32_t i = domain_xml_child(xml, devices, "hostdev", DOMAIN_XML_NONE); i != DOMAIN_XML_NONE;
       i = domain_xml_child(xml, devices, "hostdev", i))
    facts->has_hostdev |= domain_xml_attribute_is(xml, i, "type", "pci");
}
