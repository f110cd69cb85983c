#include "common/exit_status.h"
#include "common/options.h"
#include "host/cli/command.h"
#include "host/cli/setup_flow.h"

static const struct option_entry entries[] = {
#define STRING(field)                                                                                                                      \
  .kind = OPTION_STRING, .offset = offsetof(struct setup_arguments, field), .capacity = sizeof(((struct setup_arguments *)0)->field)
#define FLAG(field) .kind = OPTION_FLAG, .offset = offsetof(struct setup_arguments, field)
    {.name = "connect",
     .letter = 'c',
     STRING(uri),
     .argument = "URI",
     .help = "libvirt to ask (LIBVIRT_DEFAULT_URI, else system, then session)"},
    {.name = "dry-run", .letter = 'n', FLAG(dry_run), .help = "show what would be done, and do nothing"},
    {.name = "yes", .letter = 'y', FLAG(yes), .help = "do not ask"},
    {.name = "undo", FLAG(undo), .help = "take everything back"},
    {.name = "all", FLAG(all), .help = "with --undo: every domain that was set up"},
    {.name = "xml", STRING(xml), .argument = "FILE", .help = "a domain's XML in a file, in place of one in libvirt"},
    {.name = "resolution", STRING(resolution), .argument = "WxH", .help = "largest mode of the guest (as set up before, else 3840x2160)"},
    {.name = "heads",
     .kind = OPTION_INT,
     .offset = offsetof(struct setup_arguments, heads),
     .minimum = 1,
     .maximum = 8,
     .argument = "N",
     .help = "screens (1)"},
    {.name = "consumers",
     .kind = OPTION_INT,
     .offset = offsetof(struct setup_arguments, consumers),
     .minimum = 1,
     .maximum = 8,
     .argument = "N",
     .help = "programs that hold a frame at once: a viewer, a recorder (1)"},
    {.name = "gpu", STRING(gpu), .argument = "ADDRESS", .help = "pass this GPU through, with all that must go along: 01:00.0"},
    {.name = "bind-at-boot", FLAG(bind_at_boot), .help = "with --gpu: keep the host's driver away from it from the next boot on"},
    {.name = "vf", STRING(vf), .argument = "ADDRESS", .help = "pass an SR-IOV virtual function through"},
    {.name = "guest-iso", STRING(guest_iso), .argument = "FILE", .help = "put the guest's installer into a CD drive"},
    {.name = "tune", FLAG(tune), .help = "processor, clock and Hyper-V settings (on; --no-tune)"},
    {.name = "display", FLAG(display), .help = "an emulated display for firmware and login (on; --no-display)"},
    {.name = "root", STRING(root), .argument = "DIR", .help = "read and write the host's files below DIR, and start nothing"},
    {.name = "system-only", FLAG(system_only), .help = "only the units of the VM, whose name is given (what needs root)"},
    {.name = "size", STRING(size), .argument = "MIB", .help = "with --system-only: of the region"},
    {.name = "bind", STRING(bind), .argument = "LIST", .help = "with --system-only: addresses to bind at boot, with commas"},
    {.name = "qemu-user", STRING(qemu_user), .argument = "USER", .help = "with --system-only: as whom libvirt runs QEMU"},
    {0},
};

static const struct option_table table = {
    .usage = "transom setup DOMAIN [OPTION...]",
    .summary = "Prepares a virtual machine of libvirt for Transom: shows what it would change, asks, changes it, and can take it back.",
    .entries = entries,
    .epilog = "Nothing of yours is removed. The VM must be shut down (not rebooted) and started once for the changes to count.",
};

static int run(int argc, char **argv) {
  struct setup_arguments arguments = {.heads = 1, .consumers = 1, .tune = true, .display = true};
  const char *word = NULL;
  int count = 0;
  switch (options_parse(&table, argc, argv, &arguments, &word, 1, &count)) {
  case OPTIONS_OK:
    return setup_flow_run(&arguments, count ? word : NULL);
  case OPTIONS_HELP:
    return EXIT_STATUS_OK;
  case OPTIONS_ERROR:
    break;
  }
  return EXIT_STATUS_USAGE;
}

const struct command command_setup = {.name = "setup", .summary = "prepare a virtual machine of libvirt, or undo it", .run = run};
