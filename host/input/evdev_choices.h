/* The value of --input-device: choices parted by commas. */
#ifndef TRANSOM_HOST_INPUT_EVDEV_CHOICES_H
#define TRANSOM_HOST_INPUT_EVDEV_CHOICES_H

#include "host/input/evdev_opener.h"

#include <stdbool.h>

/* Cuts `text` in place; the choices point into it. "" gives none, which means every device. False: more than EVDEV_CHOICES_MAX. */
bool evdev_choices_split(char *text, const char *choices[EVDEV_CHOICES_MAX], size_t *count);

#endif
