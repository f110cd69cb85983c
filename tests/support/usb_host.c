#include "support/usb_host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <usbredirparser.h>

/* Header: type, length, number; the number has 32 bits in the hello and 64 after it (usb-redir-protocol: usb_redir_cap_64bits_ids). */
static void count_packets(struct usb_host *host, const uint8_t *data, size_t bytes) {
  while (bytes > 0) {
    const size_t header_size = host->packets == 0 ? 12 : 16;
    const size_t wanted = host->header_bytes < header_size ? header_size - host->header_bytes : host->packet_rest;
    const size_t part = bytes < wanted ? bytes : wanted;
    if (host->header_bytes < header_size) {
      memcpy(&host->header[host->header_bytes], data, part);
      host->header_bytes += part;
      if (host->header_bytes == header_size)
        host->packet_rest = host->header[4] | (size_t)host->header[5] << 8 | (size_t)host->header[6] << 16;
    } else {
      host->packet_rest -= part;
    }
    data += part;
    bytes -= part;
    if (host->header_bytes < header_size || host->packet_rest > 0)
      continue;
    host->header_bytes = 0;
    host->packets++;
  }
}

bool usb_host_is_between_packets(const struct usb_host *host) { return host->header_bytes == 0; }

static int read_socket(void *user_data, uint8_t *data, int count) {
  struct usb_host *host = user_data;
  const ssize_t bytes = recv(host->socket, data, (size_t)count, MSG_DONTWAIT);
  if (bytes > 0) {
    count_packets(host, data, (size_t)bytes);
    return (int)bytes;
  }
  if (bytes < 0 && errno == EAGAIN)
    return 0;
  host->hung_up = true;
  return -1;
}

static int write_socket(void *user_data, uint8_t *data, int count) {
  struct usb_host *host = user_data;
  const ssize_t bytes = send(host->socket, data, (size_t)count, MSG_NOSIGNAL);
  host->hung_up |= bytes < 0;
  return (int)bytes;
}

static void on_log(void *user_data, int level, const char *text) {
  (void)text;
  if (level == usbredirparser_error && !((struct usb_host *)user_data)->hung_up)
    ((struct usb_host *)user_data)->refused = true;
}

static void on_hello(void *user_data, struct usb_redir_hello_header *hello) { (void)user_data, (void)hello; }

static void on_interfaces(void *user_data, struct usb_redir_interface_info_header *header) { (void)user_data, (void)header; }

static void on_endpoints(void *user_data, struct usb_redir_ep_info_header *header) {
  memcpy(((struct usb_host *)user_data)->endpoint_types, header->type, sizeof(header->type));
}

static void on_connect(void *user_data, struct usb_redir_device_connect_header *header) {
  struct usb_host *host = user_data;
  host->connected = true;
  host->vendor = header->vendor_id;
  host->product = header->product_id;
  host->release = header->device_version_bcd;
}

static void on_disconnect(void *user_data) { ((struct usb_host *)user_data)->connected = false; }

static void on_configuration(void *user_data, uint64_t id, struct usb_redir_configuration_status_header *header) {
  (void)id;
  struct usb_host *host = user_data;
  host->configuration = header->configuration;
  host->configuration_status = header->status;
}

static void on_alternate(void *user_data, uint64_t id, struct usb_redir_alt_setting_status_header *header) {
  (void)user_data, (void)id, (void)header;
}

static void on_control(void *user_data, uint64_t id, struct usb_redir_control_packet_header *header, uint8_t *data, int bytes) {
  (void)id;
  struct usb_host *host = user_data;
  host->controls++;
  host->control_status = header->status;
  host->control_bytes = (size_t)bytes;
  if (bytes > 0)
    memcpy(host->control_data, data, (size_t)bytes < sizeof(host->control_data) ? (size_t)bytes : sizeof(host->control_data));
  usbredirparser_free_packet_data(host->parser, data);
}

