/* The USB keyboard before any operating system: types into the UEFI shell of OVMF, whose console is also the serial line. */
#include "usb_fixture.h"

#include "common/log.h"
#include "host/input/keymap_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRMWARE "/usr/share/OVMF/OVMF_CODE_4M.fd"
#define EXIT_CANNOT_RUN 77

static struct usb_fixture fixture;

/* What the serial line has said; valid until the next call. */
static const char *serial_text(struct usb_fixture *f) {
  static char text[65536];
  FILE *file = fopen(f->machine.serial_log, "r");
  const size_t count = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
  if (file)
    fclose(file);
  text[count] = '\0';
  return text;
}

static bool has_prompt(void *user_data) { return strstr(serial_text(user_data), "Shell> ") != NULL; }

/* A line of its own, not what the shell echoes while we type. */
static bool has_answer(void *user_data) { return strstr(serial_text(user_data), "\ntyped by usb") != NULL; }

static bool is_heard(void *user_data) { return ((struct usb_fixture *)user_data)->ready; }

static void type(struct usb_fixture *f, char letter) {
  const char name[2] = {letter, '\0'};
  const int found = keymap_find_qcode(letter == ' ' ? "spc" : letter == '\n' ? "ret" : name);
  assert_true(found >= 0);
  usb_fixture_key(f, keymap_at((size_t)found)->page, keymap_at((size_t)found)->usage, true);
  usb_fixture_key(f, keymap_at((size_t)found)->page, keymap_at((size_t)found)->usage, false);
}

static void the_uefi_shell_is_typed_into(void **state) {
  struct usb_fixture *f = *state;
  assert_true(input_sink_usb_hid_connect(f->sink, f->machine.usb_socket));
  guest_machine_until(&f->machine, has_prompt, f, "the UEFI shell's prompt on the serial line");
  guest_machine_until(&f->machine, is_heard, f, "the firmware's driver reads the keyboard");
  for (const char *letter = "echo typed by usb\n"; *letter; letter++)
    type(f, *letter);
  guest_machine_until(&f->machine, has_answer, f, "the shell's answer to what was typed");
}

static bool has_usb_socket(void *user_data) { return access(((struct usb_fixture *)user_data)->machine.usb_socket, F_OK) == 0; }

static int set_up(void **state) {
  struct usb_fixture *f = &fixture;
  char usb[160], serial[128];
  *state = f;
  usb_fixture_create_sink(f);
  snprintf(usb, sizeof(usb), "socket,id=usb,path=%.95s,server=on,wait=off", f->machine.usb_socket);
  snprintf(serial, sizeof(serial), "file:%.95s", f->machine.serial_log);
  guest_machine_launch(&f->machine, (const char *const[]){"-machine",
                                                          "q35",
                                                          "-accel",
                                                          "tcg",
                                                          "-m",
                                                          "128",
                                                          "-nodefaults",
                                                          "-display",
                                                          "none",
                                                          "-drive",
                                                          "if=pflash,format=raw,readonly=on,file=" FIRMWARE,
                                                          "-serial",
                                                          serial,
                                                          "-device",
                                                          "qemu-xhci",
                                                          "-chardev",
                                                          usb,
                                                          "-device",
                                                          "usb-redir,chardev=usb",
                                                          NULL});
  guest_machine_until(&f->machine, has_usb_socket, f, "QEMU's socket");
  return 0;
}

static int tear_down(void **state) {
  struct usb_fixture *f = *state;
  f->sink->impl->destroy(f->sink);
  return 0;
}

int main(void) {
  log_set_level(LOG_WARNING);
  if (access(FIRMWARE, R_OK)) {
    fprintf(stderr, "cannot run here: no %s; install ovmf\n", FIRMWARE);
    return EXIT_CANNOT_RUN;
  }
  fixture.loop = event_loop_create(EVENT_LOOP_AUTO);
  if (!guest_machine_init(&fixture.machine, fixture.loop, TRANSOM_BUILD_DIRECTORY))
    return EXIT_CANNOT_RUN;
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_uefi_shell_is_typed_into)};
  const int failed = cmocka_run_group_tests(tests, set_up, tear_down);
  guest_machine_finish(&fixture.machine);
  event_loop_destroy(fixture.loop);
  return failed;
}
