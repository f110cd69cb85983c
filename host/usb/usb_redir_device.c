#define LOG_MODULE "usb"
#include "host/usb/usb_redir_device.h"

#include "common/log.h"
#include "common/unix_socket_linux.h"
#include "host/event/event_loop.h"
#include "host/usb/usb_redir_refusals.h"
#include "host/usb/usb_standard.h"
#include "host/usb/usb_transfer_queue.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <usbredirparser.h>

#define RECONNECT_NS UINT64_C(1000000000)
#define READ_TURN_BYTES 65536    /* then other descriptors have their turn */
#define OUTPUT_PACKETS_MAX 128   /* a peer that asks but does not read is not read either */
#define EP_INFO_OUT 0            /* usb-redir: index of endpoint n, OUT */
#define EP_INFO_IN 16            /* and IN */
#define CONTROL_PACKET_BYTES 64  /* bMaxPacketSize0 at high speed (USB 2.0, section 5.5.3) */
#define ENDPOINT_INTERRUPT 3     /* bmAttributes */
#define CONFIGURATION_VALUE_AT 5 /* bConfigurationValue in a configuration descriptor */

struct in_endpoint {
  struct usb_transfer_queue queue;
  bool listening;
};

struct usb_redir_device {
  struct usbredirparser *parser; /* NULL = detached; first, see usb_redir_refusals.h */
  struct event_loop *loop;
  const struct usb_descriptors *descriptors;
  const struct usb_function_impl *impl;
  void *function;
  int socket;
  struct event_source *source;
  struct event_source *retry;
  char path[UNIX_SOCKET_PATH_BYTES_MAX]; /* "" = none to connect to */
  uint8_t configuration;
  uint8_t alternate[USB_INTERFACES_MAX];
  struct usb_layout layout;
  struct in_endpoint in[USB_ENDPOINTS_MAX];
  size_t read_budget;
  bool in_turn;  /* inside the parser, which must not be taken away */
  bool stopping; /* the function is being told; what it has to say meanwhile is for nobody */
  bool greeted;  /* the other end said hello */
  bool hung_up, said_broken;
  char complaint[128]; /* the parser's last */
};

/* --- the guest's requests at IN endpoints --- */

static struct in_endpoint *in_endpoint(struct usb_redir_device *device, uint8_t address) { return &device->in[address & 0x0f]; }

static void answer(struct usb_redir_device *device, uint8_t address, uint64_t id, uint8_t status, uint8_t *data, size_t bytes) {
  struct usb_redir_bulk_packet_header header = {.endpoint = address, .status = status, .length = (uint16_t)bytes};
  usbredirparser_send_bulk_packet(device->parser, id, &header, data, (int)bytes);
}

static void set_listening(struct usb_redir_device *device, uint8_t address, bool listening) {
  struct in_endpoint *endpoint = in_endpoint(device, address);
  if (endpoint->listening == listening)
    return;
  endpoint->listening = listening;
  device->impl->listening(device->function, address, listening);
}

static void answer_waiting(struct usb_redir_device *device, uint8_t address) {
  struct usb_transfer_queue *queue = &in_endpoint(device, address)->queue;
  uint8_t data[USB_PACKET_BYTES_MAX];
  while (queue->count > 0) {
    const size_t bytes = device->impl->in(device->function, address, data);
    if (bytes == 0)
      return;
    const struct usb_transfer transfer = usb_transfer_queue_take(queue);
    answer(device, address, transfer.id, usb_redir_success, data, bytes < transfer.bytes ? bytes : transfer.bytes);
  }
}

static void take_request(struct usb_redir_device *device, uint8_t address, struct usb_transfer transfer) {
  struct in_endpoint *endpoint = in_endpoint(device, address);
  const bool exists = (address & ~0x0f) == USB_REQUEST_IN && device->layout.in[address & 0x0f].exists && device->configuration != 0;
  if (!exists || !usb_transfer_queue_put(&endpoint->queue, transfer)) {
    answer(device, address, transfer.id, exists ? usb_redir_ioerror : usb_redir_inval, NULL, 0);
    return;
  }
  set_listening(device, address, true);
  answer_waiting(device, address);
}