static void on_bulk(void *user_data, uint64_t id, struct usb_redir_bulk_packet_header *header, uint8_t *data, int bytes) {
  struct usb_host *host = user_data;
  if (host->report_count == USB_HOST_REPORTS_MAX || bytes > USB_HOST_REPORT_BYTES)
    abort();
  struct usb_host_report *report = &host->reports[host->report_count++];
  *report = (struct usb_host_report){.endpoint = header->endpoint, .status = header->status, .id = id, .bytes = (size_t)bytes};
  if (bytes > 0)
    memcpy(report->data, data, (size_t)bytes);
  usbredirparser_free_packet_data(host->parser, data);
}

void usb_host_start(struct usb_host *host, int socket) {
  memset(host, 0, sizeof(*host));
  host->socket = socket;
  host->next_id = 1;
  struct usbredirparser *parser = host->parser = usbredirparser_create();
  if (!parser)
    abort();
  parser->priv = host;
  parser->log_func = on_log;
  parser->read_func = read_socket;
  parser->write_func = write_socket;
  parser->hello_func = on_hello;
  parser->interface_info_func = on_interfaces;
  parser->ep_info_func = on_endpoints;
  parser->device_connect_func = on_connect;
  parser->device_disconnect_func = on_disconnect;
  parser->configuration_status_func = on_configuration;
  parser->alt_setting_status_func = on_alternate;
  parser->control_packet_func = on_control;
  parser->bulk_packet_func = on_bulk;
  uint32_t capabilities[USB_REDIR_CAPS_SIZE] = {0};
  usbredirparser_caps_set_cap(capabilities, usb_redir_cap_connect_device_version);
  usbredirparser_caps_set_cap(capabilities, usb_redir_cap_ep_info_max_packet_size);
  usbredirparser_caps_set_cap(capabilities, usb_redir_cap_64bits_ids);
  usbredirparser_caps_set_cap(capabilities, usb_redir_cap_32bits_bulk_length);
  usbredirparser_init(parser, "usb_host", capabilities, USB_REDIR_CAPS_SIZE, 0);
  usbredirparser_do_write(parser);
}

void usb_host_stop(struct usb_host *host) {
  if (!host->parser)
    return;
  usbredirparser_destroy(host->parser);
  host->parser = NULL;
  close(host->socket);
}

void usb_host_read(struct usb_host *host) {
  if (usbredirparser_do_read(host->parser) == usbredirparser_read_parse_error)
    host->refused = true;
}

void usb_host_set_configuration(struct usb_host *host, uint8_t configuration) {
  struct usb_redir_set_configuration_header header = {.configuration = configuration};
  usbredirparser_send_set_configuration(host->parser, host->next_id++, &header);
  usbredirparser_do_write(host->parser);
}

void usb_host_reset(struct usb_host *host) {
  usbredirparser_send_reset(host->parser);
  usbredirparser_do_write(host->parser);
}

void usb_host_control(struct usb_host *host, uint8_t request_type, uint8_t request, uint16_t value, uint16_t index, const uint8_t *data,
                      uint16_t length) {
  struct usb_redir_control_packet_header header = {
      .endpoint = request_type & 0x80, .request = request, .requesttype = request_type, .value = value, .index = index, .length = length};
  usbredirparser_send_control_packet(host->parser, host->next_id++, &header, (uint8_t *)data, data ? length : 0);
  usbredirparser_do_write(host->parser);
}

uint64_t usb_host_ask(struct usb_host *host, uint8_t endpoint) {
  struct usb_redir_bulk_packet_header header = {.endpoint = endpoint, .length = USB_HOST_REPORT_BYTES};
  usbredirparser_send_bulk_packet(host->parser, host->next_id, &header, NULL, 0);
  usbredirparser_do_write(host->parser);
  return host->next_id++;
}

void usb_host_cancel(struct usb_host *host, uint64_t id) {
  usbredirparser_send_cancel_data_packet(host->parser, id);
  usbredirparser_do_write(host->parser);
}
