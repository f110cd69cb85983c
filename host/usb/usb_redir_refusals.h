/* Answers to what usb-redir knows and no device of ours has: isochronous streams, interrupt receiving, bulk streams, filters. The parser
 * calls its entries without looking whether they are there, so each must be. For usb_redir_device.c alone; its thread. */
#ifndef TRANSOM_HOST_USB_USB_REDIR_REFUSALS_H
#define TRANSOM_HOST_USB_USB_REDIR_REFUSALS_H

struct usbredirparser;

/* parser->priv points to something that begins with a pointer to the parser. */
void usb_redir_refusals_set(struct usbredirparser *parser);

#endif
