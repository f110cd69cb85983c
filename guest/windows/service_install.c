#define LOG_MODULE "install"
#include "common/log.h"
#include "guest/windows/data_directory.h"
#include "guest/windows/service.h"
#include "guest/windows/verbs.h"
#include "guest/windows/wide_text.h"

#include <shlobj.h>
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#define STATE_WAIT_MS 20000u /* a worker has 5 s to end, twice; the rest is for a busy machine */
#define STATE_LOOK_MS 50u

static wchar_t description[] = L"Shows this virtual machine's screen to its host.";

static bool fail(const char *what) {
  char reason[160];
  const DWORD code = GetLastError();
  log_error("%s: %s%s", what, system_error_text(code, reason, sizeof reason),
            code == ERROR_ACCESS_DENIED ? "; run this as administrator" : "");
  return false;
}

static SC_HANDLE open_manager(void) {
  const SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE);
  if (!manager)
    fail("the service manager cannot be opened");
  return manager;
}

static bool wait_for_state(SC_HANDLE service, DWORD wanted) {
  SERVICE_STATUS status = {.dwCurrentState = 0};
  for (DWORD waited_ms = 0; waited_ms <= STATE_WAIT_MS; waited_ms += STATE_LOOK_MS) {
    if (!QueryServiceStatus(service, &status))
      return fail("the service does not say how it is");
    if (status.dwCurrentState == wanted)
      return true;
    if (status.dwCurrentState == SERVICE_STOPPED) /* and will not start any more */
      break;
    Sleep(STATE_LOOK_MS);
  }
  if (status.dwCurrentState == SERVICE_STOPPED)
    log_error("the service has stopped again at once: see service.log in ProgramData\\Transom");
  else
    log_error("the service did not %s within %u s", wanted == SERVICE_STOPPED ? "stop" : "start", STATE_WAIT_MS / 1000);
  return false;
}

static bool stop(SC_HANDLE service) {
  SERVICE_STATUS status;
  if (!ControlService(service, SERVICE_CONTROL_STOP, &status))
    return GetLastError() == ERROR_SERVICE_NOT_ACTIVE || fail("the service cannot be stopped");
  return wait_for_state(service, SERVICE_STOPPED);
}

/* Restarted when it dies: after 1, 5 and 30 s, counting anew after a day without. */
static bool configure(SC_HANDLE service) {
  SC_ACTION actions[] = {{SC_ACTION_RESTART, 1000}, {SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 30000}};
  SERVICE_FAILURE_ACTIONSW failure = {.dwResetPeriod = 86400, .cActions = 3, .lpsaActions = actions};
  SERVICE_FAILURE_ACTIONS_FLAG also_on_errors = {.fFailureActionsOnNonCrashFailures = TRUE};
  SERVICE_DESCRIPTIONW text = {.lpDescription = description};
  if (!ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &text))
    return fail("the service cannot be described");
  if (!ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure) ||
      !ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &also_on_errors))
    log_warning("the service will not be restarted by Windows when it fails (error %lu)", GetLastError());
  return true;
}

/* Made anew, or an older version's entry brought up to date. */
static SC_HANDLE enter(SC_HANDLE manager, const wchar_t *command) {
  SC_HANDLE service = CreateServiceW(manager, SERVICE_NAME, SERVICE_TITLE, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                                     SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, NULL, NULL);
  if (service)
    return service;
  if (GetLastError() != ERROR_SERVICE_EXISTS) {
    fail("the service cannot be made");
    return NULL;
  }
  service = OpenServiceW(manager, SERVICE_NAME, SERVICE_ALL_ACCESS);
  if (service && stop(service) &&
      ChangeServiceConfigW(service, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, NULL,
                           NULL, SERVICE_TITLE))
    return service;
  fail("the service that is there cannot be changed");
  if (service)
    CloseServiceHandle(service);
  return NULL;
}

/* Whoever can replace the file of a service of SYSTEM is SYSTEM. */
static void warn_of_place(const wchar_t *program) {
  wchar_t *folder = NULL;
  if (SHGetKnownFolderPath(&FOLDERID_ProgramFiles, 0, NULL, &folder) != S_OK)
    return;
  const size_t length = wcslen(folder);
  if (_wcsnicmp(program, folder, length) != 0 || program[length] != L'\\')
    log_warning("the service will run this very file as SYSTEM: keep it where only administrators can write, as in %ls", folder);
  CoTaskMemFree(folder);
}

static bool own_command(wchar_t command[MAX_PATH + 16]) {
  wchar_t program[MAX_PATH];
  const DWORD length = GetModuleFileNameW(NULL, program, MAX_PATH);
  if (length == 0 || length >= MAX_PATH) {
    log_error("the agent's own path is too long for a service");
    return false;
  }
  warn_of_place(program);
  return _snwprintf(command, MAX_PATH + 16, L"\"%ls\" service", program) > 0;
}

static bool start(SC_HANDLE service) {
  if (!StartServiceW(service, 0, NULL))
    return fail("the service cannot be started");
  return wait_for_state(service, SERVICE_RUNNING);
}

enum exit_status verb_install(const struct agent_settings *settings) {
  (void)settings;
  char error[DATA_ERROR_BYTES];
  wchar_t command[MAX_PATH + 16];
  if (!data_directory_create(error)) {
    log_error("%s", error);
    return EXIT_STATUS_FAILED;
  }
  const SC_HANDLE manager = own_command(command) ? open_manager() : NULL;
  const SC_HANDLE service = manager ? enter(manager, command) : NULL;
  const bool good = service && configure(service) && start(service);
  if (service)
    CloseServiceHandle(service);
  if (manager)
    CloseServiceHandle(manager);
  if (good)
    log_info("installed and started; `transom-agent status` tells how it is");
  return good ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

/* True as well when there was none. */
static bool remove_service(SC_HANDLE manager) {
  const SC_HANDLE service = OpenServiceW(manager, SERVICE_NAME, SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE);
  if (!service)
    return GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST || fail("the service cannot be opened");
  const bool good = stop(service) && (DeleteService(service) || fail("the service cannot be removed"));
  CloseServiceHandle(service);
  return good;
}

enum exit_status verb_uninstall(const struct agent_settings *settings) {
  char error[DATA_ERROR_BYTES];
  const SC_HANDLE manager = open_manager();
  const bool removed = manager && remove_service(manager);
  if (manager)
    CloseServiceHandle(manager);
  if (!removed)
    return EXIT_STATUS_FAILED;
  if (!settings->keep_data && !data_directory_remove(error)) {
    log_error("%s", error);
    return EXIT_STATUS_FAILED;
  }
  log_info(settings->keep_data ? "the service is removed" : "service, settings and logs are removed");
  return EXIT_STATUS_OK;
}
