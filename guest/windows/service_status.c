#include "common/options.h"
#include "guest/windows/agent_state.h"
#include "guest/windows/data_directory.h"
#include "guest/windows/instance_lock.h"
#include "guest/windows/service.h"
#include "guest/windows/verbs.h"
#include "guest/windows/wide_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define FIELD(field) .offset = offsetof(struct service_state, field)
#define NUMBER(field) .kind = OPTION_INT, FIELD(field), .minimum = -1, .maximum = UINT32_MAX

static const struct option_entry entries[] = {
    {.name = "state", .kind = OPTION_STRING, FIELD(state), .capacity = sizeof(((struct service_state *)0)->state)},
    {.name = "pid", NUMBER(pid)},
    {.name = "worker-pid", NUMBER(worker_pid)},
    {.name = "session", NUMBER(session)},
    {.name = "starts", NUMBER(starts)},
    {.name = "last-exit", NUMBER(last_exit)},
    {0},
};
static const struct option_table table = {.usage = "service.state", .entries = entries};

static const char *service_state_text(DWORD state) {
  static const char *const names[] = {"unknown", "stopped", "starting", "stopping", "running", "continuing", "pausing", "paused"};
  return names[state < sizeof names / sizeof names[0] ? state : 0];
}

/* The service manager's word: 0 when there is no such service. */
static DWORD query_service(void) {
  SERVICE_STATUS status = {0};
  const SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  const SC_HANDLE service = manager ? OpenServiceW(manager, SERVICE_NAME, SERVICE_QUERY_STATUS) : NULL;
  if (service && !QueryServiceStatus(service, &status))
    status.dwCurrentState = 0;
  if (service)
    CloseServiceHandle(service);
  if (manager)
    CloseServiceHandle(manager);
  return status.dwCurrentState;
}

static void read_state(struct service_state *state) {
  char path[DATA_PATH_BYTES], error[256];
  *state = (struct service_state){.session = -1, .last_exit = -1};
  if (data_directory_path(SERVICE_STATE_FILE, path) && !options_load_file(&table, path, "service", state, error, sizeof error))
    fprintf(stderr, "transom-agent: %s\n", error);
}

/* What was written last may be of a service that was killed: the lock says whether a worker lives. */
static bool has_worker(DWORD service, const struct service_state *state) {
  return service == SERVICE_RUNNING && state->worker_pid > 0 && instance_lock_is_taken();
}

static void print_text(DWORD service, const struct service_state *state, const struct agent_state *agent) {
  printf("service: %s\n", service ? service_state_text(service) : "not installed; transom-agent install");
  if (has_worker(service, state))
    printf("worker: process %" PRId64 " in session %" PRId64 ", start %" PRId64 "\n", state->worker_pid, state->session, state->starts);
  else
    printf("worker: none\n");
  if (service == SERVICE_RUNNING && state->last_exit >= 0)
    printf("last worker: ended with %" PRId64 "\n", state->last_exit);
  if (has_worker(service, state) || strcmp(agent->state, "failed") == 0) /* else it is of an agent that was killed */
    printf("agent: %s: %s\n", agent->state[0] ? agent->state : "unknown", agent->text);
}

/* `text` between quotation marks, with what JSON does not allow there escaped. */
static void print_quoted(const char *text) {
  putchar('"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      putchar('\\');
    putchar((unsigned char)*text < ' ' ? ' ' : *text);
  }
  putchar('"');
}

static void print_json(DWORD service, const struct service_state *state, const struct agent_state *agent) {
  printf("{\"schema\": 1, \"service\": \"%s\", \"state\": ", service ? service_state_text(service) : "not installed");
  print_quoted(state->state);
  printf(", \"worker_pid\": %" PRId64 ", \"session\": %" PRId64 ", \"starts\": %" PRId64 ", \"last_exit\": %" PRId64 ", \"agent_state\": ",
         state->worker_pid, state->session, state->starts, state->last_exit);
  print_quoted(agent->state);
  printf(", \"agent_text\": ");
  print_quoted(agent->text);
  printf("}\n");
}

enum exit_status verb_status(const struct agent_settings *settings) {
  struct service_state state;
  struct agent_state agent;
  const DWORD service = query_service();
  read_state(&state);
  agent_state_read(&agent);
  if (settings->config_fault[0])
    fprintf(stderr, "transom-agent: %s\n", settings->config_fault);
  if (settings->json)
    print_json(service, &state, &agent);
  else
    print_text(service, &state, &agent);
  return has_worker(service, &state) ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}
