/* The keeper on a fake system that really has displays, so that what is left of them can be compared. */
#include "guest/core/display_keeper.h"

#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)

struct fixture {
  struct display_system base;
  struct display_scene now, before; /* `before`: what restore() goes back to */
  struct display_mode mode;         /* of the shown output; all 0 = as the user has it */
  bool marked, awake, isolate_fails, restore_fails, mode_fails;
  enum display_offer offer;
  int offers_until_mode; /* set_mode() calls after an offer until the driver has the mode; 0 = never */
  int isolated, restored, offered, mode_tries, shown;
  struct display_keeper keeper;
  uint64_t now_ns;
};

static struct fixture *of(struct display_system *system) { return (struct fixture *)system; }

static bool list(struct display_system *system, struct display_scene *scene) {
  *scene = of(system)->now;
  return true;
}

static bool isolate(struct display_system *system, uint32_t output) {
  struct fixture *f = of(system);
  assert_true(f->marked);
  if (f->isolate_fails)
    return false;
  for (uint32_t i = 0; i < f->now.count; i++)
    f->now.list[i].active = f->now.list[i].primary = i == output;
  f->isolated++;
  return true;
}

static bool set_mode(struct display_system *system, uint32_t output, const struct display_mode *wish) {
  struct fixture *f = of(system);
  assert_true(f->marked && f->now.list[output].active);
  f->mode_tries++;
  if (f->offered && f->offers_until_mode && --f->offers_until_mode == 0)
    f->mode_fails = false;
  if (!f->mode_fails)
    f->mode = *wish;
  return !f->mode_fails;
}

static enum display_offer offer_mode(struct display_system *system, uint32_t output, const struct display_mode *wish) {
  struct fixture *f = of(system);
  assert_non_null(f->now.list[output].driver);
  assert_true(wish->width > 0);
  f->offered++;
  return f->offer;
}

static bool show_to_people(struct display_system *system, uint32_t output) {
  struct fixture *f = of(system);
  for (uint32_t i = 0; i < f->now.count; i++)
    f->now.list[i].active = f->now.list[i].primary = i == output;
  f->before = f->now; /* what is given back from now on */
  f->shown++;
  return true;
}

static bool restore(struct display_system *system) {
  struct fixture *f = of(system);
  if (f->restore_fails)
    return false;
  f->now = f->before;
  f->mode = (struct display_mode){0};
  f->restored++;
  return true;
}

static void keep_awake(struct display_system *system, bool awake) { of(system)->awake = awake; }
static bool is_marked(struct display_system *system) { return of(system)->marked; }
static void mark(struct display_system *system, bool marked) { of(system)->marked = marked; }

static const struct display_system_impl impl = {.list = list,
                                                .isolate = isolate,
                                                .show_to_people = show_to_people,
                                                .set_mode = set_mode,
                                                .offer_mode = offer_mode,
                                                .restore = restore,
                                                .keep_awake = keep_awake,
                                                .is_marked = is_marked,
                                                .mark = mark};

/* An emulated VGA that has the taskbar, and a GPU's output beside it. */
static const struct display_scene vga_and_gpu = {
    .count = 2,
    .list = {{.kind = DISPLAY_EMULATED, .connected = true, .active = true, .primary = true, .adapter = "VGA"},
             {.kind = DISPLAY_GPU, .connected = true, .active = true, .adapter = "GPU"}},
    .gpus = 1,
    .gpu_name = "GPU"};

static const struct display_keeper_options both = {.only_display = true, .keep_awake = true};

static void begin(struct fixture *f, const struct display_keeper_options *options) {
  f->base.impl = &impl;
  f->now_ns = 100 * S;
  display_keeper_init(&f->keeper, options, &f->base, f->now_ns);
}

static struct fixture *set_up(void) {
  struct fixture *f = calloc(1, sizeof *f);
  f->now = f->before = vga_and_gpu;
  begin(f, &both);
  return f;
}

static uint64_t step(struct fixture *f, bool watched, uint64_t later_ns) {
  f->now_ns += later_ns;
  return display_keeper_step(&f->keeper, watched, f->now_ns);
}

static bool only_gpu(const struct fixture *f) { return f->now.list[1].primary && f->now.list[1].active && !f->now.list[0].active; }

