/* Says what the guest's event devices report, for tests on the host: one line an event, commands and answers on the same stream.
 *
 * usage: record_input [--name TEXT] [--sum] [--echo]
 *   --name  only devices whose name contains TEXT
 *   --sum   motion and wheels are added up, and told by `sync`
 *   --echo  a byte to I/O port 0xe9 (QEMU's isa-debugcon) for each report, at once
 *
 * Says:      "device N NAME"          N = the number of /dev/input/eventN; also for those that come later
 *            "gone N"
 *            "N TYPE CODE VALUE"      as in linux/input-event-codes.h, decimal; no EV_SYN, no EV_MSC, no autorepeat
 *            "dropped N"              the kernel's buffer ran over
 *            "sum N CODE TOTAL COUNT" of EV_REL
 * Commands:  "sync WORD"  answered by the sums (which begin anew) and "sync WORD", when all that the kernel had was said
 *            "held"       "held N CODE" for each key that is down as the kernel knows it, then "held"
 *            "leds MASK"  bits 0 Num, 1 Caps, 2 Scroll, to every keyboard with LEDs
 *            "quit" */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEVICES_MAX 32
#define DEBUG_PORT 0xe9
#define AUTOREPEAT 2

struct device {
  int fd; /* -1 = none */
  long long sums[REL_CNT], counts[REL_CNT];
};

static struct device devices[DEVICES_MAX];
static const char *wanted_name = "";
static bool sums, echo;

static void open_device(int number) {
  char path[64], name[128] = "";
  if (number < 0 || number >= DEVICES_MAX || devices[number].fd >= 0)
    return;
  snprintf(path, sizeof(path), "/dev/input/event%d", number);
  const int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return;
  if (ioctl(fd, EVIOCGNAME(sizeof(name) - 1), name) < 0 || !strstr(name, wanted_name)) {
    close(fd);
    return;
  }
  devices[number] = (struct device){.fd = fd};
  printf("device %d %s\n", number, name);
}

static void close_device(int number) {
  close(devices[number].fd);
  devices[number].fd = -1;
  printf("gone %d\n", number);
}

static int node_number(const char *name) { return strncmp(name, "event", 5) == 0 ? atoi(name + 5) : -1; }

static void open_all(void) {
  DIR *directory = opendir("/dev/input");
  for (struct dirent *entry; directory && (entry = readdir(directory));)
    open_device(node_number(entry->d_name));
  if (directory)
    closedir(directory);
}

static void take_event(int number, const struct input_event *event) {
  struct device *device = &devices[number];
  if (event->type == EV_SYN && event->code == SYN_DROPPED)
    printf("dropped %d\n", number);
  if (event->type == EV_SYN && event->code == SYN_REPORT && echo)
    outb('.', DEBUG_PORT);
  if (event->type == EV_SYN || event->type == EV_MSC || (event->type == EV_KEY && event->value == AUTOREPEAT))
    return;
  if (event->type == EV_REL && sums) {
    device->sums[event->code] += event->value;
    device->counts[event->code]++;
    return;
  }
  printf("%d %d %d %d\n", number, event->type, event->code, event->value);
}

/* All that the kernel has. */
static void read_device(int number) {
  struct input_event events[64];
  for (;;) {
    const ssize_t bytes = read(devices[number].fd, events, sizeof(events));
    if (bytes < 0 && errno == EAGAIN)
      return;
    if (bytes <= 0) {
      close_device(number);
      return;
    }
    for (size_t i = 0; i < (size_t)bytes / sizeof(events[0]); i++)
      take_event(number, &events[i]);
  }
}

static void say_sums(int number) {
  struct device *device = &devices[number];
  for (int code = 0; code < REL_CNT; code++)
    if (device->counts[code])
      printf("sum %d %d %lld %lld\n", number, code, device->sums[code], device->counts[code]);
  memset(device->sums, 0, sizeof(device->sums));
  memset(device->counts, 0, sizeof(device->counts));
}

static void say_held(int number) {
  uint8_t keys[KEY_CNT / 8] = {0};
  ioctl(devices[number].fd, EVIOCGKEY(sizeof(keys)), keys);
  for (int code = 0; code < KEY_CNT; code++)
    if (keys[code / 8] >> (code % 8) & 1)
      printf("held %d %d\n", number, code);
}

static void set_leds(int number, unsigned mask) {
  for (unsigned led = LED_NUML; led <= LED_SCROLLL; led++) {
    const struct input_event events[2] = {{.type = EV_LED, .code = (uint16_t)led, .value = (int)(mask >> led & 1)}, {.type = EV_SYN}};
    if (write(devices[number].fd, events, sizeof(events)) < 0 && errno != EINVAL)
      return;
  }
}

static void obey(const char *line) {
  unsigned mask = 0;
  const bool is_leds = sscanf(line, "leds %u", &mask) == 1;
  for (int number = 0; number < DEVICES_MAX; number++) {
    if (devices[number].fd >= 0)
      read_device(number);
    if (devices[number].fd < 0)
      continue;
    if (is_leds)
      set_leds(number, mask);
    else if (strncmp(line, "sync ", 5) == 0)
      say_sums(number);
    else if (strcmp(line, "held") == 0)
      say_held(number);
  }
  if (strcmp(line, "quit") == 0)
    exit(EXIT_SUCCESS);
  if (!is_leds)
    puts(line);
}

static void read_commands(void) {
  static char line[128];
  static size_t length;
  char bytes[256];
  const ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));
  if (count <= 0)
    exit(EXIT_SUCCESS); /* nobody listens */
  for (ssize_t i = 0; i < count; i++) {
    if (bytes[i] != '\n' && length + 1 < sizeof(line)) {
      line[length++] = bytes[i];
      continue;
    }
    line[length] = '\0';
    length = 0;
    obey(line);
  }
}

static void turn(int notify) {
  struct pollfd polled[DEVICES_MAX + 2];
  for (int i = 0; i < DEVICES_MAX; i++)
    polled[i] = (struct pollfd){.fd = devices[i].fd, .events = POLLIN};
  polled[DEVICES_MAX] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
  polled[DEVICES_MAX + 1] = (struct pollfd){.fd = notify, .events = POLLIN};
  if (poll(polled, DEVICES_MAX + 2, -1) < 0)
    return;
  for (int i = 0; i < DEVICES_MAX; i++)
    if (polled[i].revents)
      read_device(i);
  if (polled[DEVICES_MAX].revents)
    read_commands();
  char discarded[4096];
  if (polled[DEVICES_MAX + 1].revents && read(notify, discarded, sizeof(discarded)) > 0)
    open_all();
  fflush(stdout);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--name") == 0 && i + 1 < argc)
      wanted_name = argv[++i];
    sums |= strcmp(argv[i], "--sum") == 0;
    echo |= strcmp(argv[i], "--echo") == 0;
  }
  if (echo && ioperm(DEBUG_PORT, 1, 1)) {
    perror("record_input: I/O port");
    return EXIT_FAILURE;
  }
  for (int i = 0; i < DEVICES_MAX; i++)
    devices[i].fd = -1;
  const int notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  inotify_add_watch(notify, "/dev/input", IN_CREATE | IN_ATTRIB);
  static char out[65536];
  setvbuf(stdout, out, _IOFBF, sizeof(out));
  open_all();
  puts("recording");
  fflush(stdout);
  for (;;)
    turn(notify);
}