static void stop_endpoints(struct usb_redir_device *device) {
  for (uint8_t number = 0; number < USB_ENDPOINTS_MAX; number++) {
    const uint8_t address = USB_REQUEST_IN | number;
    struct usb_transfer_queue *queue = &device->in[number].queue;
    while (queue->count > 0)
      answer(device, address, usb_transfer_queue_take(queue).id, usb_redir_cancelled, NULL, 0);
    usb_transfer_queue_forget(queue);
    set_listening(device, address, false);
  }
}

/* --- what the device looks like --- */

static void put_endpoint(struct usb_redir_ep_info_header *info, size_t at, const struct usb_endpoint *endpoint) {
  if (!endpoint->exists)
    return;
  const bool pulled = at >= EP_INFO_IN && endpoint->type == ENDPOINT_INTERRUPT; /* see usb_redir_device.h */
  info->type[at] = pulled ? usb_redir_type_bulk : endpoint->type;
  info->interval[at] = endpoint->interval;
  info->interface[at] = endpoint->interface;
  info->max_packet_size[at] = endpoint->packet_bytes;
}

static void send_layout(struct usb_redir_device *device) {
  usb_standard_layout(device->descriptors, device->alternate, &device->layout);
  struct usb_redir_interface_info_header interfaces = {.interface_count = (uint32_t)device->layout.interface_count};
  for (size_t i = 0; i < device->layout.interface_count; i++) {
    interfaces.interface[i] = device->layout.interfaces[i].number;
    interfaces.interface_class[i] = device->layout.interfaces[i].class_code;
    interfaces.interface_subclass[i] = device->layout.interfaces[i].subclass;
    interfaces.interface_protocol[i] = device->layout.interfaces[i].protocol;
  }
  usbredirparser_send_interface_info(device->parser, &interfaces);
  struct usb_redir_ep_info_header endpoints = {0};
  memset(endpoints.type, usb_redir_type_invalid, sizeof(endpoints.type));
  endpoints.type[EP_INFO_OUT] = endpoints.type[EP_INFO_IN] = usb_redir_type_control;
  endpoints.max_packet_size[EP_INFO_OUT] = endpoints.max_packet_size[EP_INFO_IN] = CONTROL_PACKET_BYTES;
  for (size_t i = 1; i < USB_ENDPOINTS_MAX; i++) {
    put_endpoint(&endpoints, EP_INFO_OUT + i, &device->layout.out[i]);
    put_endpoint(&endpoints, EP_INFO_IN + i, &device->layout.in[i]);
  }
  usbredirparser_send_ep_info(device->parser, &endpoints);
}

static uint16_t word_at(const uint8_t *bytes, size_t at) { return (uint16_t)(bytes[at] | bytes[at + 1] << 8); }

static void plug_in(struct usb_redir_device *device) {
  send_layout(device);
  const uint8_t *descriptor = device->descriptors->device; /* fields: USB 2.0, table 9-8 */
  struct usb_redir_device_connect_header connect = {
      .speed = usb_redir_speed_high,
      .device_class = descriptor[4],
      .device_subclass = descriptor[5],
      .device_protocol = descriptor[6],
      .vendor_id = word_at(descriptor, 8),
      .product_id = word_at(descriptor, 10),
      .device_version_bcd = word_at(descriptor, 12),
  };
  usbredirparser_send_device_connect(device->parser, &connect);
}

static void on_hello(void *user_data, struct usb_redir_hello_header *hello) {
  (void)hello;
  struct usb_redir_device *device = user_data;
  device->said_broken = false;
  device->greeted = true;
  plug_in(device);
}

/* --- what the guest asks of the device --- */

static void back_to_default(struct usb_redir_device *device) {
  device->stopping = true;
  stop_endpoints(device);
  device->configuration = 0;
  memset(device->alternate, 0, sizeof(device->alternate));
  device->impl->reset(device->function);
  device->stopping = false;
}

static void on_reset(void *user_data) { back_to_default(user_data); }

static void send_configuration(struct usb_redir_device *device, uint64_t id, uint8_t status) {
  struct usb_redir_configuration_status_header header = {.status = status, .configuration = device->configuration};
  usbredirparser_send_configuration_status(device->parser, id, &header);
}

