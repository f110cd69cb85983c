#include "host/usb/usb_hid.h"

#include "host/usb/usb_identity.h"

#include <assert.h>
#include <string.h>

/* Short items of a report descriptor (HID 1.11, section 6.2.2.2): prefix byte with the size in its two low bits, then the data. */
#define LOW(value) ((value)&0xff)
#define HIGH(value) ((value) >> 8 & 0xff)
#define USAGE_PAGE(page) 0x05, (page)
#define USAGE(usage) 0x09, (usage)
#define USAGE_WORD(usage) 0x0a, LOW(usage), HIGH(usage)
#define USAGES(first, last) 0x19, (first), 0x29, (last)
#define USAGES_WORD(first, last) 0x1a, LOW(first), HIGH(first), 0x2a, LOW(last), HIGH(last)
#define LOGICAL(minimum, maximum) 0x15, (minimum), 0x25, (maximum)                                          /* -128 .. 127 */
#define LOGICAL_WORD(minimum, maximum) 0x16, LOW(minimum), HIGH(minimum), 0x26, LOW(maximum), HIGH(maximum) /* -32768 .. 32767 */
#define PHYSICAL(minimum, maximum) 0x35, (minimum), 0x45, (maximum)
#define FIELDS(count, bits) 0x95, (count), 0x75, (bits)
#define REPORT_ID(id) 0x85, (id)
#define COLLECTION(kind) 0xa1, (kind)
#define END_COLLECTION 0xc0
#define INPUT(flags) 0x81, (flags)
#define OUTPUT(flags) 0x91, (flags)
#define FEATURE(flags) 0xb1, (flags)

enum { PHYSICAL_COLLECTION, APPLICATION, LOGICAL_COLLECTION };                               /* section 6.2.2.6 */
enum { ARRAY = 0, CONSTANT = 1, VARIABLE = 2, RELATIVE = VARIABLE | 4 };                     /* section 6.2.2.5 */
enum { DESKTOP = 0x01, KEYBOARD_KEYS = 0x07, LEDS = 0x08, BUTTONS = 0x09, CONSUMER = 0x0c }; /* HUT 1.5, section 3.1 */

/* HUT 1.5, sections 4.1, 4.5 and 15. */
enum {
  POINTER = 0x01,
  MOUSE = 0x02,
  KEYBOARD = 0x06,
  X = 0x30,
  Y = 0x31,
  WHEEL = 0x38,
  RESOLUTION_MULTIPLIER = 0x48,
  SYSTEM_CONTROL = 0x80,
  CONSUMER_CONTROL = 0x01,
  AC_PAN = 0x238
};

/* clang-format off */

/* HID 1.11, appendices B.1 and E.6; LEDs: HUT 1.5, section 11. */
static const uint8_t boot_keyboard[] = {
  USAGE_PAGE(DESKTOP), USAGE(KEYBOARD), COLLECTION(APPLICATION),
    USAGE_PAGE(KEYBOARD_KEYS), USAGES(USB_HID_MODIFIER_FIRST, USB_HID_MODIFIER_LAST), LOGICAL(0, 1), FIELDS(8, 1), INPUT(VARIABLE),
    FIELDS(1, 8), INPUT(CONSTANT),
    USAGE_PAGE(LEDS), USAGES(1, 5), FIELDS(5, 1), OUTPUT(VARIABLE), FIELDS(1, 3), OUTPUT(CONSTANT),
    USAGE_PAGE(KEYBOARD_KEYS), USAGES(0, USB_HID_KEY_LAST), LOGICAL_WORD(0, USB_HID_KEY_LAST), FIELDS(USB_HID_BOOT_KEYS, 8), INPUT(ARRAY),
  END_COLLECTION,
};

