/* What QEMU and libvirt can do, from libvirt's capabilities. */
#include "host/vm/domain_xml.h"
#include "host/vm/libvirt_internal.h"

#include <ctype.h>
#include <libvirt/libvirt-qemu.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* <secmodel><model>dac</model><baselabel type='kvm'>+64055:+64055</baselabel></secmodel> */
static const char *dac_label(const struct domain_xml *xml) {
  uint32_t host = domain_xml_path(xml, "host");
  if (host == DOMAIN_XML_NONE)
    return NULL;
  for (uint32_t i = domain_xml_child(xml, host, "secmodel", DOMAIN_XML_NONE); i != DOMAIN_XML_NONE;
       i = domain_xml_child(xml, host, "secmodel", i)) {
    uint32_t model = domain_xml_child(xml, i, "model", DOMAIN_XML_NONE), label = domain_xml_child(xml, i, "baselabel", DOMAIN_XML_NONE);
    if (model != DOMAIN_XML_NONE && label != DOMAIN_XML_NONE && strcmp(xml->elements[model].text, "dac") == 0)
      return xml->elements[label].text;
  }
  return NULL;
}

static void read_user(struct libvirt_connection *connection, char *user, size_t capacity) {
  char error[LIBVIRT_ERROR_BYTES];
  char *text = virConnectGetCapabilities(connection->handle);
  struct domain_xml *xml = text ? domain_xml_create_as("capabilities", text, strlen(text), error, sizeof error) : NULL;
  const char *label = xml ? dac_label(xml) : NULL;
  user[0] = 0;
  if (label) {
    label += *label == '+';
    size_t digits = strspn(label, "0123456789");
    if (digits > 0 && digits < capacity)
      snprintf(user, capacity, "%.*s", (int)digits, label);
  }
  domain_xml_destroy(xml);
  free(text);
}

/* <redirdev supported='no'/> is said by libvirt 9 and newer; silence is no evidence. */
static bool lacks_usb_redir(struct libvirt_connection *connection) {
  char error[LIBVIRT_ERROR_BYTES];
  char *text = virConnectGetDomainCapabilities(connection->handle, NULL, NULL, NULL, NULL, 0);
  struct domain_xml *xml = text ? domain_xml_create_as("domainCapabilities", text, strlen(text), error, sizeof error) : NULL;
  bool lacks = xml && domain_xml_attribute_is(xml, domain_xml_path(xml, "devices/redirdev"), "supported", "no");
  domain_xml_destroy(xml);
  free(text);
  return lacks;
}

void libvirt_host_facts(struct libvirt_connection *connection, struct setup_host *host, char *qemu_user, size_t capacity) {
  unsigned long version;
  host->is_session = strstr(connection->uri, "/session") != NULL;
  if (virConnectGetLibVersion(connection->handle, &version) == 0)
    host->libvirt = (unsigned)version;
  if (virConnectGetVersion(connection->handle, &version) == 0)
    host->qemu = (unsigned)version;
  host->no_usb_redir = lacks_usb_redir(connection);
  read_user(connection, qemu_user, capacity);
  if (host->is_session)
    qemu_user[0] = 0;
  host->qemu_is_caller = host->is_session || (qemu_user[0] && strtoul(qemu_user, NULL, 10) == getuid());
}

int libvirt_open_display(struct libvirt_connection *connection, const char *name, int index, char *error, size_t capacity) {
  virDomainPtr domain = libvirt_domain(connection, name, error, capacity);
  if (!domain)
    return -1;
  int fd = virDomainOpenGraphicsFD(domain, (unsigned)index, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH);
  if (fd < 0)
    libvirt_say_error(error, capacity);
  virDomainFree(domain);
  return fd;
}

char *libvirt_monitor(struct libvirt_connection *connection, const char *name, const char *command, char *error, size_t capacity) {
  char *answer = NULL;
  virDomainPtr domain = libvirt_domain(connection, name, error, capacity);
  if (!domain)
    return NULL;
  if (virDomainQemuMonitorCommand(domain, command, &answer, VIR_DOMAIN_QEMU_MONITOR_COMMAND_DEFAULT) != 0) {
    libvirt_say_error(error, capacity);
    answer = NULL;
  }
  virDomainFree(domain);
  return answer;
}
