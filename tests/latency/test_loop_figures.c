/* The input-to-screen test's statistics: what each span is the difference of, what is no measurement, and exact quantiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/stats/loop_figures.h"

#include <stdlib.h>
#include <string.h>

#define US UINT64_C(1000)
#define GUEST_EPOCH (UINT64_C(1) << 50) /* the guest's clock has nothing to do with ours */

static struct loop_figures figures;

static struct loop_trial trial_of(uint64_t way_us, uint64_t guest_us, uint64_t present_us) {
  return (struct loop_trial){.injected_ns = 77 * US,
                             .seen_ns = (77 + way_us + guest_us) * US,
                             .presented_ns = (77 + way_us + guest_us + present_us) * US,
                             .event_ns = GUEST_EPOCH,
                             .acquired_ns = GUEST_EPOCH + guest_us * US / 4,
                             .published_ns = GUEST_EPOCH + guest_us * US};
}

static void is_near(uint64_t value_ns, uint64_t truth_us) {
  assert_in_range(value_ns, truth_us * US, truth_us * US + truth_us * US / 100 + 1);
}

static void spans_are_what_they_say(void **state) {
  (void)state;
  const uint64_t truth_us[LOOP_SPANS] = {300, 50, 200, 500, 40, 540};
  const struct loop_trial trial = trial_of(300, 200, 40);
  loop_figures_init(&figures, "qmp");
  loop_figures_add(&figures, &trial);
  for (unsigned span = 0; span < LOOP_SPANS; span++)
    is_near(histogram_quantile(&figures.spans[span], 500), truth_us[span]);
  assert_int_equal(loop_figures_measured(&figures), 1);
}

static void quantiles_are_those_of_the_trials(void **state) {
  (void)state;
  loop_figures_init(&figures, "qmp");
  for (uint64_t i = 0; i < 300; i++) {
    const struct loop_trial trial = trial_of(1000 + (i * 7 % 300) * 10, 100, 0);
    loop_figures_add(&figures, &trial);
  }
  is_near(histogram_quantile(&figures.spans[LOOP_SPAN_WAY], 500), 1000 + 149 * 10);
  is_near(histogram_quantile(&figures.spans[LOOP_SPAN_WAY], 950), 1000 + 284 * 10);
  is_near(histogram_quantile(&figures.spans[LOOP_SPAN_WAY], 990), 1000 + 296 * 10);
  is_near(histogram_quantile(&figures.spans[LOOP_SPAN_WAY], 1000), 1000 + 299 * 10);
}

static void the_impossible_is_no_measurement(void **state) {
  (void)state;
  struct loop_trial wrong[5];
  for (unsigned i = 0; i < 5; i++)
    wrong[i] = trial_of(300, 200, 40);
  wrong[0].seen_ns = wrong[0].injected_ns - 1;
  wrong[1].presented_ns = wrong[1].seen_ns - 1;
  wrong[2].published_ns = wrong[2].event_ns - 1;
  wrong[3].event_ns = wrong[3].published_ns - 501 * US; /* longer in the guest than the whole took */
  wrong[4].acquired_ns = wrong[4].event_ns - 1;
  loop_figures_init(&figures, "qmp");
  for (unsigned i = 0; i < 5; i++)
    loop_figures_add(&figures, &wrong[i]);
  loop_figures_lost(&figures, 77 * US);
  assert_int_equal(figures.trials, 6);
  assert_int_equal(figures.disturbed, 5);
  assert_int_equal(figures.lost, 1);
  assert_int_equal(loop_figures_measured(&figures), 0);
}

static void reports_say_what_they_leave_out(void **state) {
  (void)state;
  static struct loop_figures sinks[LOOP_SINKS_MAX];
  char *text = NULL;
  size_t bytes;
  const struct loop_trial trial = trial_of(300, 200, 40);
  loop_figures_init(&sinks[0], "usb");
  loop_figures_init(&sinks[1], "qmp");
  for (unsigned i = 0; i < 20; i++)
    loop_figures_add(&sinks[0], &trial);
  loop_figures_lost(&sinks[1], 77 * US);
  FILE *out = open_memstream(&text, &bytes);
  loop_figures_json(sinks, 2, "headless", out);
  loop_figures_text(sinks, 2, "headless", out);
  fclose(out);
  assert_non_null(strstr(text, "{\"sink\":\"usb\",\"trials\":20,\"measured\":20,\"lost\":0,"));
  assert_non_null(strstr(text, "{\"sink\":\"qmp\",\"trials\":1,\"measured\":0,\"lost\":1,"));
  assert_non_null(strstr(text, "\"inject_to_present\":{\"count\":0,\"p50_us\":null,"));
  assert_non_null(strstr(text, "\"p95_us\":540"));
  assert_non_null(strstr(text, "\"p99_us\":null,\"max_us\":540"));
  assert_non_null(strstr(text, "To scanout, not to photon"));
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(spans_are_what_they_say),
      cmocka_unit_test(quantiles_are_those_of_the_trials),
      cmocka_unit_test(the_impossible_is_no_measurement),
      cmocka_unit_test(reports_say_what_they_leave_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