static void on_set_configuration(void *user_data, uint64_t id, struct usb_redir_set_configuration_header *header) {
  struct usb_redir_device *device = user_data;
  const bool exists = header->configuration == 0 || header->configuration == device->descriptors->configuration[CONFIGURATION_VALUE_AT];
  if (exists) {
    back_to_default(device);
    device->configuration = header->configuration;
    send_layout(device);
  }
  send_configuration(device, id, exists ? usb_redir_success : usb_redir_stall);
}

static void on_get_configuration(void *user_data, uint64_t id) { send_configuration(user_data, id, usb_redir_success); }

static bool has_interface(const struct usb_layout *layout, uint8_t number) {
  for (size_t i = 0; i < layout->interface_count; i++)
    if (layout->interfaces[i].number == number)
      return true;
  return false;
}

static void send_alternate(struct usb_redir_device *device, uint64_t id, uint8_t interface, uint8_t status) {
  const uint8_t alternate = interface < USB_INTERFACES_MAX ? device->alternate[interface] : 0;
  struct usb_redir_alt_setting_status_header header = {.status = status, .interface = interface, .alt = alternate};
  usbredirparser_send_alt_setting_status(device->parser, id, &header);
}

static void on_set_alternate(void *user_data, uint64_t id, struct usb_redir_set_alt_setting_header *header) {
  struct usb_redir_device *device = user_data;
  uint8_t status = usb_redir_stall;
  if (header->interface < USB_INTERFACES_MAX) {
    struct usb_layout layout;
    const uint8_t before = device->alternate[header->interface];
    device->alternate[header->interface] = header->alt;
    usb_standard_layout(device->descriptors, device->alternate, &layout);
    if (has_interface(&layout, header->interface)) {
      status = usb_redir_success;
      stop_endpoints(device);
      send_layout(device);
    } else {
      device->alternate[header->interface] = before;
    }
  }
  send_alternate(device, id, header->interface, status);
}

static void on_get_alternate(void *user_data, uint64_t id, struct usb_redir_get_alt_setting_header *header) {
  struct usb_redir_device *device = user_data;
  const bool exists = has_interface(&device->layout, header->interface);
  send_alternate(device, id, header->interface, exists ? usb_redir_success : usb_redir_stall);
}

static int ask_function(struct usb_redir_device *device, const struct usb_setup *setup, const uint8_t *out, uint8_t *in) {
  const int bytes = usb_standard_request(device->descriptors, setup, in);
  return bytes != USB_STALL ? bytes : device->impl->control(device->function, setup, out, in);
}

static void on_control_packet(void *user_data, uint64_t id, struct usb_redir_control_packet_header *header, uint8_t *data, int data_bytes) {
  struct usb_redir_device *device = user_data;
  const struct usb_setup setup = {header->requesttype, header->request, header->value, header->index, header->length};
  const bool is_in = setup.request_type & USB_REQUEST_IN;
  const bool is_sound = (header->endpoint & 0x7f) == 0 && is_in == ((header->endpoint & USB_REQUEST_IN) != 0) &&
                        (is_in || (setup.length == data_bytes && setup.length <= USB_CONTROL_BYTES_MAX));
  uint8_t in[USB_CONTROL_BYTES_MAX];
  int bytes = is_sound ? ask_function(device, &setup, data, in) : USB_STALL;
  if (bytes > setup.length)
    bytes = setup.length;
  header->status = bytes == USB_STALL ? usb_redir_stall : usb_redir_success;
  header->length = bytes == USB_STALL ? 0 : is_in ? (uint16_t)bytes : setup.length;
  const bool has_data = is_in && bytes > 0;
  usbredirparser_send_control_packet(device->parser, id, header, has_data ? in : NULL, has_data ? bytes : 0);
  usbredirparser_free_packet_data(device->parser, data);
}

static void on_bulk_packet(void *user_data, uint64_t id, struct usb_redir_bulk_packet_header *header, uint8_t *data, int data_bytes) {
  (void)data_bytes;
  struct usb_redir_device *device = user_data;
  take_request(device, header->endpoint, (struct usb_transfer){id, (uint32_t)header->length_high << 16 | header->length});
  usbredirparser_free_packet_data(device->parser, data);
}

