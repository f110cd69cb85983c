#include "host/cli/setup_flow.h"

#include "common/exit_status.h"
#include "host/cli/setup_report.h"
#include "host/vm/pci_passthrough.h"
#include "host/vm/setup_apply.h"
#include "host/vm/setup_system.h"
#include "host/vm/text_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ERROR_BYTES 768

struct flow {
  const struct setup_arguments *arguments;
  const char *name; /* of the domain, or the file */
  struct libvirt_connection *connection;
  struct setup_source *source;
  char *current;
  struct setup_plan *plan;
  struct setup_host host;
  char qemu_user[64];
  struct setup_backup backup;
  struct setup_options options;
  struct setup_system system;
  uint64_t region_bytes;
};

static int fail(const struct flow *flow, const char *error) {
  fprintf(stderr, "transom setup: %s: %s\n", flow->name, error);
  return EXIT_STATUS_FAILED;
}

static int usage(const char *text) {
  fprintf(stderr, "transom setup: %s; try --help\n", text);
  return EXIT_STATUS_USAGE;
}

static bool read_size(struct flow *flow) {
  unsigned width, height;
  int end = 0;
  const char *resolution = flow->arguments->resolution[0] ? flow->arguments->resolution : "3840x2160";
  if (sscanf(resolution, "%5ux%5u%n", &width, &height, &end) != 2 || resolution[end] || !width || !height || width > 32768 ||
      height > 32768)
    return false;
  flow->region_bytes = setup_region_bytes(width, height, (uint32_t)flow->arguments->heads, (uint32_t)flow->arguments->consumers);
  return flow->region_bytes > 0;
}

/* Where the sockets will be, and as whom QEMU comes to them. */
static void learn_host(struct flow *flow) {
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  struct setup_host *host = &flow->host;
  if (flow->connection)
    libvirt_host_facts(flow->connection, host, flow->qemu_user, sizeof flow->qemu_user);
  host->invariant_tsc = pci_host_has_invariant_tsc(flow->arguments->root);
  snprintf(host->runtime_dir, sizeof host->runtime_dir, "%s", runtime ? runtime : "");
  if (host->is_session && runtime)
    snprintf(host->run_directory, sizeof host->run_directory, "%.100s/transom", runtime);
  else
    snprintf(host->run_directory, sizeof host->run_directory, "/run/transom");
}

static bool open_source(struct flow *flow, char *error, size_t capacity) {
  const struct setup_arguments *arguments = flow->arguments;
  if (arguments->xml[0]) {
    flow->source = setup_source_file_create(arguments->xml);
  } else {
    flow->connection = libvirt_connection_for(arguments->uri, flow->name, false, error, capacity);
    if (!flow->connection)
      return false;
    flow->source = setup_source_libvirt_create(flow->connection, flow->name);
  }
  if (!flow->source) {
    snprintf(error, capacity, "out of memory");
    return false;
  }
  learn_host(flow);
  flow->current = flow->source->impl->read(flow->source, error, capacity);
  return flow->current != NULL;
}

static bool find_backup(struct flow *flow, const struct setup_facts *facts, char *error, size_t capacity) {
  if (flow->arguments->xml[0])
    return setup_backup_init_file(&flow->backup, flow->arguments->xml, error, capacity);
  return setup_backup_init_domain(&flow->backup, flow->arguments->root, facts->uuid, error, capacity);
}

/* Only a domain whose region is ours, or will be, has a server to care for. */
static void plan_system(struct flow *flow, const struct setup_facts *facts) {
  struct setup_system_options options = {.root = flow->arguments->root,
                                         .instance = facts->directory,
                                         .run_directory = flow->host.run_directory,
                                         .region_bytes = flow->region_bytes,
                                         .qemu_user = flow->qemu_user,
                                         .is_user = flow->host.is_session,
                                         .with_server = !flow->arguments->xml[0] && (!facts->has_region || facts->region_is_ours),
                                         .bind = flow->options.hostdevs};
  uint64_t chosen = flow->arguments->resolution[0] ? 0 : setup_system_chosen_bytes(&options);
  if (chosen)
    flow->region_bytes = options.region_bytes = chosen;
  char path[SETUP_SYSTEM_PATH_BYTES];
  setup_system_binding_path(&options, path);
  bool is_bound = access(path, F_OK) == 0;
  if (flow->arguments->bind_at_boot || (flow->arguments->undo && is_bound))
    options.bind_count = flow->options.hostdev_count + flow->arguments->undo;
  setup_system_init(&flow->system, &options);
}

