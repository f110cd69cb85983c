#define LOG_MODULE "service"
#include "guest/windows/service.h"

#include "common/clock.h"
#include "common/log.h"
#include "guest/core/session_policy.h"
#include "guest/windows/agent_log.h"
#include "guest/windows/data_directory.h"
#include "guest/windows/session_worker.h"
#include "guest/windows/verbs.h"
#include "guest/windows/wide_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <windows.h>

/* Session changes are told to us; should one be missed, it is seen then. */
#define LOOK_AGAIN_MS 2000u
#define STOP_HINT_MS ((DWORD)(2 * SESSION_END_TIMEOUT_NS / 1000000))

/* The system calls the service's main function and its handler without an argument, so these are the process's. */
static SERVICE_STATUS_HANDLE status_handle;
static HANDLE wake;         /* something happened: look */
static volatile LONG ended; /* the system wants us to stop */

struct service {
  struct session_policy policy;
  struct session_worker worker;
  int64_t last_exit;
};

static void report(DWORD state, DWORD exit_code) {
  const bool starts_or_stops = state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
  SERVICE_STATUS status = {
      .dwServiceType = SERVICE_WIN32_OWN_PROCESS,
      .dwCurrentState = state,
      .dwControlsAccepted = starts_or_stops ? 0 : SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_SESSIONCHANGE,
      .dwWin32ExitCode = exit_code ? ERROR_SERVICE_SPECIFIC_ERROR : NO_ERROR,
      .dwServiceSpecificExitCode = exit_code,
      .dwWaitHint = starts_or_stops ? STOP_HINT_MS : 0,
  };
  if (!SetServiceStatus(status_handle, &status))
    log_warning("the service manager was not told of state %lu", state);
}

static DWORD WINAPI on_control(DWORD control, DWORD type, LPVOID data, LPVOID context) {
  (void)type;
  (void)data;
  (void)context;
  switch (control) {
  case SERVICE_CONTROL_STOP:
  case SERVICE_CONTROL_SHUTDOWN:
    report(SERVICE_STOP_PENDING, 0); /* before the main thread can know and say that it has stopped: that must be the last word */
    InterlockedExchange(&ended, 1);
    SetEvent(wake);
    return NO_ERROR;
  case SERVICE_CONTROL_SESSIONCHANGE:
    SetEvent(wake);
    return NO_ERROR;
  case SERVICE_CONTROL_INTERROGATE:
    return NO_ERROR;
  default:
    return ERROR_CALL_NOT_IMPLEMENTED;
  }
}

/* For `status`; the keys are those of service_status.c. */
static void write_state(const struct service *service) {
  char text[256];
  const struct session_policy *policy = &service->policy;
  snprintf(text, sizeof text,
           "[service]\nstate = %s\npid = %lu\nworker-pid = %" PRIu32 "\nsession = %" PRId64 "\nstarts = %" PRIu32 "\nlast-exit = %" PRId64
           "\n",
           session_state_name(policy->state), GetCurrentProcessId(), service->worker.process ? service->worker.pid : 0,
           policy->session == SESSION_NONE ? INT64_C(-1) : (int64_t)policy->session, policy->starts, service->last_exit);
  if (!data_directory_write(SERVICE_STATE_FILE, text))
    log_warning("%s cannot be written", SERVICE_STATE_FILE);
}

static void perform(struct service *service, enum session_action action) {
  switch (action) {
  case SESSION_NOTHING:
    return;
  case SESSION_START:
    if (!session_worker_start(&service->worker, service->policy.session))
      session_policy_worker_ended(&service->policy, SESSION_WORKER_ENDED, clock_raw_ns());
    break;
  case SESSION_ASK_END:
    session_worker_ask_end(&service->worker);
    break;
  case SESSION_KILL:
    session_worker_kill(&service->worker);
    break;
  }
  write_state(service);
}

