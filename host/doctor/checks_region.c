/* The region: device, server, agent, picture. */
#include "host/doctor/doctor_checks.h"

#include "protocol/layout.h"

#include <errno.h>
#include <string.h>

static void run_region(const struct check_context *context, struct check_result *result) {
  if (!context->has_facts)
    return;
  if (context->facts.has_region) {
    check_say(result, CHECK_FINE, "%s%s", context->facts.region[0] ? context->facts.region : "in <qemu:commandline>",
              context->facts.region_is_ours ? "" : " (not made by transom setup)");
    return;
  }
  check_say(result, CHECK_FAILED, "the domain has no shared memory device");
  check_fix(result, "transom setup '%s'", context->domain);
}

const struct check check_region = {"region", "Shared memory", run_region};

static bool is_live(const struct check_context *context) {
  return context->state == DOMAIN_STATE_RUNNING || context->state == DOMAIN_STATE_PAUSED || context->state == DOMAIN_STATE_ASLEEP;
}

/* A domain whose region has no server does not start: QEMU ends when it cannot connect. */
static void run_server(const struct check_context *context, struct check_result *result) {
  const char *region = context->facts.region;
  if (!context->has_facts || strncmp(region, "server:", 7) != 0)
    return;
  if (context->region.state != REGION_PROBE_UNREACHABLE) {
    check_say(result, CHECK_FINE, "answers, %llu MiB", (unsigned long long)(context->region.bytes >> 20));
    return;
  }
  check_say(result, CHECK_FAILED, "%s: %s%s", region + 7, strerror(-context->region.error),
            is_live(context) ? "" : "; the VM does not start without it");
  if (context->region.error == -EACCES)
    check_fix(result, "you may not connect: join the group (sudo usermod -aG transom $USER) and log in again");
  else
    check_fix(result, "sudo systemctl enable --now transom-serve@%s.socket, or take the set-up back: transom setup '%s' --undo",
              context->facts.directory, context->domain);
}

const struct check check_server = {"server", "transom-serve", run_server};

static void run_agent(const struct check_context *context, struct check_result *result) {
  const struct region_probe *probe = &context->region;
  if (!context->has_facts || probe->state == REGION_PROBE_NONE || probe->state == REGION_PROBE_UNREACHABLE)
    return;
  if (probe->state == REGION_PROBE_ALIVE) {
    check_say(result, CHECK_FINE, "%s on %s", probe->agent, probe->guest);
  } else if (!is_live(context)) {
    check_say(result, CHECK_UNKNOWN, "the VM is %s", domain_state_name(context->state));
  } else if (probe->state == REGION_PROBE_INCOMPATIBLE) {
    check_say(result, CHECK_FAILED, "the agent in the guest is of another major version than %s", TRANSOM_VERSION);
    check_fix(result, "install the same release in the guest");
  } else {
    check_say(result, CHECK_FAILED, "%s",
              probe->state == REGION_PROBE_SILENT    ? "an agent was there, but it does not answer any more"
              : probe->state == REGION_PROBE_FOREIGN ? "another program writes to the shared memory (Looking Glass?)"
                                                     : "no agent writes to the shared memory");
    check_fix(result, "in the guest: install and start transom-agent; transom-agent selftest says what it lacks");
  }
}

const struct check check_agent = {"agent", "Agent in the guest", run_agent};

/* The first failure of most who pass a GPU through: without a monitor, Windows has no desktop on it. */
static void run_output(const struct check_context *context, struct check_result *result) {
  const struct region_probe *probe = &context->region;
  if (!context->has_facts || probe->state != REGION_PROBE_ALIVE)
    return;
  if (probe->has_report && probe->agent_state == TRANSOM_AGENT_NO_DISPLAY) {
    check_say(result, CHECK_FAILED, "the agent finds no active output: %s", probe->report);
    check_fix(result,
              "plug a monitor's second cable or a dummy plug into the guest's GPU, or install a virtual display driver in the guest");
    return;
  }
  check_say(result, CHECK_FINE, "%u screen%s%s%s", probe->heads, probe->heads == 1 ? "" : "s", probe->report[0] ? "; the agent says: " : "",
            probe->report);
}

const struct check check_output = {"output", "Active output", run_output};