/* A request that was answered already may have crossed with its answer, which QEMU then throws away. */
static void on_cancel(void *user_data, uint64_t id) {
  struct usb_redir_device *device = user_data;
  for (uint8_t number = 0; number < USB_ENDPOINTS_MAX; number++) {
    const uint8_t address = USB_REQUEST_IN | number;
    struct usb_transfer_queue *queue = &device->in[number].queue;
    const bool waited = usb_transfer_queue_withdraw(queue, id);
    if (waited)
      answer(device, address, id, usb_redir_cancelled, NULL, 0);
    else if (!usb_transfer_queue_was_answered(queue, id))
      continue;
    if (!waited)
      device->impl->in_lost(device->function, address);
    if (queue->count == 0)
      set_listening(device, address, false);
    answer_waiting(device, address);
  }
}

/* --- the connection --- */

static int read_socket(void *user_data, uint8_t *data, int count) {
  struct usb_redir_device *device = user_data;
  if (device->read_budget == 0 || usbredirparser_has_data_to_write(device->parser) > OUTPUT_PACKETS_MAX)
    return 0;
  const size_t wanted = (size_t)count < device->read_budget ? (size_t)count : device->read_budget;
  const ssize_t bytes = recv(device->socket, data, wanted, MSG_DONTWAIT);
  if (bytes > 0) {
    device->read_budget -= (size_t)bytes;
    return (int)bytes;
  }
  if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
    return 0;
  device->hung_up = true;
  return -1;
}

