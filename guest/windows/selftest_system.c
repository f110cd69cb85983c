#include "guest/windows/selftest_checks.h"

#include "common/clock.h"
#include "guest/windows/cursor_windows.h"
#include "guest/windows/input_desktop.h"
#include "guest/windows/screen_output.h"

#include <stdlib.h>
#include <windows.h>

void selftest_outputs(struct selftest_report *report) {
  struct screen_outputs outputs;
  char advice[160];
  if (!screen_output_list(&outputs)) {
    selftest_report_add(report, SELFTEST_FAIL, SELFTEST_OUTPUTS, "DXGI does not answer");
    return;
  }
  if (outputs.count == 0 || outputs.idle_gpus)
    selftest_report_add(report, SELFTEST_FAIL, "GPU without an output", "%s", screen_output_advice(&outputs, advice, sizeof advice));
  for (uint32_t i = 0; i < outputs.count; i++) {
    const struct screen_output *output = &outputs.list[i];
    selftest_report_add(report, SELFTEST_PASS, SELFTEST_OUTPUTS, "--output %u: %ux%u at %d,%d on %s%s, %.1f Hz", i, output->width,
                        output->height, output->left, output->top, output->adapter_name, output->emulated ? " (emulated)" : "",
                        1e9 / (double)screen_output_period_ns(output));
  }
}

void selftest_cursor(struct selftest_report *report) {
  static const char *const kinds[] = {"none", "colour", "monochrome", "masked"};
  struct screen_outputs outputs;
  struct screen_cursor at;
  struct cursor_windows *cursor = calloc(1, sizeof *cursor);
  if (cursor && screen_output_list(&outputs) && outputs.count && cursor_windows_read(cursor, &outputs.list[0], &at))
    selftest_report_add(report, SELFTEST_PASS, "cursor", "at %d,%d, %s%s, %ux%u, %s", at.x, at.y, at.visible ? "visible" : "hidden",
                        at.clipped ? ", clipped" : "", at.shape.width, at.shape.height, kinds[at.shape.type % 4]);
  else
    selftest_report_add(report, SELFTEST_FAIL, "cursor", "the system does not say where it is (error %lu)", GetLastError());
  free(cursor);
}

void selftest_session(struct selftest_report *report) {
  DWORD session = 0;
  struct input_desktop desktop = {.name = ""};
  const DWORD console = WTSGetActiveConsoleSessionId();
  ProcessIdToSessionId(GetCurrentProcessId(), &session);
  input_desktop_follow(&desktop);
  selftest_report_add(report, session == console ? SELFTEST_PASS : SELFTEST_FAIL, "session", "session %lu, console %lu, desktop %s%s",
                      session, console, desktop.name[0] ? desktop.name : "unknown",
                      session == console ? "" : ": only the console's session has a screen");
  input_desktop_finish(&desktop);
}

/* The smallest step that the counter is seen to make. */
void selftest_clock(struct selftest_report *report) {
  LARGE_INTEGER frequency;
  uint64_t step_ns = UINT64_MAX, backwards = 0;
  QueryPerformanceFrequency(&frequency);
  for (uint64_t i = 0, last_ns = clock_raw_ns(); i < 200000; i++) {
    const uint64_t now_ns = clock_raw_ns();
    backwards += now_ns < last_ns;
    if (now_ns > last_ns && now_ns - last_ns < step_ns)
      step_ns = now_ns - last_ns;
    last_ns = now_ns;
  }
  selftest_report_add(report, backwards ? SELFTEST_FAIL : SELFTEST_PASS, "clock", "%lld Hz, steps of %llu ns, %llu steps back",
                      (long long)frequency.QuadPart, (unsigned long long)step_ns, (unsigned long long)backwards);
}