static const uint8_t keys[] = {
  /* One bit a key: HID 1.11, appendix C ("keyboard implementation") allows any format outside the boot protocol. */
  USAGE_PAGE(DESKTOP), USAGE(KEYBOARD), COLLECTION(APPLICATION), REPORT_ID(USB_HID_ID_BITMAP),
    USAGE_PAGE(KEYBOARD_KEYS), LOGICAL(0, 1),
    USAGES(USB_HID_MODIFIER_FIRST, USB_HID_MODIFIER_LAST), FIELDS(8, 1), INPUT(VARIABLE),
    USAGES(USB_HID_KEY_FIRST, USB_HID_KEY_LAST), FIELDS(USB_HID_KEY_LAST - USB_HID_KEY_FIRST + 1, 1), INPUT(VARIABLE),
    FIELDS(1, USB_HID_BITMAP_BYTES * 8 - (USB_HID_KEY_LAST - USB_HID_KEY_FIRST + 1)), INPUT(CONSTANT),
  END_COLLECTION,
  /* HUT 1.5, section 15: Consumer Control */
  USAGE_PAGE(CONSUMER), USAGE(CONSUMER_CONTROL), COLLECTION(APPLICATION), REPORT_ID(USB_HID_ID_CONSUMER),
    USAGES_WORD(0, USB_HID_CONSUMER_LAST), LOGICAL_WORD(0, USB_HID_CONSUMER_LAST), FIELDS(USB_HID_CONSUMER_SLOTS, 16), INPUT(ARRAY),
  END_COLLECTION,
  /* HUT 1.5, section 4.5: System Control */
  USAGE_PAGE(DESKTOP), USAGE(SYSTEM_CONTROL), COLLECTION(APPLICATION), REPORT_ID(USB_HID_ID_SYSTEM),
    USAGES(USB_HID_SYSTEM_FIRST, USB_HID_SYSTEM_LAST), LOGICAL(0, 1), FIELDS(3, 1), INPUT(VARIABLE), FIELDS(1, 5), INPUT(CONSTANT),
  END_COLLECTION,
};

/* A wheel and its Resolution Multiplier share a logical collection (HUT 1.5, section 4.3.1): a host that sets the multiplier's feature to 1
 * is sent 120ths of a notch, another whole notches. `usage` and what precedes it select the wheel. */
#define MULTIPLIER USAGE_PAGE(DESKTOP), USAGE(RESOLUTION_MULTIPLIER), LOGICAL(0, 1), PHYSICAL(1, USB_HID_WHEEL_RESOLUTION), FIELDS(1, 2), FEATURE(VARIABLE)
#define MOTION_RANGE LOGICAL_WORD(-USB_HID_MOTION_MAX, USB_HID_MOTION_MAX)

static const uint8_t pointer[] = {
  /* HID 1.11, appendix E.10, with more of everything */
  USAGE_PAGE(DESKTOP), USAGE(MOUSE), COLLECTION(APPLICATION), REPORT_ID(USB_HID_ID_MOUSE), USAGE(POINTER), COLLECTION(PHYSICAL_COLLECTION),
    USAGE_PAGE(BUTTONS), USAGES(1, 16), LOGICAL(0, 1), FIELDS(16, 1), INPUT(VARIABLE),
    USAGE_PAGE(DESKTOP), USAGE(X), USAGE(Y), MOTION_RANGE, FIELDS(2, 16), INPUT(RELATIVE),
    COLLECTION(LOGICAL_COLLECTION),
      MULTIPLIER,
      USAGE(WHEEL), MOTION_RANGE, PHYSICAL(0, 0), FIELDS(1, 16), INPUT(RELATIVE),
    END_COLLECTION,
    COLLECTION(LOGICAL_COLLECTION),
      MULTIPLIER, FIELDS(1, 4), FEATURE(CONSTANT),
      USAGE_PAGE(CONSUMER), USAGE_WORD(AC_PAN), MOTION_RANGE, PHYSICAL(0, 0), FIELDS(1, 16), INPUT(RELATIVE),
    END_COLLECTION,
  END_COLLECTION, END_COLLECTION,
  /* Usage Pointer, not Mouse: Linux makes one device of collections with the same usage, and a mouse that is both relative and absolute is
   * taken for neither. Systems want buttons in it to know it for a pointer; the mouse reports them. */
  USAGE_PAGE(DESKTOP), USAGE(POINTER), COLLECTION(APPLICATION), REPORT_ID(USB_HID_ID_ABSOLUTE), USAGE(POINTER), COLLECTION(PHYSICAL_COLLECTION),
    USAGE_PAGE(BUTTONS), USAGES(1, 3), LOGICAL(0, 1), FIELDS(3, 1), INPUT(VARIABLE), FIELDS(1, 5), INPUT(CONSTANT),
    USAGE_PAGE(DESKTOP), USAGE(X), USAGE(Y), LOGICAL_WORD(0, 32767), FIELDS(2, 16), INPUT(VARIABLE),
  END_COLLECTION, END_COLLECTION,
};

/* USB 2.0, section 9.6.1. */
static const uint8_t device_template[USB_DEVICE_DESCRIPTOR_BYTES] = {
  18, 1, 0x00, 0x02, 0, 0, 0, 64, /* USB 2.0; the interfaces have the class */
  LOW(USB_IDENTITY_VENDOR), HIGH(USB_IDENTITY_VENDOR), LOW(USB_IDENTITY_PRODUCT), HIGH(USB_IDENTITY_PRODUCT),
  LOW(USB_IDENTITY_RELEASE), HIGH(USB_IDENTITY_RELEASE), 1, 2, 0, 1, /* strings 1 and 2, no serial number, one configuration */
};

