#include "host/usb/usb_redir_refusals.h"

#include <stdint.h>
#include <stdlib.h>

#include <usbredirparser.h>

static struct usbredirparser *parser_of(void *user_data) { return *(struct usbredirparser **)user_data; }

static void on_start_interrupt(void *user_data, uint64_t id, struct usb_redir_start_interrupt_receiving_header *header) {
  struct usb_redir_interrupt_receiving_status_header status = {.status = usb_redir_inval, .endpoint = header->endpoint};
  usbredirparser_send_interrupt_receiving_status(parser_of(user_data), id, &status);
}

static void on_stop_interrupt(void *user_data, uint64_t id, struct usb_redir_stop_interrupt_receiving_header *header) {
  struct usb_redir_interrupt_receiving_status_header status = {.status = usb_redir_success, .endpoint = header->endpoint};
  usbredirparser_send_interrupt_receiving_status(parser_of(user_data), id, &status);
}

static void on_start_iso(void *user_data, uint64_t id, struct usb_redir_start_iso_stream_header *header) {
  struct usb_redir_iso_stream_status_header status = {.status = usb_redir_inval, .endpoint = header->endpoint};
  usbredirparser_send_iso_stream_status(parser_of(user_data), id, &status);
}

static void on_stop_iso(void *user_data, uint64_t id, struct usb_redir_stop_iso_stream_header *header) {
  struct usb_redir_iso_stream_status_header status = {.status = usb_redir_success, .endpoint = header->endpoint};
  usbredirparser_send_iso_stream_status(parser_of(user_data), id, &status);
}

static void on_iso_packet(void *user_data, uint64_t id, struct usb_redir_iso_packet_header *header, uint8_t *data, int data_bytes) {
  (void)id, (void)header, (void)data_bytes; /* lost, as on a wire */
  usbredirparser_free_packet_data(parser_of(user_data), data);
}

static void on_interrupt_packet(void *user_data, uint64_t id, struct usb_redir_interrupt_packet_header *header, uint8_t *data,
                                int data_bytes) {
  (void)data_bytes;
  struct usbredirparser *parser = parser_of(user_data);
  header->status = usb_redir_inval;
  header->length = 0;
  if (!(header->endpoint & 0x80)) /* OUT */
    usbredirparser_send_interrupt_packet(parser, id, header, NULL, 0);
  usbredirparser_free_packet_data(parser, data);
}

/* Capabilities that we do not announce, so no decent peer sends these. */
static void on_alloc_streams(void *user_data, uint64_t id, struct usb_redir_alloc_bulk_streams_header *header) {
  (void)user_data, (void)id, (void)header;
}
static void on_free_streams(void *user_data, uint64_t id, struct usb_redir_free_bulk_streams_header *header) {
  (void)user_data, (void)id, (void)header;
}
static void on_start_bulk(void *user_data, uint64_t id, struct usb_redir_start_bulk_receiving_header *header) {
  (void)user_data, (void)id, (void)header;
}
static void on_stop_bulk(void *user_data, uint64_t id, struct usb_redir_stop_bulk_receiving_header *header) {
  (void)user_data, (void)id, (void)header;
}
static void on_disconnect_ack(void *user_data) { (void)user_data; }

static void on_filter_reject(void *user_data) { (void)user_data; }

static void on_filter(void *user_data, struct usbredirfilter_rule *rules, int count) {
  (void)user_data, (void)count;
  free(rules);
}

void usb_redir_refusals_set(struct usbredirparser *parser) {
  parser->start_interrupt_receiving_func = on_start_interrupt;
  parser->stop_interrupt_receiving_func = on_stop_interrupt;
  parser->interrupt_packet_func = on_interrupt_packet;
  parser->start_iso_stream_func = on_start_iso;
  parser->stop_iso_stream_func = on_stop_iso;
  parser->iso_packet_func = on_iso_packet;
  parser->alloc_bulk_streams_func = on_alloc_streams;
  parser->free_bulk_streams_func = on_free_streams;
  parser->start_bulk_receiving_func = on_start_bulk;
  parser->stop_bulk_receiving_func = on_stop_bulk;
  parser->filter_reject_func = on_filter_reject;
  parser->filter_filter_func = on_filter;
  parser->device_disconnect_ack_func = on_disconnect_ack;
}
