/* Who our USB devices are, in one place. Guests remember a device by these numbers and keep its descriptors cached by them, so the release
 * number moves with every change of a descriptor; tests/unit/test_usb_hid.c knows the hash that belongs to each release. */
#ifndef TRANSOM_HOST_USB_USB_IDENTITY_H
#define TRANSOM_HOST_USB_USB_IDENTITY_H

#define USB_IDENTITY_VENDOR 0x1209  /* pid.codes, for open hardware */
#define USB_IDENTITY_PRODUCT 0x0001 /* pid.codes keeps 0001-0010 for tests; ours is to be registered there before the first release */
#define USB_IDENTITY_RELEASE 0x0100 /* bcdDevice */

#define USB_IDENTITY_MANUFACTURER "Transom"
#define USB_IDENTITY_INPUT "Virtual Input"

#endif