static bool as_before(const struct fixture *f) {
  return memcmp(&f->now, &f->before, sizeof f->now) == 0 && f->mode.width == 0 && !f->marked && !f->awake;
}

static void arranges_while_watched_and_gives_back(void **state) {
  (void)state;
  struct fixture *f = set_up();
  assert_int_equal(step(f, false, 3600 * S), UINT64_MAX);
  assert_true(as_before(f));
  step(f, true, 1);
  assert_true(only_gpu(f) && f->awake && f->marked);
  step(f, true, 3600 * S);
  assert_int_equal(f->isolated, 1);
  step(f, false, 1);
  assert_true(as_before(f));
  step(f, true, 1);
  assert_true(only_gpu(f));
  display_keeper_finish(&f->keeper, f->now_ns);
  assert_true(as_before(f));
  free(f);
}

static void touches_nothing_that_is_right(void **state) {
  (void)state;
  struct fixture *f = set_up();
  f->now.count = f->before.count = 1;
  f->now.list[0] = f->before.list[0] = (struct display_output){.kind = DISPLAY_GPU, .connected = true, .active = true, .primary = true};
  step(f, true, 1);
  step(f, true, 10 * S);
  step(f, false, 1);
  assert_int_equal(f->isolated + f->restored, 0);
  assert_true(as_before(f));
  free(f);
}

static void does_what_the_options_say(void **state) {
  (void)state;
  struct fixture *f = calloc(1, sizeof *f);
  f->now = f->before = vga_and_gpu;
  begin(f, &(struct display_keeper_options){.only_display = false, .keep_awake = false});
  assert_int_equal(step(f, true, 1), UINT64_MAX);
  assert_true(as_before(f));
  display_keeper_wish_mode(&f->keeper, &(struct display_mode){2560, 1440, 0});
  step(f, true, 1);
  assert_int_equal(f->mode.width, 2560);
  assert_true(f->now.list[0].active);
  step(f, false, 1);
  assert_true(as_before(f));
  free(f);
}

static void gives_back_what_a_dead_agent_left(void **state) {
  (void)state;
  struct fixture *f = set_up();
  step(f, true, 1);
  begin(f, &both); /* another process */
  assert_int_equal(f->keeper.state, DISPLAY_LEFT_OVER);
  f->awake = false; /* went with the process */
  const uint64_t due_ns = step(f, false, 10 * S - 1);
  assert_int_equal(due_ns, f->now_ns + 1);
  assert_true(only_gpu(f));
  step(f, false, 1);
  assert_true(as_before(f));
  free(f);
}

static void goes_on_when_the_viewer_comes_back(void **state) {
  (void)state;
  struct fixture *f = set_up();
  step(f, true, 1);
  begin(f, &both);
  step(f, true, 5 * S);
  step(f, true, 3600 * S);
  assert_true(only_gpu(f) && f->marked);
  assert_int_equal(f->isolated, 1);
  step(f, false, 1);
  assert_true(as_before(f));
  free(f);
}

static void insists_but_does_not_fight(void **state) {
  (void)state;
  struct fixture *f = set_up();
  step(f, true, 1);
  for (int i = 0; i < 3; i++) {
    f->now = f->before;
    step(f, true, 2 * S);
    assert_true(only_gpu(f));
  }
  f->now = f->before;
  step(f, true, 2 * S);
  assert_int_equal(f->keeper.state, DISPLAY_GIVEN_UP);
  assert_int_equal(step(f, true, 3600 * S), UINT64_MAX);
  assert_int_equal(f->isolated, 4);
  step(f, false, 1);
  assert_true(as_before(f));
  free(f);
}

static void insists_as_often_as_needed_over_hours(void **state) {
  (void)state;
  struct fixture *f = set_up();
  step(f, true, 1);
  for (int i = 0; i < 20; i++) {
    f->now = f->before;
    step(f, true, 61 * S);
    assert_true(only_gpu(f));
  }
  free(f);
}

static void follows_an_output_that_appears(void **state) {
  (void)state;
  struct fixture *f = set_up();
  f->now.list[1].active = f->now.list[1].connected = false;
  f->before = f->now;
  step(f, true, 1);
  assert_int_equal(f->isolated, 0);
  f->now.list[1].connected = true; /* the plug goes in */
  step(f, true, 2 * S);
  assert_true(only_gpu(f));
  free(f);
}

