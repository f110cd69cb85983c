/* Says what the guest's event devices report, for tests on the host: one line an event, commands and answers on the same stream.
 *
 * usage: record_input [--name TEXT] [--sum] [--echo] [--console]
 *   --name  only devices whose name contains TEXT
 *   --sum   motion and wheels are added up, and told by `sync`
 *   --echo  a byte to I/O port 0xe9 (QEMU's isa-debugcon) for each report, at once
 *   --console  also what the kernel's own keyboard handler hears, on a virtual terminal of its own: an unplugged event device cannot be
 * read any more, but the handler is told the releases
 *
 * Says:      "device N NAME"          N = the number of /dev/input/eventN; also for those that come later
 *            "gone N"
 *            "N TYPE CODE VALUE"      as in linux/input-event-codes.h, decimal; no EV_SYN, no EV_MSC, no autorepeat
 *            "console CODE VALUE"     a key of any keyboard; autorepeat left out
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
#include <linux/kd.h>
#include <linux/vt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define DEVICES_MAX 32
#define DEBUG_PORT 0xe9
#define AUTOREPEAT 2
#define CONSOLE_NUMBER 3 /* tty1 has the shell */
#define CONSOLE_PATH "/dev/tty3"

struct device {
  int fd; /* -1 = none */
  long long sums[REL_CNT], counts[REL_CNT];
};

static struct device devices[DEVICES_MAX];
static const char *wanted_name = "";
static bool sums, echo;
static int console = -1;

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

static bool open_console(void) {
  console = open(CONSOLE_PATH, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  struct termios mode;
  if (console < 0 || tcgetattr(console, &mode))
    return false;
  cfmakeraw(&mode);
  return tcsetattr(console, TCSANOW, &mode) == 0 && ioctl(console, VT_ACTIVATE, CONSOLE_NUMBER) == 0 &&
         ioctl(console, VT_WAITACTIVE, CONSOLE_NUMBER) == 0 && ioctl(console, KDSKBMODE, K_MEDIUMRAW) == 0;
}

static void take_console_key(int code, bool down) {
  static bool held[KEY_CNT];
  if (code >= KEY_CNT || held[code] == down)
    return;
  held[code] = down;
  printf("console %d %d\n", code, down);
}

/* console_ioctl(4), K_MEDIUMRAW: bit 7 = up; a code of 0 is followed by two bytes with 7 bits of the real code each. */
static void read_console(void) {
  static int state, code, up;
  uint8_t bytes[256];
  const ssize_t count = read(console, bytes, sizeof(bytes));
  for (ssize_t i = 0; i < count; i++) {
    if (state == 0 && (bytes[i] & 0x7f) != 0) {
      take_console_key(bytes[i] & 0x7f, !(bytes[i] & 0x80));
      continue;
    }
    up = state == 0 ? bytes[i] & 0x80 : up;
    code = state == 0 ? 0 : code << 7 | (bytes[i] & 0x7f);
    state = (state + 1) % 3;
    if (state == 0)
      take_console_key(code, !up);
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
  if (console >= 0)
    read_console();
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
    exit(console < 0 || ioctl(console, KDSKBMODE, K_UNICODE) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
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
  struct pollfd polled[DEVICES_MAX + 3];
  for (int i = 0; i < DEVICES_MAX; i++)
    polled[i] = (struct pollfd){.fd = devices[i].fd, .events = POLLIN};
  polled[DEVICES_MAX] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
  polled[DEVICES_MAX + 1] = (struct pollfd){.fd = notify, .events = POLLIN};
  polled[DEVICES_MAX + 2] = (struct pollfd){.fd = console, .events = POLLIN};
  if (poll(polled, DEVICES_MAX + 3, -1) < 0)
    return;
  for (int i = 0; i < DEVICES_MAX; i++)
    if (polled[i].revents)
      read_device(i);
  if (polled[DEVICES_MAX + 2].revents)
    read_console();
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
    if (strcmp(argv[i], "--console") == 0 && !open_console()) {
      perror("record_input: console");
      return EXIT_FAILURE;
    }
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