static void take_worker_end(struct service *service) {
  if (!session_worker_ended(&service->worker))
    return;
  const uint32_t code = service->worker.exit_code;
  const bool later = code == EXIT_STATUS_CANNOT_RUN_HERE || code == EXIT_STATUS_USAGE;
  service->last_exit = code;
  perform(service, session_policy_worker_ended(&service->policy, later ? SESSION_WORKER_LATER : SESSION_WORKER_ENDED, clock_raw_ns()));
  if (service->policy.state == SESSION_WAITING)
    log_warning("worker %" PRIu32 " ended with %" PRIu32 "; the next one starts in %.2f s", service->worker.pid, code,
                (double)service->policy.back_off_ns / 1e9);
  else
    log_info("worker %" PRIu32 " ended with %" PRIu32, service->worker.pid, code);
  write_state(service);
}

static void look(struct service *service) {
  take_worker_end(service);
  if (ended)
    perform(service, session_policy_stop(&service->policy, clock_raw_ns()));
  else
    perform(service, session_policy_console(&service->policy, WTSGetActiveConsoleSessionId(), clock_raw_ns()));
  perform(service, session_policy_time(&service->policy, clock_raw_ns()));
}

static void rest(const struct service *service) {
  const HANDLE handles[] = {wake, service->worker.process};
  const uint64_t now_ns = clock_raw_ns(), due_ns = service->policy.due_ns;
  DWORD rest_ms = LOOK_AGAIN_MS;
  if (due_ns <= now_ns)
    return;
  if (due_ns - now_ns < LOOK_AGAIN_MS * UINT64_C(1000000))
    rest_ms = (DWORD)((due_ns - now_ns) / 1000000 + 1);
  if (WaitForMultipleObjects(service->worker.process ? 2 : 1, handles, FALSE, rest_ms) == WAIT_FAILED)
    Sleep(rest_ms); /* cannot be; but should it, we do not spin */
}

static DWORD serve(void) {
  struct service service = {.last_exit = -1};
  session_policy_init(&service.policy);
  if (!session_worker_init(&service.worker))
    return EXIT_STATUS_FAILED;
  log_info("transom-agent %s runs as service, process %lu", TRANSOM_VERSION, GetCurrentProcessId());
  report(SERVICE_RUNNING, 0);
  while (service.policy.state != SESSION_DONE) {
    look(&service);
    if (service.policy.state != SESSION_DONE)
      rest(&service);
  }
  write_state(&service);
  session_worker_finish(&service.worker);
  log_info("the service has stopped");
  return EXIT_STATUS_OK;
}

static void WINAPI service_main(DWORD count, LPWSTR *words) {
  (void)count;
  (void)words;
  status_handle = RegisterServiceCtrlHandlerExW(SERVICE_NAME, on_control, NULL);
  if (!status_handle)
    return;
  report(SERVICE_START_PENDING, 0);
  agent_log_open("service.log");
  const DWORD result = serve();
  agent_log_close();
  report(SERVICE_STOPPED, result);
}

enum exit_status verb_service(const struct agent_settings *settings) {
  (void)settings;
  char reason[160];
  wchar_t name[] = SERVICE_NAME;
  const SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {NULL, NULL}};
  wake = CreateEventW(NULL, FALSE, FALSE, NULL);
  if (!wake) {
    log_error("no event for the service: %s", system_error_text(GetLastError(), reason, sizeof reason));
    return EXIT_STATUS_FAILED;
  }
  const bool served = StartServiceCtrlDispatcherW(table);
  const DWORD code = served ? NO_ERROR : GetLastError();
  CloseHandle(wake);
  if (served)
    return EXIT_STATUS_OK;
  if (code == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT)
    log_error("`service` is for Windows to call; to have it do so: transom-agent install");
  else
    log_error("the service manager does not take us: %s", system_error_text(code, reason, sizeof reason));
  return EXIT_STATUS_FAILED;
}