#define CONFIGURATION_BYTES (9 + USB_HID_GAMEPADS * USB_HID_INTERFACE_BYTES) /* without game pads */
#define SELF_POWERED 0xc0 /* and no remote wakeup: usb-redir cannot carry it */
/* Interface (USB 2.0, section 9.6.5), HID 1.11 in no country with one report descriptor (HID 1.11, section 6.2.1), interrupt IN endpoint with
 * the shortest interval of high speed, 2^(1-1) microframes of 125 us (USB 2.0, section 9.6.6). */
#define INTERFACE(number, subclass, protocol, report_bytes) \
  9, 4, (number), 0, 1, 3, (subclass), (protocol), 0, \
  9, 0x21, 0x11, 0x01, 0, 1, 0x22, LOW(report_bytes), HIGH(report_bytes), \
  7, 5, USB_HID_ENDPOINT(number), 3, USB_PACKET_BYTES_MAX, 0, 1

static const uint8_t configuration_template[CONFIGURATION_BYTES] = {
  9, 2, LOW(CONFIGURATION_BYTES), HIGH(CONFIGURATION_BYTES), USB_HID_GAMEPADS, 1, 0, SELF_POWERED, 0,
  INTERFACE(USB_HID_BOOT_KEYBOARD, 1, 1, sizeof(boot_keyboard)), /* boot interface, keyboard: HID 1.11, sections 4.2 and 4.3 */
  INTERFACE(USB_HID_KEYS, 0, 0, sizeof(keys)),
  INTERFACE(USB_HID_POINTER, 0, 0, sizeof(pointer)),
};
/* clang-format on */

static const char *const strings[] = {USB_IDENTITY_MANUFACTURER, USB_IDENTITY_INPUT};

static void add_gamepads(struct usb_hid_description *description) {
  const size_t report_bytes = usb_hid_gamepads_descriptor_bytes(description->gamepads);
  const uint8_t interface[USB_HID_INTERFACE_BYTES] = {INTERFACE(USB_HID_GAMEPADS, 0, 0, report_bytes)};
  uint8_t *configuration = description->configuration;
  memcpy(&configuration[CONFIGURATION_BYTES], interface, sizeof(interface));
  const size_t total = CONFIGURATION_BYTES + sizeof(interface);
  configuration[2] = LOW(total); /* wTotalLength, bNumInterfaces: USB 2.0, table 9-10 */
  configuration[3] = HIGH(total);
  configuration[4] = USB_HID_INTERFACES;
  description->device[12] = LOW(USB_IDENTITY_RELEASE + description->gamepads);
  description->descriptors.configuration_bytes = total;
}

void usb_hid_describe(struct usb_hid_description *description, unsigned gamepads) {
  assert(gamepads <= USB_HID_GAMEPADS_MAX);
  memcpy(description->device, device_template, sizeof(device_template));
  memcpy(description->configuration, configuration_template, sizeof(configuration_template));
  description->gamepads = gamepads;
  description->descriptors = (struct usb_descriptors){
      .device = description->device,
      .configuration = description->configuration,
      .configuration_bytes = sizeof(configuration_template),
      .strings = strings,
      .string_count = sizeof(strings) / sizeof(strings[0]),
  };
  if (gamepads > 0)
    add_gamepads(description);
}

static bool has_interface(const struct usb_hid_description *description, unsigned interface) {
  return interface < (description->gamepads ? USB_HID_INTERFACES : USB_HID_GAMEPADS);
}

const uint8_t *usb_hid_class_descriptor(const struct usb_hid_description *description, unsigned interface) {
  return has_interface(description, interface) ? &description->configuration[9 + interface * USB_HID_INTERFACE_BYTES + 9] : NULL;
}

const uint8_t *usb_hid_report_descriptor(const struct usb_hid_description *description, unsigned interface, size_t *bytes) {
  static const struct {
    const uint8_t *descriptor;
    size_t bytes;
  } table[USB_HID_GAMEPADS] = {{boot_keyboard, sizeof(boot_keyboard)}, {keys, sizeof(keys)}, {pointer, sizeof(pointer)}};
  if (!has_interface(description, interface))
    return NULL;
  const bool is_gamepads = interface == USB_HID_GAMEPADS;
  *bytes = is_gamepads ? usb_hid_gamepads_descriptor_bytes(description->gamepads) : table[interface].bytes;
  return is_gamepads ? usb_hid_gamepads_report_descriptor : table[interface].descriptor;
}

