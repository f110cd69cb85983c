#include "common/exit_status.h"
#include "common/options.h"
#include "host/cli/command.h"
#include "host/cli/doctor_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
  char uri[256], root[200];
  bool json;
};

#define STRING(field) .kind = OPTION_STRING, .offset = offsetof(struct arguments, field), .capacity = sizeof(((struct arguments *)0)->field)

static const struct option_entry entries[] = {
    {.name = "connect",
     .letter = 'c',
     STRING(uri),
     .argument = "URI",
     .help = "libvirt to ask (LIBVIRT_DEFAULT_URI, else system, then session)"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct arguments, json), .help = "one JSON object on stdout"},
    {.name = "root", STRING(root), .argument = "DIR", .help = "look at the host's files below DIR (a captured tree)"},
    {0},
};

static const struct option_table table = {
    .usage = "transom doctor [DOMAIN] [OPTION...]",
    .summary = "Looks at each link of the chain from the processor to the guest's picture, and says what is wrong and what to do.",
    .entries = entries,
    .epilog = "Changes nothing. Exit status 1 when something does not work.",
};

static void print_report(const struct doctor_report *report) {
  static const char *const marks[] = {
      [CHECK_FINE] = "ok", [CHECK_WARNING] = "warning", [CHECK_FAILED] = "FAILED", [CHECK_UNKNOWN] = "unknown"};
  for (unsigned i = 0; i < report->count; i++) {
    const struct doctor_entry *entry = &report->entries[i];
    printf("%-8s %s: %s\n", marks[entry->result.verdict], entry->check->title, entry->result.evidence);
    if (entry->result.fix[0])
      printf("         -> %s\n", entry->result.fix);
  }
}

/* What libvirt says of the domain goes into the context; `storage` keeps QEMU's user. */
static void learn_domain(struct check_context *context, struct libvirt_connection *connection, char *qemu_user, size_t capacity) {
  char error[LIBVIRT_ERROR_BYTES];
  context->uri = libvirt_connection_uri(connection);
  context->state = libvirt_domain_state(connection, context->domain);
  libvirt_host_facts(connection, &context->host, qemu_user, capacity);
  char *xml = libvirt_domain_live_xml(connection, context->domain, error, sizeof error);
  context->has_facts = xml && setup_facts_read(xml, strlen(xml), &context->facts, error, sizeof error);
  free(xml);
  if (context->has_facts)
    region_probe(context->facts.region, &context->region);
}

static int examine(const struct arguments *arguments, const char *domain) {
  static struct doctor_report report; /* 40 kB */
  char reason[512] = "", qemu_user[64] = "";
  struct check_context context = {.root = arguments->root, .domain = domain, .uri = "", .reason = reason, .qemu_user = qemu_user};
  struct libvirt_connection *connection = domain ? libvirt_connection_for(arguments->uri, domain, true, reason, sizeof reason) : NULL;
  if (connection)
    learn_domain(&context, connection, qemu_user, sizeof qemu_user);
  doctor_run(&context, &report);
  libvirt_connection_close(connection);
  if (!arguments->json) {
    print_report(&report);
    return report.ok ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
  }
  char *text = doctor_json(&report, domain);
  puts(text ? text : "null");
  free(text);
  return report.ok ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

static int run(int argc, char **argv) {
  struct arguments arguments = {0};
  const char *domain = NULL;
  int count = 0;
  switch (options_parse(&table, argc, argv, &arguments, &domain, 1, &count)) {
  case OPTIONS_OK:
    return examine(&arguments, count ? domain : NULL);
  case OPTIONS_HELP:
    return EXIT_STATUS_OK;
  case OPTIONS_ERROR:
    break;
  }
  return EXIT_STATUS_USAGE;
}

const struct command command_doctor = {.name = "doctor", .summary = "say what is wrong with a VM's set-up, and what to do", .run = run};
