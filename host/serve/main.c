/* transom-serve: owns a VM's region and is its ivshmem server. */
#define LOG_MODULE "serve"
#include "common/log.h"
#include "common/options.h"
#include "host/serve/server.h"

#include "common/ivshmem_peer.h"
#include "protocol/layout.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

struct arguments {
  char socket[SERVE_PATH_BYTES_MAX];
  char control[SERVE_PATH_BYTES_MAX];
  char size[32];
  char qemu_user[64];
  int64_t vectors;
  bool is_private;
  bool verbose;
};

static const struct option_entry entries[] = {
    {.name = "socket",
     .letter = 's',
     .kind = OPTION_STRING,
     .offset = offsetof(struct arguments, socket),
     .capacity = SERVE_PATH_BYTES_MAX,
     .argument = "PATH",
     .help = "the ivshmem socket (default: region.sock of NAME)"},
    {.name = "control",
     .kind = OPTION_STRING,
     .offset = offsetof(struct arguments, control),
     .capacity = SERVE_PATH_BYTES_MAX,
     .argument = "PATH",
     .help = "the viewers' socket (default: control.sock beside it)"},
    {.name = "size",
     .kind = OPTION_STRING,
     .offset = offsetof(struct arguments, size),
     .capacity = sizeof((struct arguments *)0)->size,
     .argument = "SIZE",
     .help = "of the region: 1M to 16G, a power of two (default: 128M)"},
    {.name = "vectors",
     .kind = OPTION_INT,
     .offset = offsetof(struct arguments, vectors),
     .minimum = 1,
     .maximum = IVSHMEM_VECTORS_MAX,
     .argument = "N",
     .help = "doorbells a peer (default: 2)"},
    {.name = "qemu-user",
     .kind = OPTION_STRING,
     .offset = offsetof(struct arguments, qemu_user),
     .capacity = sizeof((struct arguments *)0)->qemu_user,
     .argument = "USER",
     .help = "QEMU's user, if it is none of root, you, libvirt-qemu, qemu"},
    {.name = "private",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct arguments, is_private),
     .help = "end with standard input and the last peer"},
    {.name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .offset = offsetof(struct arguments, verbose), .help = "say more"},
    {0},
};

static const struct option_table table = {
    .usage = "transom-serve [NAME] [OPTION...]",
    .summary = "Owns the shared memory of the VM NAME and connects QEMU (ivshmem-doorbell) and viewers to it.",
    .entries = entries,
    .epilog = "QEMU: -chardev socket,id=transom,path=/run/transom/NAME/region.sock -device ivshmem-doorbell,chardev=transom,vectors=2",
};

/* "128M", "1G", or plain bytes; a power of two within the protocol's bounds. */
static bool parse_size(const char *text, uint64_t *bytes) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
  if (errno || end == text || text[0] == '-' || (shift ? end[1] : end[0]) || value > TRANSOM_REGION_BYTES_MAX >> shift)
    return false;
  value <<= shift;
  *bytes = value;
  return value >= TRANSOM_REGION_BYTES_MIN && !(value & (value - 1));
}

static bool init_paths(struct serve_paths *paths, const char *name, const struct arguments *arguments) {
  int result = serve_paths_init(paths, name, arguments->socket, arguments->control);
  if (result == -EINVAL)
    log_error("'%s' cannot be the name of a VM here: it must do as a file name", name);
  else if (result == -ENAMETOOLONG)
    log_error("the socket's path is longer than %d bytes: choose a shorter one with --socket", SERVE_PATH_BYTES_MAX - 1);
  else if (result)
    log_error("cannot make the directory of '%s': %s; choose a place with --socket", name, strerror(-result));
  return result == 0;
}

int main(int argc, char **argv) {
  struct arguments arguments = {.size = "128M", .vectors = TRANSOM_VECTORS};
  const char *name = "default";
  int count = 0;
  switch (options_parse(&table, argc, argv, &arguments, &name, 1, &count)) {
  case OPTIONS_HELP:
    return EXIT_SUCCESS;
  case OPTIONS_ERROR:
    return EXIT_USAGE;
  case OPTIONS_OK:
    break;
  }
  log_set_level(arguments.verbose ? LOG_DEBUG : LOG_INFO);
  signal(SIGPIPE, SIG_IGN);
  struct serve_paths paths;
  struct qemu_users qemu_users;
  struct server_options options = {
      .paths = &paths, .qemu_users = &qemu_users, .vector_count = (uint32_t)arguments.vectors, .is_private = arguments.is_private};
  if (!parse_size(arguments.size, &options.region_bytes)) {
    log_error("--size %s: not a power of two from 1M to 16G", arguments.size);
    return EXIT_USAGE;
  }
  if (qemu_users_init(&qemu_users, arguments.qemu_user)) {
    log_error("--qemu-user %s: no such user", arguments.qemu_user);
    return EXIT_USAGE;
  }
  if (!init_paths(&paths, name, &arguments))
    return EXIT_FAILURE;
  struct server *server = server_create(&options);
  bool fine = server && server_run(server);
  server_destroy(server);
  return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
