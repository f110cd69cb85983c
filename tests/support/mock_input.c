#include "support/mock_input.h"

#include <linux/input.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <umockdev.h>

#include <cmocka.h>

#define TEXT_MAX 16384
#define NAME_BYTES 255 /* what libevdev asks for; umockdev wants the exact size */

struct mock_bed {
  UMockdevTestbed *testbed;
};

struct bits {
  uint8_t bytes[KEY_CNT / 8];
};

struct text {
  char bytes[TEXT_MAX];
  size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(text->bytes + text->used, TEXT_MAX - text->used, format, arguments);
  va_end(arguments);
  assert_in_range(length, 0, TEXT_MAX - text->used - 1);
  text->used += (size_t)length;
}

static void set(struct bits *bits, int code) { bits->bytes[code / 8] |= (uint8_t)(1u << (code % 8)); }

static struct bits list_bits(const int *codes) {
  struct bits bits = {{0}};
  for (; codes && *codes >= 0; codes++)
    set(&bits, *codes);
  return bits;
}

static struct bits key_bits(const struct mock_input *input) {
  struct bits bits = {{0}};
  for (const int(*range)[2] = input->key_ranges; range && (*range)[1]; range++)
    for (int code = (*range)[0]; code <= (*range)[1]; code++)
      set(&bits, code);
  return bits;
}

static struct bits type_bits(const struct mock_input *input) {
  struct bits bits = {{1}}; /* EV_SYN */
  if (input->key_ranges)
    set(&bits, EV_KEY);
  if (input->relative)
    set(&bits, EV_REL);
  if (input->absolute)
    set(&bits, EV_ABS);
  if (input->is_lid)
    set(&bits, EV_SW);
  return bits;
}

/* As sysfs writes it: words of a long, most significant first, without leading zeros. */
static void add_words(struct text *text, const char *attribute, struct bits bits) {
  bool begun = false;
  add(text, "A: %s=", attribute);
  for (size_t word = sizeof(bits.bytes) / 8; word > 0; word--) {
    uint64_t value;
    memcpy(&value, &bits.bytes[(word - 1) * 8], sizeof(value));
    if (!begun && !value && word > 1)
      continue;
    add(text, "%s%llx", begun ? " " : "", (unsigned long long)value);
    begun = true;
  }
  add(text, "\\n\n");
}

static const char *or_empty(const char *text) { return text ? text : ""; }

static void describe(struct text *text, const struct mock_input *input) {
  const int n = input->number;
  const int lid[] = {SW_LID, -1};
  add(text, "P: /devices/virtual/input/input%d\nE: SUBSYSTEM=input\n", n);
  add(text, "A: name=%s\\n\nA: phys=%s\\n\nA: uniq=%s\\n\n", input->name, or_empty(input->phys), or_empty(input->uniq));
  add(text, "A: id/bustype=%04x\\n\nA: id/vendor=%04x\\n\nA: id/product=%04x\\n\n", input->bus, input->vendor, input->product);
  add_words(text, "capabilities/ev", type_bits(input));
  add_words(text, "capabilities/key", key_bits(input));
  add_words(text, "capabilities/rel", list_bits(input->relative));
  add_words(text, "capabilities/abs", list_bits(input->absolute));
  add_words(text, "capabilities/sw", list_bits(input->is_lid ? lid : NULL));
  add_words(text, "properties", list_bits(input->properties));
  add(text, "\nP: /devices/virtual/input/input%d/event%d\nN: input/event%d\n", n, n, n);
  add(text, "E: DEVNAME=/dev/input/event%d\nE: MAJOR=13\nE: MINOR=%d\nE: SUBSYSTEM=input\n", n, 64 + n);
  if (input->seat)
    add(text, "E: ID_SEAT=%s\n", input->seat);
  if (input->by_id)
    add(text, "S: input/by-id/%s\nE: DEVLINKS=/dev/input/by-id/%s\n", input->by_id, input->by_id);
  add(text, "A: dev=13:%d\\n\n", 64 + n);
}

static void add_hex(struct text *text, const char *request, int result, const void *data, size_t bytes) {
  add(text, "%s %d ", request, result);
  for (size_t i = 0; i < bytes; i++)
    add(text, "%02X", ((const uint8_t *)data)[i]);
  add(text, "\n");
}

static void add_name(struct text *text, const char *request, const char *name) {
  char padded[NAME_BYTES] = "";
  snprintf(padded, sizeof(padded), "%s", name);
  add_hex(text, request, (int)strlen(padded) + 1, padded, sizeof(padded));
}

static void add_axes(struct text *text, const struct mock_input *input) {
  for (const int *code = input->absolute; code && *code >= 0; code++) {
    const struct input_absinfo axis = {.minimum = input->minimum, .maximum = input->maximum};
    char request[32];
    snprintf(request, sizeof(request), "EVIOCGABS(%d)", *code);
    add_hex(text, request, 0, &axis, sizeof(axis));
  }
}

