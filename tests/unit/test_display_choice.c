#include "guest/core/display_choice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One letter a property: g GPU, v virtual, e emulated; c connected, a active (and connected), p primary (and active). */
static struct display_scene scene_of(const char *words) {
  struct display_scene scene = {.count = 0};
  for (const char *at = words; *at; at++) {
    struct display_output *output = &scene.list[scene.count ? scene.count - 1 : 0];
    switch (*at) {
    case 'g':
    case 'v':
    case 'e':
      scene.list[scene.count++].kind = *at == 'g' ? DISPLAY_GPU : *at == 'v' ? DISPLAY_VIRTUAL : DISPLAY_EMULATED;
      scene.gpus += *at == 'g';
      break;
    case 'p':
      output->primary = true; /* fall through */
    case 'a':
      output->active = true; /* fall through */
    case 'c':
      output->connected = true;
    }
  }
  strcpy(scene.gpu_name, "Some GPU");
  return scene;
}

static void check_choice(const char *words, enum display_verdict verdict, uint32_t output) {
  const struct display_scene scene = scene_of(words);
  const struct display_choice choice = display_choose(&scene);
  assert_int_equal(choice.verdict, verdict);
  if (verdict != DISPLAY_NONE)
    assert_int_equal(choice.output, output);
}

static void chooses_the_best_output(void **state) {
  (void)state;
  check_choice("", DISPLAY_NONE, 0);
  check_choice("g", DISPLAY_NONE, 0);          /* a socket without a plug */
  check_choice("ec", DISPLAY_NONE, 0);         /* emulated and off */
  check_choice("gp", DISPLAY_FINE, 0);         /* as it should be */
  check_choice("gp g g", DISPLAY_FINE, 0);     /* the GPU's other sockets */
  check_choice("ep ga", DISPLAY_ISOLATE, 1);   /* the emulated VGA has the taskbar */
  check_choice("gp ea", DISPLAY_ISOLATE, 0);   /* the pointer may get lost in the VGA */
  check_choice("ep gc", DISPLAY_ISOLATE, 1);   /* the GPU's is connected, but not part of the desktop */
  check_choice("ep g", DISPLAY_FINE, 0);       /* nothing better */
  check_choice("ga gp", DISPLAY_ISOLATE, 1);   /* two monitors: the primary */
  check_choice("ep va", DISPLAY_ISOLATE, 1);   /* a virtual display instead of a plug */
  check_choice("ep g vc", DISPLAY_ISOLATE, 2); /* the same, still off */
  check_choice("vp gc", DISPLAY_ISOLATE, 1);   /* a monitor was connected since */
  check_choice("vp", DISPLAY_FINE, 0);
  check_choice("ep ea", DISPLAY_FINE, 0); /* emulated ones are never arranged */
}

static void check_blind(const char *words, bool blind, uint32_t output) {
  const struct display_scene scene = scene_of(words);
  uint32_t found = 99;
  assert_int_equal(display_is_blind(&scene, &found), blind);
  if (blind)
    assert_int_equal(found, output);
}

static void knows_blindness(void **state) {
  (void)state;
  check_blind("", false, 0);
  check_blind("vp", false, 0); /* nobody could look elsewhere */
  check_blind("ep va", false, 0);
  check_blind("vp e g", false, 0); /* neither is there */
  check_blind("vp ec", true, 1);
  check_blind("ea vp", true, 0);
  check_blind("ea vp gc", true, 2);
  check_blind("gc vp ga", true, 2);
  check_blind("vp va ea", true, 2);
}

static bool advises(const char *words, const char *part) {
  const struct display_scene scene = scene_of(words);
  char text[240];
  display_advice(&scene, text, sizeof text);
  return part ? strstr(text, part) != NULL : text[0] == 0;
}

static void says_what_helps(void **state) {
  (void)state;
  assert_true(advises("gp", NULL));
  assert_true(advises("vp g", NULL));
  assert_true(advises("ep", NULL)); /* no GPU: the emulated one is what there is */
  assert_true(advises("ep g", "Some GPU has no active output"));
  assert_true(advises("ep g", "dummy plug"));
  assert_true(advises("g", "dummy plug"));
  assert_true(advises("", "no display adapter"));
}

static void knows_adapters_by_their_ids(void **state) {
  (void)state;
  assert_int_equal(display_kind_of("PCI\\VEN_10DE&DEV_2684&SUBSYS_889D1043&REV_A1"), DISPLAY_GPU);
  assert_int_equal(display_kind_of("PCI\\VEN_1234&DEV_1111&SUBSYS_11001AF4&REV_02"), DISPLAY_EMULATED);
  assert_int_equal(display_kind_of("pci\\ven_1b36&dev_0100"), DISPLAY_EMULATED);
  assert_int_equal(display_kind_of("ROOT\\MTTVDD"), DISPLAY_VIRTUAL);
  assert_int_equal(display_kind_of("root\\Parsec\\VDA"), DISPLAY_VIRTUAL);
  assert_int_equal(display_kind_of("usbmmidd"), DISPLAY_VIRTUAL);
  assert_int_equal(display_kind_of("Root\\SudoMaker\\SudoVDA"), DISPLAY_VIRTUAL);
  assert_int_equal(display_kind_of("ROOT\\IddSampleDriver"), DISPLAY_VIRTUAL);
  assert_int_equal(virtual_display_find("Root\\MttVDD")->way, VIRTUAL_DISPLAY_SETTINGS);
  assert_int_equal(virtual_display_find("ROOT\\PARSEC\\VDA")->way, VIRTUAL_DISPLAY_KEYS);
  assert_int_equal(virtual_display_find("usbmmIdd")->way, VIRTUAL_DISPLAY_VALUES);
  assert_int_equal(virtual_display_find("root\\sudomaker\\sudovda")->way, VIRTUAL_DISPLAY_FIXED);
  assert_null(virtual_display_find("PCI\\VEN_10DE"));
  assert_int_equal(display_kind_of("PCI\\VEN_1234"), DISPLAY_GPU);
  assert_int_equal(display_kind_of(""), DISPLAY_GPU);
}

static void picks_the_rate_next_to_the_wish(void **state) {
  (void)state;
  static const struct display_mode modes[] = {
      {1920, 1080, 60000}, {1920, 1080, 59940}, {2560, 1440, 60000}, {2560, 1440, 144000}, {2560, 1440, 120000}, {2560, 1440, 59950},
  };
  const uint32_t count = sizeof modes / sizeof modes[0];
  assert_int_equal(display_mode_pick(modes, count, &(struct display_mode){2560, 1440, 0}), 3);
  assert_int_equal(display_mode_pick(modes, count, &(struct display_mode){2560, 1440, 100000}), 4);
  assert_int_equal(display_mode_pick(modes, count, &(struct display_mode){2560, 1440, 60000}), 2);
  assert_int_equal(display_mode_pick(modes, count, &(struct display_mode){2560, 1440, 240000}), 3);
  assert_int_equal(display_mode_pick(modes, count, &(struct display_mode){1920, 1080, 59940}), 1);
  assert_int_equal(display_mode_pick(modes, count, &(struct display_mode){1920, 1200, 60000}), -1);
  assert_int_equal(display_mode_pick(modes, 0, &(struct display_mode){1920, 1080, 60000}), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chooses_the_best_output),
      cmocka_unit_test(knows_blindness),
      cmocka_unit_test(says_what_helps),
      cmocka_unit_test(knows_adapters_by_their_ids),
      cmocka_unit_test(picks_the_rate_next_to_the_wish),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
