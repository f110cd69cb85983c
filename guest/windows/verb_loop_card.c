#define LOG_MODULE "loop"
#include "common/clock.h"
#include "common/log.h"
#include "guest/windows/loop_window.h"
#include "guest/windows/process_setup.h"
#include "guest/windows/stop_wish.h"
#include "guest/windows/verbs.h"

#include <stdint.h>
#include <windows.h>

#define SECOND_NS UINT64_C(1000000000)
#define MS_NS UINT64_C(1000000)

/* False: the window was closed. */
static bool take_messages(void) {
  MSG message;
  while (PeekMessageW(&message, NULL, 0, 0, PM_REMOVE)) {
    if (message.message == WM_QUIT)
      return false;
    DispatchMessageW(&message);
  }
  return true;
}

static DWORD rest_ms(uint64_t end_ns) {
  const uint64_t now_ns = clock_raw_ns(), rest = now_ns < end_ns ? (end_ns - now_ns) / MS_NS + 1 : 0;
  return end_ns == UINT64_MAX ? INFINITE : rest < INFINITE ? (DWORD)rest : INFINITE - 1;
}

/* Until Ctrl-C, the window's end or that of the time. */
static void serve(uint64_t end_ns) {
  HANDLE handles[STOP_WISH_HANDLES];
  const DWORD count = stop_wish_handles(handles);
  DWORD woken;
  do {
    woken = MsgWaitForMultipleObjectsEx(count, handles, rest_ms(end_ns), QS_ALLINPUT, MWMO_INPUTAVAILABLE);
  } while (woken == WAIT_OBJECT_0 + count && take_messages());
}

static enum exit_status show(const struct agent_settings *settings) {
  char error[200];
  const uint64_t seconds = (uint64_t)settings->publish.seconds;
  struct loop_window *window = loop_window_create((uint32_t)settings->output, error, sizeof error);
  if (!window) {
    log_error("%s", error);
    return EXIT_STATUS_CANNOT_RUN_HERE;
  }
  log_info("showing the loop card; run `transom latency --loop` on the host, and end this by Ctrl-C or Alt+F4");
  serve(seconds ? clock_raw_ns() + seconds * SECOND_NS : UINT64_MAX);
  loop_window_destroy(window);
  return EXIT_STATUS_OK;
}

enum exit_status verb_loop_card(const struct agent_settings *settings) {
  if (settings->config_fault[0]) {
    log_error("%s", settings->config_fault);
    return EXIT_STATUS_USAGE;
  }
  if (!stop_wish_init(settings->stop_event))
    return EXIT_STATUS_FAILED;
  process_setup_see_real_pixels();
  const enum exit_status status = show(settings);
  stop_wish_finish();
  return status;
}
