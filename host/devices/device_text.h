/* Small attribute files of sysfs, and text that a device chose for itself. Pure or reading; any thread. */
#ifndef TRANSOM_HOST_DEVICES_DEVICE_TEXT_H
#define TRANSOM_HOST_DEVICES_DEVICE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The first line of DIRECTORY/NAME, cut to fit; "" and false when it cannot be read. */
bool device_text_read(const char *directory, const char *name, char *text, size_t capacity);

/* A USB device writes its own name, and we print it on terminals: whatever is not plain ASCII becomes '?', outer blanks go. */
void device_text_clean(char *text);

#endif