static void gives_up_when_the_system_refuses(void **state) {
  (void)state;
  struct fixture *f = set_up();
  f->isolate_fails = true;
  step(f, true, 1);
  assert_int_equal(f->keeper.state, DISPLAY_GIVEN_UP);
  step(f, false, 1);
  assert_true(as_before(f));
  free(f);
}

static void tries_again_to_give_back(void **state) {
  (void)state;
  struct fixture *f = set_up();
  step(f, true, 1);
  f->restore_fails = true;
  const uint64_t due_ns = step(f, false, 1);
  assert_int_equal(due_ns, f->now_ns + 60 * S);
  assert_true(f->marked);
  f->restore_fails = false;
  step(f, false, 60 * S);
  assert_true(as_before(f));
  free(f);
}

static void sets_a_mode_while_watched_only(void **state) {
  (void)state;
  struct fixture *f = set_up();
  const struct display_mode wish = {2560, 1440, 144000};
  display_keeper_wish_mode(&f->keeper, &wish);
  step(f, false, 1);
  assert_true(as_before(f));
  step(f, true, 1);
  assert_int_equal(f->mode.width, 0); /* a wish of a viewer that has left */
  display_keeper_wish_mode(&f->keeper, &wish);
  step(f, true, 1);
  assert_memory_equal(&f->mode, &wish, sizeof wish);
  step(f, false, 1);
  assert_true(as_before(f));
  free(f);
}

/* A virtual display that Windows remembers as the primary one, and the VGA that people look at. */
static struct fixture *set_up_virtual(bool may_be_blind) {
  struct fixture *f = calloc(1, sizeof *f);
  f->now =
      (struct display_scene){.count = 2,
                             .list = {{.kind = DISPLAY_EMULATED, .connected = true, .active = true, .adapter = "VGA"},
                                      {.kind = DISPLAY_VIRTUAL, .connected = true, .active = true, .primary = true, .adapter = "Virtual"}}};
  f->now.list[1].driver = virtual_display_find("Root\\MttVDD");
  f->before = f->now;
  begin(f, &(struct display_keeper_options){.only_display = true, .keep_awake = true, .may_be_blind = may_be_blind});
  return f;
}

static bool only_vga(const struct fixture *f) { return f->now.list[0].primary && f->now.list[0].active && !f->now.list[1].active; }

static void nobody_logs_in_blindly(void **state) {
  (void)state;
  struct fixture *f = set_up_virtual(true);
  assert_int_equal(step(f, false, 1), 100 * S + 60 * S);
  assert_int_equal(step(f, false, 60 * S - 2), 100 * S + 60 * S);
  assert_int_equal(f->shown, 0);
  assert_int_equal(step(f, false, 1), UINT64_MAX);
  assert_true(only_vga(f) && !f->marked);
  step(f, false, 3600 * S);
  assert_int_equal(f->shown, 1); /* once: what is arranged later on is wanted */
  step(f, true, 1);
  assert_true(only_gpu(f)); /* the second output: the virtual one */
  step(f, false, 1);
  assert_true(only_vga(f) && as_before(f));
  step(f, false, 3600 * S);
  assert_int_equal(f->shown, 1);
  free(f);
}

static void a_viewer_in_time_is_no_blindness(void **state) {
  (void)state;
  struct fixture *f = set_up_virtual(true);
  step(f, false, 60 * S - 1);
  step(f, true, 1);
  step(f, false, 3600 * S);
  assert_int_equal(f->shown, 0);
  assert_true(as_before(f));
  free(f);
  f = set_up_virtual(false); /* neither a boot nor a log-in */
  assert_int_equal(step(f, false, 3600 * S), UINT64_MAX);
  assert_int_equal(f->shown, 0);
  free(f);
}

/* What a dead agent left is given back first; where that fails, people see something all the same. */
static void blindness_that_an_agent_left_ends_as_well(void **state) {
  (void)state;
  struct fixture *f = set_up_virtual(true);
  step(f, true, 1);
  f->restore_fails = true;
  begin(f, &f->keeper.options);
  step(f, false, 10 * S);
  assert_true(only_gpu(f) && f->keeper.state == DISPLAY_LEFT_OVER);
  step(f, false, 50 * S);
  assert_true(only_vga(f));
  free(f);
}

