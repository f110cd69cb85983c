/* Input devices in a umockdev test bed: sysfs, udev's properties, and an evdev node that answers what libevdev asks. Programs that use it
 * run under umockdev-wrapper. */
#ifndef TRANSOM_TESTS_SUPPORT_MOCK_INPUT_H
#define TRANSOM_TESTS_SUPPORT_MOCK_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mock_bed; /* one a test; owns everything below it */

struct mock_input {
  int number;                                    /* inputN and eventN; once a bed */
  const char *name, *phys, *uniq, *by_id, *seat; /* all but the name optional */
  uint16_t bus, vendor, product;
  const int (*key_ranges)[2];                  /* first and last; ends with {0, 0} */
  const int *relative, *absolute, *properties; /* each ends with -1; NULL = none */
  const int *down;                             /* what EVIOCGKEY says; ends with -1; NULL = nothing */
  bool is_lid;
  int32_t minimum, maximum; /* of every absolute axis */
};

struct mock_bed *mock_bed_create(void);
void mock_bed_destroy(struct mock_bed *bed);

void mock_bed_put(struct mock_bed *bed, const struct mock_input *input);    /* is there; udev says nothing */
void mock_bed_plug(struct mock_bed *bed, const struct mock_input *input);   /* and udev tells */
void mock_bed_unplug(struct mock_bed *bed, const struct mock_input *input); /* udev tells, then it is gone */
int mock_bed_open(struct mock_bed *bed, const struct mock_input *input);    /* as a program opens the node */

/* What the device says next. */
void mock_bed_emit(struct mock_bed *bed, const struct mock_input *input, uint16_t type, uint16_t code, int32_t value);

#endif
