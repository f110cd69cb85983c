#define LOG_MODULE "agent"
#include "guest/windows/stop_wish.h"

#include "common/log.h"
#include "guest/windows/wide_text.h"

#include <stdlib.h>
#include <windows.h>

/* The system calls the handler without an argument, on a thread of its own: so these are the process's. */
static HANDLE asked, service_event;

/* After the answer to a console that closes, a log-off or a shutdown, Windows ends the process at once; until then it waits for some
 * seconds, in which the agent says goodbye and puts the displays back. Its end ends this thread as well. */
static BOOL WINAPI on_console_event(DWORD type) {
  SetEvent(asked);
  if (type == CTRL_CLOSE_EVENT || type == CTRL_LOGOFF_EVENT || type == CTRL_SHUTDOWN_EVENT)
    Sleep(INFINITE);
  return TRUE;
}

static bool open_service_event(const char *name) {
  char reason[160];
  wchar_t *wide = wide_text(name);
  service_event = wide ? OpenEventW(SYNCHRONIZE, FALSE, wide) : NULL;
  if (!service_event)
    log_error("the event '%s' cannot be opened: %s", name, system_error_text(GetLastError(), reason, sizeof reason));
  free(wide);
  return service_event != NULL;
}

bool stop_wish_init(const char *event_name) {
  char reason[160];
  asked = CreateEventW(NULL, TRUE, FALSE, NULL);
  if (!asked || !SetConsoleCtrlHandler(on_console_event, TRUE)) {
    log_error("cannot wait for Ctrl-C: %s", system_error_text(GetLastError(), reason, sizeof reason));
    stop_wish_finish();
    return false;
  }
  if (event_name[0] && !open_service_event(event_name)) {
    stop_wish_finish();
    return false;
  }
  return true;
}

void stop_wish_finish(void) {
  SetConsoleCtrlHandler(on_console_event, FALSE);
  if (service_event)
    CloseHandle(service_event);
  if (asked)
    CloseHandle(asked);
  asked = service_event = NULL;
}

unsigned stop_wish_handles(void *handles[STOP_WISH_HANDLES]) {
  unsigned count = 0;
  handles[count++] = asked;
  if (service_event)
    handles[count++] = service_event;
  return count;
}

bool stop_wish_within(unsigned milliseconds) {
  HANDLE handles[STOP_WISH_HANDLES];
  const unsigned count = stop_wish_handles(handles);
  return WaitForMultipleObjects(count, handles, FALSE, milliseconds) != WAIT_TIMEOUT; /* a wait that fails ends the agent as well */
}
