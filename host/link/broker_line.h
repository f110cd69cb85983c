/* What transom-serve says about input, taken apart (the lines: host/serve/control_line.h). A pure function. */
#ifndef TRANSOM_HOST_LINK_BROKER_LINE_H
#define TRANSOM_HOST_LINK_BROKER_LINE_H

#include "host/devices/input_device.h"

enum broker_word {
  BROKER_GRANTED,
  BROKER_BUSY,
  BROKER_REFUSED,
  BROKER_LOST,
  BROKER_DEVICE,
  BROKER_DEVICE_GONE,
  BROKER_NO_DEVICES,
  BROKER_HOST_KEYS,
  BROKER_NO_HOST_KEYS,
  BROKER_USB_INPUT,
  BROKER_USB_AUDIO,
  BROKER_UNKNOWN
};

struct broker_line {
  enum broker_word word;
  const char *text;                /* BUSY: who; REFUSED, LOST, NO_DEVICES, NO_HOST_KEYS: why; DEVICE_GONE: the node. Part of the line */
  struct input_device_info device; /* DEVICE */
};

/* Writes into `line`, which ends with 0 instead of its newline. */
void broker_line_parse(char *line, struct broker_line *parsed);

#endif