uint8_t usb_hid_key_report_id(uint16_t page, uint16_t usage) {
  if (page == KEYBOARD_KEYS && usage >= USB_HID_KEY_FIRST && usage <= USB_HID_MODIFIER_LAST)
    return USB_HID_ID_BITMAP;
  if (page == CONSUMER && usage >= 1 && usage <= USB_HID_CONSUMER_LAST)
    return USB_HID_ID_CONSUMER;
  return page == DESKTOP && usage >= USB_HID_SYSTEM_FIRST && usage <= USB_HID_SYSTEM_LAST ? USB_HID_ID_SYSTEM : 0;
}

static bool set_bit(uint8_t *byte, unsigned bit, bool value) {
  const uint8_t before = *byte;
  *byte = (uint8_t)(value ? before | 1u << bit : before & ~(1u << bit));
  return *byte != before;
}

static bool set_consumer(struct usb_hid_keys *state, uint16_t usage, bool down) {
  int found = -1, vacant = -1;
  for (int i = USB_HID_CONSUMER_SLOTS - 1; i >= 0; i--) {
    found = state->consumer[i] == usage ? i : found;
    vacant = state->consumer[i] == 0 ? i : vacant;
  }
  if ((found >= 0) == down || (down && vacant < 0))
    return false;
  state->consumer[down ? vacant : found] = down ? usage : 0;
  return true;
}

bool usb_hid_keys_set(struct usb_hid_keys *state, uint16_t page, uint16_t usage, bool down) {
  switch (usb_hid_key_report_id(page, usage)) {
  case USB_HID_ID_BITMAP:
    if (usage >= USB_HID_MODIFIER_FIRST)
      return set_bit(&state->modifiers, usage - USB_HID_MODIFIER_FIRST, down);
    return set_bit(&state->bitmap[(usage - USB_HID_KEY_FIRST) / 8], (usage - USB_HID_KEY_FIRST) % 8, down);
  case USB_HID_ID_CONSUMER:
    return set_consumer(state, usage, down);
  case USB_HID_ID_SYSTEM:
    return set_bit(&state->system, usage - USB_HID_SYSTEM_FIRST, down);
  default:
    return false;
  }
}

static uint8_t *put_word(uint8_t *at, uint16_t value) {
  at[0] = LOW(value);
  at[1] = HIGH(value);
  return at + 2;
}

size_t usb_hid_keys_report(const struct usb_hid_keys *state, uint8_t report_id, uint8_t report[USB_HID_REPORT_BYTES_MAX]) {
  uint8_t *at = report;
  *at++ = report_id;
  if (report_id == USB_HID_ID_BITMAP) {
    *at++ = state->modifiers;
    memcpy(at, state->bitmap, sizeof(state->bitmap));
    at += sizeof(state->bitmap);
  } else if (report_id == USB_HID_ID_CONSUMER) {
    for (int i = 0; i < USB_HID_CONSUMER_SLOTS; i++)
      at = put_word(at, state->consumer[i]);
  } else {
    *at++ = state->system;
  }
  return (size_t)(at - report);
}

/* HID 1.11, appendix B.1; with more keys than fit, all six say ErrorRollOver (appendix C). */
size_t usb_hid_boot_report(const struct usb_hid_keys *state, uint8_t report[USB_HID_REPORT_BYTES_MAX]) {
  int count = 0;
  memset(report, 0, USB_HID_BOOT_REPORT_BYTES);
  report[0] = state->modifiers;
  for (int key = USB_HID_KEY_FIRST; key <= USB_HID_KEY_LAST; key++) {
    const int bit = key - USB_HID_KEY_FIRST;
    if (!(state->bitmap[bit / 8] >> (bit % 8) & 1))
      continue;
    if (count < USB_HID_BOOT_KEYS)
      report[2 + count] = (uint8_t)key;
    count++;
  }
  if (count > USB_HID_BOOT_KEYS)
    memset(&report[2], 0x01, USB_HID_BOOT_KEYS);
  return USB_HID_BOOT_REPORT_BYTES;
}

size_t usb_hid_mouse_report(const struct usb_hid_mouse *mouse, uint8_t report[USB_HID_REPORT_BYTES_MAX]) {
  report[0] = USB_HID_ID_MOUSE;
  uint8_t *at = put_word(&report[1], mouse->buttons);
  at = put_word(at, (uint16_t)mouse->dx);
  at = put_word(at, (uint16_t)mouse->dy);
  at = put_word(at, (uint16_t)mouse->wheel);
  at = put_word(at, (uint16_t)mouse->pan);
  return (size_t)(at - report);
}

size_t usb_hid_absolute_report(uint16_t x, uint16_t y, uint8_t report[USB_HID_REPORT_BYTES_MAX]) {
  report[0] = USB_HID_ID_ABSOLUTE;
  report[1] = 0; /* buttons */
  return (size_t)(put_word(put_word(&report[2], x), y) - report);
}
