#define LOG_MODULE "service"
#include "guest/windows/session_worker.h"

#include "common/log.h"
#include "common/random.h"
#include "guest/windows/data_directory.h"
#include "guest/windows/wide_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

#define COMMAND_LINE_MAX 1024
#define EVENT_NAME_MAX 48

static bool fail(const char *what) {
  char reason[160];
  log_error("%s: %s", what, system_error_text(GetLastError(), reason, sizeof reason));
  return false;
}

bool session_worker_init(struct session_worker *worker) {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE};
  *worker = (struct session_worker){.job = CreateJobObjectW(NULL, NULL)};
  if (!worker->job)
    return fail("no job object for the worker");
  if (!SetInformationJobObject(worker->job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
    fail("the worker's job cannot be limited");
    CloseHandle(worker->job);
    return false;
  }
  return true;
}

static void close_handle(void **handle) {
  if (*handle)
    CloseHandle(*handle);
  *handle = NULL;
}

void session_worker_finish(struct session_worker *worker) {
  close_handle(&worker->job); /* the system ends what is in it */
  close_handle(&worker->process);
  close_handle(&worker->stop_event);
}

/* A name that nobody can have taken before us; who may set the event is as SYSTEM's token says: SYSTEM and administrators. */
static bool create_stop_event(struct session_worker *worker, wchar_t name[EVENT_NAME_MAX]) {
  _snwprintf(name, EVENT_NAME_MAX, L"Global\\TransomStop-%016llx", (unsigned long long)random_nonzero64());
  worker->stop_event = CreateEventW(NULL, TRUE, FALSE, name);
  return worker->stop_event || fail("no event for the worker");
}

/* SYSTEM's own: a user's could neither take the driver's device nor show the log-in screen. */
static HANDLE own_token_in(DWORD session) {
  HANDLE own, moved = NULL;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY | TOKEN_ASSIGN_PRIMARY, &own))
    return NULL;
  if (DuplicateTokenEx(own, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenPrimary, &moved) &&
      !SetTokenInformation(moved, TokenSessionId, &session, sizeof session)) {
    const DWORD code = GetLastError();
    CloseHandle(moved);
    SetLastError(code);
    moved = NULL;
  }
  CloseHandle(own);
  return moved;
}

static bool command_line(const wchar_t *event_name, wchar_t line[COMMAND_LINE_MAX]) {
  wchar_t program[MAX_PATH];
  const DWORD length = GetModuleFileNameW(NULL, program, MAX_PATH);
  if (length == 0 || length >= MAX_PATH)
    return fail("the agent's own path is not known");
  const int count = _snwprintf(line, COMMAND_LINE_MAX, L"\"%ls\" run --stop-event %ls", program, event_name);
  return count > 0 && count < COMMAND_LINE_MAX;
}

/* Suspended until it is in the job: so there is no moment in which it could outlive us. */
static bool launch(struct session_worker *worker, HANDLE token, wchar_t *line) {
  wchar_t desktop[] = L"WinSta0\\Default";
  STARTUPINFOW startup = {.cb = sizeof startup, .lpDesktop = desktop};
  PROCESS_INFORMATION process;
  if (!CreateProcessAsUserW(token, NULL, line, NULL, NULL, FALSE, CREATE_SUSPENDED | CREATE_NO_WINDOW, NULL, NULL, &startup, &process))
    return fail("the worker cannot be started");
  const bool good = AssignProcessToJobObject(worker->job, process.hProcess) && ResumeThread(process.hThread) != (DWORD)-1;
  if (!good) {
    fail("the worker cannot be put into its job");
    TerminateProcess(process.hProcess, EXIT_FAILURE);
    CloseHandle(process.hProcess);
  } else {
    worker->process = process.hProcess;
    worker->pid = process.dwProcessId;
  }
  CloseHandle(process.hThread);
  return good;
}

bool session_worker_start(struct session_worker *worker, uint32_t session) {
  wchar_t event_name[EVENT_NAME_MAX], line[COMMAND_LINE_MAX];
  const HANDLE token = own_token_in(session);
  if (!token)
    return fail("SYSTEM's token cannot be moved into the session");
  const bool good = create_stop_event(worker, event_name) && command_line(event_name, line) && launch(worker, token, line);
  CloseHandle(token);
  if (good)
    log_info("worker %" PRIu32 " started in session %" PRIu32, worker->pid, session);
  else
    close_handle(&worker->stop_event);
  return good;
}

void session_worker_ask_end(struct session_worker *worker) {
  if (!SetEvent(worker->stop_event))
    fail("the worker cannot be asked to end");
}

void session_worker_kill(struct session_worker *worker) {
  log_warning("worker %" PRIu32 " does not end when asked: it is killed", worker->pid);
  if (!TerminateJobObject(worker->job, EXIT_FAILURE))
    fail("the worker cannot be killed");
}

bool session_worker_ended(struct session_worker *worker) {
  DWORD code = EXIT_FAILURE;
  if (!worker->process || WaitForSingleObject(worker->process, 0) != WAIT_OBJECT_0)
    return false;
  GetExitCodeProcess(worker->process, &code);
  worker->exit_code = code;
  close_handle(&worker->process);
  close_handle(&worker->stop_event);
  return true;
}