static int write_socket(void *user_data, uint8_t *data, int count) {
  struct usb_redir_device *device = user_data;
  const ssize_t bytes = send(device->socket, data, (size_t)count, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (bytes >= 0)
    return (int)bytes;
  if (errno == EAGAIN || errno == EINTR)
    return 0;
  device->hung_up = true;
  return -1;
}

static void on_parser_log(void *user_data, int level, const char *text) {
  struct usb_redir_device *device = user_data;
  if (level == usbredirparser_error)
    snprintf(device->complaint, sizeof(device->complaint), "%s", text);
}

static struct usbredirparser *create_parser(struct usb_redir_device *device) {
  struct usbredirparser *parser = usbredirparser_create();
  if (!parser)
    return NULL;
  parser->priv = device;
  parser->log_func = on_parser_log;
  parser->read_func = read_socket;
  parser->write_func = write_socket;
  parser->hello_func = on_hello;
  parser->reset_func = on_reset;
  parser->set_configuration_func = on_set_configuration;
  parser->get_configuration_func = on_get_configuration;
  parser->set_alt_setting_func = on_set_alternate;
  parser->get_alt_setting_func = on_get_alternate;
  parser->control_packet_func = on_control_packet;
  parser->bulk_packet_func = on_bulk_packet;
  parser->cancel_data_packet_func = on_cancel;
  usb_redir_refusals_set(parser);
  uint32_t capabilities[USB_REDIR_CAPS_SIZE] = {0};
  static const int needed_by_xhci[] = {usb_redir_cap_connect_device_version, usb_redir_cap_ep_info_max_packet_size,
                                       usb_redir_cap_64bits_ids, usb_redir_cap_32bits_bulk_length};
  for (size_t i = 0; i < sizeof(needed_by_xhci) / sizeof(needed_by_xhci[0]); i++)
    usbredirparser_caps_set_cap(capabilities, needed_by_xhci[i]);
  usbredirparser_init(parser, "transom " TRANSOM_VERSION, capabilities, USB_REDIR_CAPS_SIZE, usbredirparser_fl_usb_host);
  return parser;
}

static void disconnect(struct usb_redir_device *device) {
  assert(!device->in_turn && !device->stopping);
  if (!device->parser)
    return;
  back_to_default(device); /* its answers go nowhere */
  event_source_remove(device->source);
  device->source = NULL;
  usbredirparser_destroy(device->parser);
  device->parser = NULL;
  shutdown(device->socket, SHUT_RDWR); /* others may have a duplicate: the guard in transom-serve */
  close(device->socket);
  device->socket = -1;
}

static void connection_lost(struct usb_redir_device *device) {
  if (device->hung_up)
    log_debug("the USB channel was closed by QEMU");
  else if (!device->said_broken)
    log_warning("the other end of the USB channel does not speak usb-redir (%s); detached from it",
                device->complaint[0] ? device->complaint : "no reason given");
  device->said_broken |= !device->hung_up;
  disconnect(device);
  if (device->path[0])
    event_timer_set(device->retry, RECONNECT_NS, 0);
}

/* False: the connection is gone. */
static bool write_out(struct usb_redir_device *device) {
  if (usbredirparser_has_data_to_write(device->parser) && usbredirparser_do_write(device->parser) < 0) {
    connection_lost(device);
    return false;
  }
  const int packets = usbredirparser_has_data_to_write(device->parser);
  event_source_set_events(device->source, (packets ? EVENT_WRITABLE : 0u) | (packets > OUTPUT_PACKETS_MAX ? 0u : EVENT_READABLE));
  return true;
}

static void on_socket(int fd, uint32_t events, void *user_data) {
  (void)fd;
  struct usb_redir_device *device = user_data;
  device->read_budget = READ_TURN_BYTES;
  device->hung_up = (events & EVENT_HANGUP) != 0 && !(events & EVENT_READABLE);
  device->in_turn = true;
  const bool sound = !device->hung_up && usbredirparser_do_read(device->parser) >= 0;
  device->in_turn = false;
  if (sound)
    write_out(device);
  else
    connection_lost(device);
}

static bool take_socket(struct usb_redir_device *device, int socket) {
  disconnect(device);
  device->socket = socket;
  device->complaint[0] = '\0';
  device->hung_up = device->greeted = false;
  device->parser = create_parser(device);
  device->source = device->parser ? event_loop_add_fd(device->loop, socket, EVENT_READABLE, on_socket, device) : NULL;
  if (device->source)
    return write_out(device) || true; /* the hello; a loss so early is an ordinary one */
  if (device->parser)
    usbredirparser_destroy(device->parser);
  device->parser = NULL;
  close(socket);
  return false;
}

static void try_path(void *user_data) {
  struct usb_redir_device *device = user_data;
  const int fd = unix_socket_connect(device->path);
  if (fd < 0 || !take_socket(device, fd))
    event_timer_set(device->retry, RECONNECT_NS, 0);
}

struct usb_redir_device *usb_redir_device_create(struct event_loop *loop, const struct usb_descriptors *descriptors,
                                                 const struct usb_function_impl *impl, void *function) {
  struct usb_redir_device *device = calloc(1, sizeof(*device));
  if (!device)
    return NULL;
  *device = (struct usb_redir_device){.loop = loop, .descriptors = descriptors, .impl = impl, .function = function, .socket = -1};
  device->retry = event_loop_add_timer(loop, try_path, device);
  if (device->retry)
    return device;
  free(device);
  return NULL;
}

void usb_redir_device_destroy(struct usb_redir_device *device) {
  if (!device)
    return;
  usb_redir_device_detach(device);
  event_source_remove(device->retry);
  free(device);
}

bool usb_redir_device_attach(struct usb_redir_device *device, int connected_socket) {
  usb_redir_device_detach(device);
  return take_socket(device, connected_socket);
}

bool usb_redir_device_attach_path(struct usb_redir_device *device, const char *path) {
  if (strlen(path) >= sizeof(device->path))
    return false;
  usb_redir_device_detach(device);
  snprintf(device->path, sizeof(device->path), "%s", path);
  try_path(device);
  return true;
}

void usb_redir_device_detach(struct usb_redir_device *device) {
  disconnect(device);
  device->path[0] = '\0';
  event_timer_set(device->retry, 0, 0);
}

void usb_redir_device_replug(struct usb_redir_device *device, void (*change)(void *user_data), void *user_data) {
  assert(!device->in_turn);
  const bool plugged_in = device->parser && device->greeted;
  if (plugged_in) {
    back_to_default(device);
    usbredirparser_send_device_disconnect(device->parser);
  }
  change(user_data);
  if (!plugged_in)
    return;
  plug_in(device);
  write_out(device);
}

void usb_redir_device_kick(struct usb_redir_device *device, uint8_t endpoint) {
  if (!device->parser || device->stopping || in_endpoint(device, endpoint)->queue.count == 0)
    return;
  answer_waiting(device, endpoint);
  if (!device->in_turn)
    write_out(device);
}