static void touches_no_display_that_people_see(void **state) {
  (void)state;
  struct fixture *f = set_up_virtual(true);
  f->now.list[0].primary = true, f->now.list[1].primary = false;
  step(f, false, 60 * S);
  assert_int_equal(f->shown, 0);
  free(f);
  f = set_up_virtual(true);
  f->now.count = 1;
  f->now.list[0] = f->now.list[1]; /* there is nothing else */
  step(f, false, 60 * S);
  assert_int_equal(f->shown, 0);
  free(f);
}

static void tells_a_virtual_display_of_the_mode(void **state) {
  (void)state;
  struct fixture *f = set_up_virtual(false);
  const struct display_mode wish = {2560, 1440, 144000};
  f->mode_fails = true, f->offer = DISPLAY_OFFER_SOON, f->offers_until_mode = 4;
  step(f, true, 1);
  display_keeper_wish_mode(&f->keeper, &wish);
  const uint64_t due_ns = step(f, true, 1);
  assert_int_equal(due_ns, f->now_ns + S);
  step(f, true, 1); /* not at each step */
  assert_int_equal(f->mode_tries, 1);
  f->now.count = 0; /* the driver takes its display away for a moment */
  step(f, true, S);
  f->now.count = 2;
  for (int i = 0; i < 8; i++)
    step(f, true, S);
  assert_memory_equal(&f->mode, &wish, sizeof wish);
  assert_int_equal(f->offered, 1);
  assert_int_equal(f->mode_tries, 5);
  assert_string_equal(f->keeper.note, "");
  free(f);
}

static void says_what_became_of_a_wish(void **state) {
  (void)state;
  static const struct {
    enum display_offer offer;
    int tries;
    const char *note;
  } cases[] = {{DISPLAY_OFFER_SOON, 11, "the guest's display has no mode of 2560x1440"},
               {DISPLAY_OFFER_NONE, 1, "the guest's display has no mode of 2560x1440"},
               {DISPLAY_OFFER_LATER, 1, "Virtual Display Driver has 2560x1440 from when its display is plugged in again"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct fixture *f = set_up_virtual(false);
    f->mode_fails = true, f->offer = cases[i].offer;
    display_keeper_wish_mode(&f->keeper, &(struct display_mode){2560, 1440, 0});
    for (int second = 0; second < 30; second++)
      step(f, true, S);
    assert_string_equal(f->keeper.note, cases[i].note);
    assert_int_equal(f->offered, 1);
    assert_int_equal(f->mode_tries, cases[i].tries);
    step(f, false, 1);
    assert_string_equal(f->keeper.note, "");
    assert_true(as_before(f));
    free(f);
  }
}

/* A GPU's display is asked for the mode, and for nothing else. */
static void offers_nothing_to_a_real_display(void **state) {
  (void)state;
  struct fixture *f = set_up();
  f->mode_fails = true;
  display_keeper_wish_mode(&f->keeper, &(struct display_mode){2560, 1440, 0});
  step(f, true, 1);
  assert_int_equal(f->offered, 0);
  assert_string_equal(f->keeper.note, "the guest's display has no mode of 2560x1440");
  free(f);
}

int main(void) {
  log_set_level(LOG_ERROR);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arranges_while_watched_and_gives_back),
      cmocka_unit_test(touches_nothing_that_is_right),
      cmocka_unit_test(does_what_the_options_say),
      cmocka_unit_test(gives_back_what_a_dead_agent_left),
      cmocka_unit_test(goes_on_when_the_viewer_comes_back),
      cmocka_unit_test(insists_but_does_not_fight),
      cmocka_unit_test(insists_as_often_as_needed_over_hours),
      cmocka_unit_test(follows_an_output_that_appears),
      cmocka_unit_test(gives_up_when_the_system_refuses),
      cmocka_unit_test(tries_again_to_give_back),
      cmocka_unit_test(sets_a_mode_while_watched_only),
      cmocka_unit_test(nobody_logs_in_blindly),
      cmocka_unit_test(a_viewer_in_time_is_no_blindness),
      cmocka_unit_test(blindness_that_an_agent_left_ends_as_well),
      cmocka_unit_test(touches_no_display_that_people_see),
      cmocka_unit_test(tells_a_virtual_display_of_the_mode),
      cmocka_unit_test(says_what_became_of_a_wish),
      cmocka_unit_test(offers_nothing_to_a_real_display),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
