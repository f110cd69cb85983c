#include "common/exit_status.h"
#include "common/options.h"
#include "host/cli/command.h"
#include "host/doctor/region_probe.h"
#include "host/vm/libvirt_connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
  char uri[256];
};

static const struct option_entry entries[] = {
    {.name = "connect",
     .letter = 'c',
     .kind = OPTION_STRING,
     .offset = offsetof(struct arguments, uri),
     .capacity = sizeof((struct arguments *)0)->uri,
     .argument = "URI",
     .help = "libvirt to ask (LIBVIRT_DEFAULT_URI, else system and session)"},
    {0},
};

static const struct option_table table = {
    .usage = "transom list [OPTION...]",
    .summary = "Lists libvirt's domains: their state, whether each is ready for Transom, and what is missing.",
    .entries = entries,
};

static bool is_live(enum domain_state state) { return state == DOMAIN_STATE_RUNNING || state == DOMAIN_STATE_PAUSED; }

/* The one thing to do next. */
static const char *what_is_missing(enum domain_state state, const struct setup_facts *facts, const struct region_probe *probe) {
  if (!facts->has_region)
    return "not set up: transom setup";
  if (probe->state == REGION_PROBE_UNREACHABLE && strncmp(facts->region, "server:", 7) == 0)
    return probe->error == -EACCES ? "you may not connect to its server: group transom"
                                   : "its server is gone, so it cannot start: transom doctor";
  if (!is_live(state))
    return "ready: start it";
  if (probe->state == REGION_PROBE_ALIVE)
    return facts->has_usb_input ? "ready" : "ready (input through QEMU's monitor)";
  return probe->state == REGION_PROBE_SILENT ? "the agent does not answer" : "no agent in the guest";
}

static void print_domain(struct libvirt_connection *connection, const struct libvirt_domain_entry *entry) {
  char error[LIBVIRT_ERROR_BYTES];
  struct setup_facts facts;
  struct region_probe probe;
  char *xml = libvirt_domain_live_xml(connection, entry->name, error, sizeof error);
  if (xml && setup_facts_read(xml, strlen(xml), &facts, error, sizeof error)) {
    region_probe(facts.region, &probe);
    printf("%-24s %-9s %-28s %s\n", entry->name, domain_state_name(entry->state), probe.agent[0] ? probe.agent : "-",
           what_is_missing(entry->state, &facts, &probe));
  } else
    printf("%-24s %-9s %-28s %s\n", entry->name, domain_state_name(entry->state), "-", error);
  free(xml);
}

static bool print_domains(const char *uri, size_t *total) {
  char error[LIBVIRT_ERROR_BYTES] = "";
  size_t count = 0;
  struct libvirt_connection *connection = libvirt_connection_open(uri, true, error, sizeof error);
  struct libvirt_domain_entry *list = connection ? libvirt_domains(connection, &count, error, sizeof error) : NULL;
  if (!connection || error[0])
    fprintf(stderr, "transom list: %s: %s\n", uri, error);
  if (count && *total == 0)
    printf("%-24s %-9s %-28s %s\n", "DOMAIN", "STATE", "AGENT", "READY");
  for (size_t i = 0; i < count; i++)
    print_domain(connection, &list[i]);
  *total += count;
  free(list);
  bool fine = connection && !error[0];
  libvirt_connection_close(connection);
  return fine;
}

static int list_all(const struct arguments *arguments) {
  const char *uris[LIBVIRT_URIS_MAX];
  unsigned count = libvirt_uris(arguments->uri, uris), answered = 0;
  size_t total = 0;
  for (unsigned i = 0; i < count; i++)
    answered += print_domains(uris[i], &total);
  if (answered && total == 0)
    printf("libvirt has no domains.\n");
  return answered == count ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

static int run(int argc, char **argv) {
  struct arguments arguments = {0};
  const char *word;
  int count = 0;
  switch (options_parse(&table, argc, argv, &arguments, &word, 0, &count)) {
  case OPTIONS_OK:
    return list_all(&arguments);
  case OPTIONS_HELP:
    return EXIT_STATUS_OK;
  case OPTIONS_ERROR:
    break;
  }
  return EXIT_STATUS_USAGE;
}

const struct command command_list = {.name = "list", .summary = "list the virtual machines, and what each still lacks", .run = run};