static void describe_ioctls(struct text *text, const struct mock_input *input) {
  const struct bits none = {{0}}, types = type_bits(input), keys = key_bits(input), held = list_bits(input->down);
  const struct bits relative = list_bits(input->relative), absolute = list_bits(input->absolute), properties = list_bits(input->properties);
  const uint16_t ids[4] = {input->bus, input->vendor, input->product, 1};
  add(text, "@DEV /dev/input/event%d\nEVIOCGVERSION 0 01000100\n", input->number);
  add_hex(text, "EVIOCGID", 0, ids, sizeof(ids));
  add_name(text, "EVIOCGNAME(0)", input->name);
  add_name(text, "EVIOCGPHYS(0)", or_empty(input->phys));
  add_name(text, "EVIOCGUNIQ(0)", or_empty(input->uniq));
  add_hex(text, "EVIOCGPROP(0)", 8, &properties, 8);
  add_hex(text, "EVIOCGBIT(0)", 8, &types, 8);
  add_hex(text, "EVIOCGBIT(1)", 96, &keys, 96);
  add_hex(text, "EVIOCGBIT(2)", 8, &relative, 8);
  add_hex(text, "EVIOCGBIT(3)", 8, &absolute, 8);
  add_hex(text, "EVIOCGBIT(4)", 8, &none, 8);
  add_hex(text, "EVIOCGBIT(5)", 8, &none, 8);
  add_hex(text, "EVIOCGBIT(17)", 8, &none, 8);
  add_hex(text, "EVIOCGBIT(18)", 8, &none, 8);
  add_hex(text, "EVIOCGBIT(21)", 16, &none, 16);
  add_hex(text, "EVIOCGKEY(0)", 96, &held, 96);
  add_hex(text, "EVIOCGLED(0)", 8, &none, 8);
  add_hex(text, "EVIOCGSW(0)", 8, &none, 8);
  add_axes(text, input);
}

struct mock_bed *mock_bed_create(void) {
  struct mock_bed *bed = calloc(1, sizeof(*bed));
  const char *preloaded = getenv("LD_PRELOAD"); /* umockdev_in_mock_environment() is only true with a test bed */
  if (!preloaded || !strstr(preloaded, "libumockdev-preload")) {
    print_message("run under umockdev-wrapper\n");
    exit(77);
  }
  bed->testbed = umockdev_testbed_new();
  assert_non_null(bed->testbed);
  return bed;
}

void mock_bed_destroy(struct mock_bed *bed) {
  g_object_unref(bed->testbed);
  free(bed);
}

static void load_ioctls(struct mock_bed *bed, const struct mock_input *input) {
  struct text text = {.used = 0};
  char path[] = "/tmp/mock-ioctl-XXXXXX";
  const int fd = mkstemp(path);
  describe_ioctls(&text, input);
  assert_int_equal(write(fd, text.bytes, text.used), text.used);
  close(fd);
  GError *error = NULL;
  if (!umockdev_testbed_load_ioctl(bed->testbed, NULL, path, &error))
    fail_msg("%s", error->message);
  unlink(path);
}

void mock_bed_put(struct mock_bed *bed, const struct mock_input *input) {
  struct text text = {.used = 0};
  GError *error = NULL;
  describe(&text, input);
  if (!umockdev_testbed_add_from_string(bed->testbed, text.bytes, &error))
    fail_msg("%s", error->message);
  load_ioctls(bed, input);
}

static void syspath_of(const struct mock_input *input, bool node, char path[128]) {
  const int n = input->number;
  if (node)
    snprintf(path, 128, "/sys/devices/virtual/input/input%d/event%d", n, n);
  else
    snprintf(path, 128, "/sys/devices/virtual/input/input%d", n);
}

static void tell(struct mock_bed *bed, const struct mock_input *input, const char *action) {
  char path[128];
  syspath_of(input, true, path);
  umockdev_testbed_uevent(bed->testbed, path, action);
}

void mock_bed_plug(struct mock_bed *bed, const struct mock_input *input) {
  mock_bed_put(bed, input);
  tell(bed, input, "add");
}

void mock_bed_unplug(struct mock_bed *bed, const struct mock_input *input) {
  char path[128];
  tell(bed, input, "remove");
  syspath_of(input, true, path);
  umockdev_testbed_remove_device(bed->testbed, path);
  syspath_of(input, false, path);
  umockdev_testbed_remove_device(bed->testbed, path);
}

int mock_bed_open(struct mock_bed *bed, const struct mock_input *input) {
  (void)bed;
  char node[64];
  snprintf(node, sizeof(node), "/dev/input/event%d", input->number);
  const int fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  assert_true(fd >= 0);
  return fd;
}

void mock_bed_emit(struct mock_bed *bed, const struct mock_input *input, uint16_t type, uint16_t code, int32_t value) {
  char node[64];
  snprintf(node, sizeof(node), "/dev/input/event%d", input->number);
  const struct input_event event = {.type = type, .code = code, .value = value};
  assert_int_equal(write(umockdev_testbed_get_dev_fd(bed->testbed, node), &event, sizeof(event)), sizeof(event));
}