static bool plan(struct flow *flow, char *error, size_t capacity) {
  const struct setup_arguments *arguments = flow->arguments;
  struct setup_options *options = &flow->options;
  *options = (struct setup_options){.tune = arguments->tune, .display = arguments->display};
  snprintf(options->guest_iso, sizeof options->guest_iso, "%s", arguments->guest_iso);
  if (arguments->gpu[0] && !pci_passthrough_choose(arguments->root, arguments->gpu, arguments->bind_at_boot, options, error, capacity))
    return false;
  if (arguments->vf[0] && !pci_virtual_function_choose(arguments->root, arguments->vf, options, error, capacity))
    return false;
  char reason[256];
  flow->plan = setup_plan_create(flow->current, strlen(flow->current), options, &flow->host, reason, sizeof reason);
  if (!flow->plan) {
    snprintf(error, capacity, "its XML cannot be read: %s", reason);
    return false;
  }
  plan_system(flow, &flow->plan->facts);
  return find_backup(flow, &flow->plan->facts, error, capacity);
}

static bool wants_system(const struct flow *flow) { return flow->system.file_count > 0; }

static bool ask(const struct flow *flow, const char *question) {
  char answer[16];
  if (flow->arguments->yes)
    return true;
  if (!isatty(STDIN_FILENO)) {
    fprintf(stderr, "transom setup: nobody can be asked here; give --yes, or --dry-run to look only\n");
    return false;
  }
  printf("%s [y/N] ", question);
  fflush(stdout);
  return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* " --bind 0000:0a:00.0,0000:0a:00.1" */
static void list_addresses(const struct setup_options *options, char *text, size_t capacity) {
  size_t used = (size_t)snprintf(text, capacity, " --bind ");
  for (unsigned i = 0; i < options->hostdev_count; i++) {
    char address[16];
    pci_address_format(&options->hostdevs[i], address);
    used += (size_t)snprintf(text + used, capacity - used, "%s%s", i ? "," : "", address);
  }
}

/* One command with sudo does all that needs root, so one password does. */
static int run_as_root(const struct flow *flow) {
  char command[1024], user[96] = "", size[48] = "", bind[320] = "";
  if (flow->qemu_user[0])
    snprintf(user, sizeof user, " --qemu-user %s", flow->qemu_user);
  if (flow->system.with_server)
    snprintf(size, sizeof size, " --size %llu", (unsigned long long)(flow->region_bytes >> 20));
  if (flow->arguments->bind_at_boot)
    list_addresses(&flow->options, bind, sizeof bind);
  snprintf(command, sizeof command, "sudo transom setup '%s' --system-only%s%s%s", flow->plan->facts.directory, size, user, bind);
  printf("As root: %s\n", command);
  fflush(stdout);
  if (access("/usr/bin/sudo", X_OK) == 0 && isatty(STDIN_FILENO) && system(command) == 0)
    return EXIT_STATUS_OK;
  fprintf(stderr,
          "transom setup: the domain is set up, but its transom-serve is not: run the line above as root before you start the VM\n");
  return EXIT_STATUS_FAILED;
}

static int apply_system(const struct flow *flow) {
  char error[ERROR_BYTES];
  bool started;
  if (setup_system_needs_root(&flow->system))
    return run_as_root(flow);
  if (!setup_system_apply(&flow->system, &started, error, sizeof error))
    return fail(flow, error);
  if (flow->arguments->bind_at_boot)
    printf("Rebuild the initial RAM disk if it loads the GPU's driver (mkinitcpio -P, update-initramfs -u, dracut -f), and reboot the "
           "host.\n");
  if (!started && !flow->system.has_prefix && flow->system.with_server)
    printf("No systemd runs here: start `transom-serve %s --size %lluM` before the VM.\n", flow->plan->facts.directory,
           (unsigned long long)(flow->region_bytes >> 20));
  return EXIT_STATUS_OK;
}

static void say_what_next(const struct flow *flow) {
  enum domain_state state = flow->connection ? libvirt_domain_state(flow->connection, flow->name) : DOMAIN_STATE_UNKNOWN;
  if (state == DOMAIN_STATE_RUNNING || state == DOMAIN_STATE_PAUSED || state == DOMAIN_STATE_ASLEEP)
    printf("The VM is %s: shut it down fully (a reboot is not enough) and start it again.\n", domain_state_name(state));
  if (flow->connection && libvirt_domain_has_saved_state(flow->connection, flow->name))
    printf("The VM has a saved state that was made without these devices: start it, shut it down, and start it again.\n");
  if (flow->connection)
    printf("Then: transom view '%s' --start\n", flow->name);
}

static int do_setup(struct flow *flow) {
  char error[ERROR_BYTES];
  if (!plan(flow, error, sizeof error))
    return fail(flow, error);
  bool with_system = wants_system(flow), system_done = !with_system || setup_system_is_done(&flow->system);
  setup_report_plan(flow->plan, flow->current, flow->name);
  if (with_system && !system_done)
    setup_report_system(&flow->system, flow->region_bytes);
  if (!flow->plan->changed && system_done) {
    printf("Nothing to do: %s is set up.\n", flow->name);
    return EXIT_STATUS_OK;
  }
  if (flow->arguments->dry_run)
    return EXIT_STATUS_OK;
  if (!ask(flow, "Apply this?"))
    return flow->arguments->yes ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
  if (flow->plan->changed && !setup_apply(flow->source, &flow->backup, flow->current, flow->plan->text, error, sizeof error))
    return fail(flow, error);
  if (flow->plan->changed)
    printf("Done. The definition as it was: %s\n", flow->backup.before);
  int status = with_system ? apply_system(flow) : EXIT_STATUS_OK;
  say_what_next(flow);
  return status;
}

static int undo_system(struct flow *flow, const struct setup_facts *facts) {
  char error[ERROR_BYTES];
  plan_system(flow, facts);
  if (!wants_system(flow))
    return EXIT_STATUS_OK;
  if (setup_system_needs_root(&flow->system)) {
    printf("As root, when the VM is shut down: transom setup '%s' --system-only --undo\n", facts->directory);
    return EXIT_STATUS_OK;
  }
  return setup_system_undo(&flow->system, error, sizeof error) ? EXIT_STATUS_OK : fail(flow, error);
}

static bool is_live(const struct flow *flow) {
  enum domain_state state = flow->connection ? libvirt_domain_state(flow->connection, flow->name) : DOMAIN_STATE_OFF;
  return state != DOMAIN_STATE_OFF && state != DOMAIN_STATE_UNKNOWN && state != DOMAIN_STATE_CRASHED;
}

/* The server stays while a VM lives that uses its memory. */
static int finish_undo(struct flow *flow, const struct setup_facts *facts) {
  printf("Done. The definition is what it was.\n");
  if (!is_live(flow))
    return undo_system(flow, facts);
  printf("The VM still runs with the shared memory; when it is shut down, run as root: transom setup '%s' --system-only --undo\n",
         facts->directory);
  return EXIT_STATUS_OK;
}

static int do_undo(struct flow *flow) {
  char error[ERROR_BYTES];
  struct setup_facts facts;
  struct setup_undo undo;
  if (!setup_facts_read(flow->current, strlen(flow->current), &facts, error, sizeof error) ||
      !find_backup(flow, &facts, error, sizeof error) || !setup_undo_plan(&flow->backup, flow->current, &undo, error, sizeof error))
    return fail(flow, error);
  setup_report_undo(&undo, flow->current, flow->name);
  int status = EXIT_STATUS_OK;
  if (!flow->arguments->dry_run) {
    if (!ask(flow, "Take this back?"))
      status = EXIT_STATUS_FAILED;
    else if (!setup_undo_apply(flow->source, &flow->backup, &undo, error, sizeof error))
      status = fail(flow, error);
    else
      status = finish_undo(flow, &facts);
  }
  free(undo.text);
  return status;
}

static void finish(struct flow *flow) {
  setup_plan_destroy(flow->plan);
  free(flow->current);
  if (flow->source)
    flow->source->impl->destroy(flow->source);
  libvirt_connection_close(flow->connection);
}

static int run_one(const struct setup_arguments *arguments, const char *name) {
  struct flow flow = {.arguments = arguments, .name = name};
  char error[ERROR_BYTES];
  if (!read_size(&flow))
    return usage("--resolution is WIDTHxHEIGHT, and the region at most 16 GiB");
  int status = !open_source(&flow, error, sizeof error) ? fail(&flow, error) : arguments->undo ? do_undo(&flow) : do_setup(&flow);
  finish(&flow);
  return status;
}

/* For the package's removal: every domain whose region is ours goes back, so that each of them starts without us. */
static int undo_all(const struct setup_arguments *arguments) {
  const char *uris[LIBVIRT_URIS_MAX];
  char error[ERROR_BYTES] = "";
  int status = EXIT_STATUS_OK;
  for (unsigned i = 0, count = libvirt_uris(arguments->uri, uris); i < count; i++) {
    struct libvirt_connection *connection = libvirt_connection_open(uris[i], true, error, sizeof error);
    size_t domains = 0;
    struct libvirt_domain_entry *entries = connection ? libvirt_domains(connection, &domains, error, sizeof error) : NULL;
    if (!connection || error[0]) {
      fprintf(stderr, "transom setup: %s: %s\n", uris[i], error);
      status = EXIT_STATUS_FAILED;
    }
    for (size_t j = 0; j < domains; j++) {
      char *xml = entries[j].persistent ? libvirt_domain_live_xml(connection, entries[j].name, error, sizeof error) : NULL;
      struct setup_facts facts;
      if (xml && setup_facts_read(xml, strlen(xml), &facts, error, sizeof error) && facts.region_is_ours) {
        int one = run_one(arguments, entries[j].name);
        status = one ? one : status;
      }
      free(xml);
    }
    free(entries);
    libvirt_connection_close(connection);
  }
  return status;
}

static bool parse_addresses(const char *list, struct setup_options *options) {
  char text[300];
  snprintf(text, sizeof text, "%s", list);
  for (char *rest = text, *word; (word = strsep(&rest, ",")) != NULL;)
    if (options->hostdev_count == SETUP_HOSTDEVS_MAX || !pci_address_parse(word, &options->hostdevs[options->hostdev_count++]))
      return false;
  return true;
}

static int run_system_only(const struct setup_arguments *arguments, const char *instance) {
  char error[ERROR_BYTES];
  bool started;
  struct setup_system system;
  struct setup_options devices = {0};
  if (strchr(instance, '/') || strlen(instance) >= SETUP_NAME_BYTES)
    return usage("--system-only takes the VM's directory name");
  if (arguments->bind[0] && !parse_addresses(arguments->bind, &devices))
    return usage("--bind takes PCI addresses with commas between them");
  struct setup_system_options options = {.root = arguments->root,
                                         .instance = instance,
                                         .run_directory = "/run/transom",
                                         .region_bytes = strtoull(arguments->size[0] ? arguments->size : "128", NULL, 10) << 20,
                                         .qemu_user = arguments->undo ? "root" : arguments->qemu_user,
                                         .with_server = arguments->undo || arguments->size[0],
                                         .bind = devices.hostdevs,
                                         .bind_count = devices.hostdev_count + arguments->undo};
  setup_system_init(&system, &options);
  bool fine =
      arguments->undo ? setup_system_undo(&system, error, sizeof error) : setup_system_apply(&system, &started, error, sizeof error);
  if (!fine)
    fprintf(stderr, "transom setup: %s: %s\n", instance, error);
  return fine ? EXIT_STATUS_OK : EXIT_STATUS_FAILED;
}

int setup_flow_run(const struct setup_arguments *arguments, const char *word) {
  if (arguments->undo && arguments->all && !word && !arguments->xml[0])
    return undo_all(arguments);
  if (arguments->all)
    return usage("--all goes with --undo and without a domain");
  if (arguments->system_only)
    return word ? run_system_only(arguments, word) : usage("--system-only needs a name");
  if (arguments->bind_at_boot && !arguments->gpu[0])
    return usage("--bind-at-boot goes with --gpu");
  if (!word == !arguments->xml[0])
    return usage("give a domain, or --xml FILE");
  return run_one(arguments, word ? word : arguments->xml);
}
