#include "host/app/settings.h"

#include "common/log.h"
#include "host/present/presenter_select.h"
#include "protocol/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define YEAR_S (365ll * 24 * 3600)

static const char *const private_server_names[] = {"auto", "never", NULL};
static const char *const stats_names[] = {"none", "json", NULL};
static const char *const sink_names[] = {"auto", "usb", "qmp", NULL}; /* enum input_sinks_way */
static const char *const hidden_pointer_names[] = {"ignore", "hint", "capture", NULL};
static const char *const level_names[] = {"error", "warning", "info", "debug", NULL};

#define FIELD(name) offsetof(struct view_settings, name)
#define STRING(name) .kind = OPTION_STRING, .offset = FIELD(name), .capacity = sizeof(((struct view_settings *)0)->name)

static const struct option_entry entries[] = {
    {.name = "region", STRING(region), .argument = "REGION", .help = "server:SOCKET of transom-serve, or a shared memory file"},
    {.name = "qmp", STRING(qmp), .argument = "SOCKET", .help = "QEMU's monitor: sends the window's keyboard and mouse to the guest"},
    {.name = "connect", .letter = 'c', STRING(connect), .argument = "URI", .help = "libvirt to ask for the domain"},
    {.name = "start", .kind = OPTION_FLAG, .offset = FIELD(start), .help = "start the VM if it is off"},
    {.name = "usb", STRING(usb), .argument = "SOCKET", .help = "QEMU's usb-redir chardev, where transom-serve does not hand it over"},
    {.name = "sink",
     .kind = OPTION_CHOICE,
     .offset = FIELD(sink),
     .choices = sink_names,
     .help = "how keys reach the guest (auto: USB, else QMP)"},
    {.name = "input-device", STRING(input_device), .argument = "LIST", .help = "paths, by-id names or vid:pid of devices to capture (all)"},
    {.name = "take-input", .kind = OPTION_FLAG, .offset = FIELD(take_input), .help = "take keyboard and mouse from another viewer"},
    {.name = "toggle", STRING(toggle), .argument = "KEY", .help = "captures and releases keyboard and mouse (auto: Right Ctrl)"},
    {.name = "host-keys", STRING(host_keys), .argument = "LIST", .help = "keys that are to stay with the host (volume,brightness,media)"},
    {.name = "capture-on-click", .kind = OPTION_FLAG, .offset = FIELD(capture_on_click), .help = "a click into the window captures"},
    {.name = "hidden-pointer",
     .kind = OPTION_CHOICE,
     .offset = FIELD(hidden_pointer),
     .choices = hidden_pointer_names,
     .help = "what to do when the guest hides its pointer (hint)"},
    {.name = "private-server",
     .kind = OPTION_CHOICE,
     .offset = FIELD(private_server),
     .choices = private_server_names,
     .help = "start a transom-serve where the VM has none (auto)"},
    {.name = "renderer", .kind = OPTION_CHOICE, .offset = FIELD(renderer), .choices = presenter_kind_names, .help = "how to show pictures"},
    {.name = "fullscreen",
     .letter = 'f',
     .kind = OPTION_FLAG,
     .offset = FIELD(fullscreen),
     .help = "start in full screen (F11 changes it)"},
    {.name = "scaling",
     .kind = OPTION_CHOICE,
     .offset = FIELD(scaling),
     .choices = picture_scaling_names,
     .help = "how the picture fills a window of another size"},
    {.name = "quality",
     .kind = OPTION_CHOICE,
     .offset = FIELD(quality),
     .choices = presenter_quality_names,
     .help = "how well a picture of another size, or HDR, is shown (fast)"},
    {.name = "tearing",
     .kind = OPTION_FLAG,
     .offset = FIELD(tearing),
     .help = "show each picture at once, even in the middle of a refresh"},
    {.name = "display",
     .kind = OPTION_INT,
     .offset = FIELD(display),
     .maximum = 63,
     .argument = "N",
     .help = "the host's display for the window, from 0"},
    {.name = "remember", .kind = OPTION_FLAG, .offset = FIELD(remember), .help = "open the window where it was last (on)"},
    {.name = "hud", .kind = OPTION_FLAG, .offset = FIELD(hud), .help = "figures over the picture: frames, times, how pictures come"},
    {.name = "hud-graph", .kind = OPTION_FLAG, .offset = FIELD(hud_graph), .help = "and a graph of the last seconds' stages"},
    {.name = "title", STRING(title), .argument = "TEXT", .help = "the window's title"},
    {.name = "head",
     .kind = OPTION_INT,
     .offset = FIELD(head),
     .maximum = TRANSOM_HEADS_MAX - 1,
     .argument = "N",
     .help = "the guest's screen to show, from 0"},
    {.name = "heads", STRING(heads), .argument = "all|N,...", .help = "a window for each of these screens of the guest"},
    {.name = "guest-mode", STRING(guest_mode), .argument = "MODE", .help = "ask the guest for WxH[@HZ], or to follow the 'window'"},
    {.name = "screenshot", STRING(screenshot), .argument = "FILE", .help = "write the guest's picture as PNG at the end"},
    {.name = "frames",
     .kind = OPTION_INT,
     .offset = FIELD(frames),
     .maximum = INT64_MAX,
     .argument = "N",
     .help = "end after N frames were shown"},
    {.name = "seconds", .kind = OPTION_INT, .offset = FIELD(seconds), .maximum = YEAR_S, .argument = "N", .help = "end after N seconds"},
    {.name = "stats",
     .kind = OPTION_CHOICE,
     .offset = FIELD(stats),
     .choices = stats_names,
     .help = "figures on stdout, one JSON object a line"},
    {.name = "stats-interval-ms",
     .kind = OPTION_INT,
     .offset = FIELD(stats_interval_ms),
     .minimum = 10,
     .maximum = 3600000,
     .argument = "N",
     .help = "how often (1000)"},
    {.name = "stats-socket", STRING(stats_socket), .argument = "PATH", .help = "offer the figures to other programs on a Unix socket"},
    {.name = "same-clock",
     .kind = OPTION_FLAG,
     .offset = FIELD(same_clock),
     .help = "the agent runs on this host: its stamps are compared with our clock"},
    {.name = "log-level",
     .kind = OPTION_CHOICE,
     .offset = FIELD(log_level),
     .choices = level_names,
     .help = "what is said on stderr (info)"},
    {0},
};

const struct option_table view_option_table = {
    .usage = "transom view [DOMAIN] [OPTION...]",
    .summary = "Shows the screen of a guest in a window and sends keyboard and mouse back.",
    .entries = entries,
    .epilog = "Without --region: /run/transom/DOMAIN/region.sock, then $XDG_RUNTIME_DIR/transom/DOMAIN/region.sock; DOMAIN is \"default\" "
              "unless given.\nThe same words are keys of [view], [input] and [domain.NAME] in ~/.config/transom/transom.conf.",
};

void settings_places_init(struct settings_places *places, struct settings_storage *storage) {
  const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME"), *run = getenv("XDG_RUNTIME_DIR"),
             *state = getenv("XDG_STATE_HOME");
  storage->state_directory[0] = 0;
  *places = (struct settings_places){.run_directories = {"/run/transom", NULL}};
  if (config && config[0])
    snprintf(storage->config_file, sizeof storage->config_file, "%s/transom/transom.conf", config);
  else
    snprintf(storage->config_file, sizeof storage->config_file, "%s/.config/transom/transom.conf", home ? home : "");
  places->config_file = storage->config_file;
  if (state && state[0])
    snprintf(storage->state_directory, sizeof storage->state_directory, "%s/transom", state);
  else if (home && home[0])
    snprintf(storage->state_directory, sizeof storage->state_directory, "%s/.local/state/transom", home);
  if (storage->state_directory[0])
    places->state_directory = storage->state_directory;
  if (run && run[0]) {
    snprintf(storage->user_run, sizeof storage->user_run, "%s/transom", run);
    places->run_directories[1] = storage->user_run;
  }
}

/* A name becomes part of a path: nothing that could lead elsewhere. */
static bool name_is_plain(const char *name) {
  return name[0] && name[0] != '.' && !strchr(name, '/') && strlen(name) < SETTINGS_NAME_BYTES;
}

static bool socket_of(const char *directory, const char *domain, const char *socket, char *path, size_t capacity) {
  int length = snprintf(path, capacity, "%s/%s/%s", directory, domain, socket);
  return length > 0 && (size_t)length < capacity && access(path, F_OK) == 0;
}

/* The directory that has the domain's region socket, or NULL. */
static const char *find_domain(const struct settings_places *places, const char *domain, char *path, size_t capacity) {
  for (size_t i = 0; name_is_plain(domain) && i < 2; i++)
    if (places->run_directories[i] && socket_of(places->run_directories[i], domain, "region.sock", path, capacity))
      return places->run_directories[i];
  return NULL;
}

bool settings_domain_exists(const struct settings_places *places, const char *domain) {
  char path[SETTINGS_PATH_BYTES];
  return find_domain(places, domain, path, sizeof path) != NULL;
}

/* The system's place, where an administrator has made it; else the user's own, where we may start a server. */
static const char *place_to_wait_at(const struct settings_places *places, const char *domain) {
  char path[SETTINGS_PATH_BYTES];
  bool is_system_vm = socket_of(places->run_directories[0], domain, ".", path, sizeof path);
  return is_system_vm || !places->run_directories[1] ? places->run_directories[0] : places->run_directories[1];
}

/* Without --region the domain's name says where everything is. When it is nowhere yet, we wait at the place where it should come. */
static void find_sockets(struct view_settings *settings, const struct settings_places *places) {
  char path[SETTINGS_PATH_BYTES - sizeof "server:"];
  const char *directory = find_domain(places, settings->domain, path, sizeof path);
  if (!directory) {
    directory = place_to_wait_at(places, settings->domain);
    socket_of(directory, settings->domain, "region.sock", path, sizeof path);
  }
  snprintf(settings->region, sizeof settings->region, "server:%s", path);
  if (!settings->qmp[0] && socket_of(directory, settings->domain, "qmp.sock", path, sizeof path))
    snprintf(settings->qmp, sizeof settings->qmp, "%s", path);
}

static bool load_file(struct view_settings *settings, const struct settings_places *places) {
  char section[SETTINGS_NAME_BYTES + 8], error[256];
  snprintf(section, sizeof section, "domain.%s", settings->domain);
  if (!places->config_file || (options_load_file(&view_option_table, places->config_file, "view", settings, error, sizeof error) &&
                               options_load_file(&view_option_table, places->config_file, "input", settings, error, sizeof error) &&
                               options_load_file(&view_option_table, places->config_file, section, settings, error, sizeof error)))
    return true;
  fprintf(stderr, "transom view: %s\n", error);
  return false;
}

static bool guest_mode_is_good(const char *text) {
  struct guest_mode mode;
  if (guest_mode_parse(text, &mode))
    return true;
  fprintf(stderr, "transom view: --guest-mode is WxH, WxH@HZ, window or window@HZ, not '%s'; try --help\n", text);
  return false;
}

static bool understand_input(struct view_settings *settings) {
  struct input_settings *input = &settings->input;
  char error[160];
  input->toggle_is_automatic = strcmp(settings->toggle, "auto") == 0;
  if (!input->toggle_is_automatic && !toggle_key_parse(settings->toggle, &input->toggle_key))
    snprintf(error, sizeof error, "toggle: there is no key '%.60s'; try right-ctrl, scrolllock, pause, ctrl-ctrl or f12", settings->toggle);
  else if (host_key_list_parse(settings->host_keys, &input->host_key_list, error, sizeof error))
    return true;
  fprintf(stderr, "transom view: %s\n", error);
  return false;
}

static void set_defaults(struct view_settings *settings) {
  *settings = (struct view_settings){.stats_interval_ms = 1000,
                                     .log_level = LOG_INFO,
                                     .toggle = "auto",
                                     .host_keys = "volume,brightness,media",
                                     .remember = true,
                                     .hidden_pointer = SETTINGS_HIDDEN_POINTER_HINT};
}

/* What was remembered counts as defaults do: whatever was configured or said wins over it. A file of nonsense is written anew. */
static void recall_place(struct view_settings *settings, const struct settings_places *places, int64_t head) {
  char error[256];
  if (!window_place_path(places->state_directory, settings->domain, head, settings->place_file, sizeof settings->place_file)) {
    settings->place_file[0] = 0;
    return;
  }
  if (!window_place_load(settings->place_file, &settings->place, error, sizeof error))
    fprintf(stderr, "transom view: the window's last place is forgotten: %s\n", error);
  settings->fullscreen = settings->place.fullscreen;
  settings->display = settings->place.display;
}

/* File, then command line. */
static enum options_result load_layers(struct view_settings *settings, const struct settings_places *places, int argc, char **argv) {
  const char *word = NULL;
  int count = 0;
  if (!load_file(settings, places))
    return OPTIONS_ERROR;
  enum options_result result = options_parse(&view_option_table, argc, argv, settings, &word, 1, &count);
  settings->domain_given = count > 0;
  settings->region_given = settings->region[0] != 0;
  return result;
}

/* ---- several heads ---- */

/* Numbers with commas between, none twice. */
static bool parse_heads(struct view_settings *settings) {
  const char *rest = settings->heads;
  settings->all_heads = strcmp(rest, "all") == 0;
  if (settings->all_heads)
    for (; settings->head_count < TRANSOM_HEADS_MAX; settings->head_count++)
      settings->windows[settings->head_count].head = settings->head_count;
  for (uint32_t seen = 0; !settings->all_heads && *rest; settings->head_count++) {
    const unsigned head = (unsigned)(*rest++ - '0');
    if (head >= TRANSOM_HEADS_MAX || seen & 1u << head || (*rest && (*rest++ != ',' || !*rest)))
      return false;
    seen |= 1u << head;
    settings->windows[settings->head_count].head = head;
  }
  return true;
}

/* What is kept of each window, and what was said for all of them. Where neither names a display, those in full screen take one each. */
static bool load_window(const struct view_settings *settings, const struct settings_places *places, int argc, char **argv, unsigned window,
                        struct head_settings *its) {
  struct view_settings load;
  set_defaults(&load);
  snprintf(load.domain, sizeof load.domain, "%s", settings->domain);
  if (settings->remember)
    recall_place(&load, places, its->head);
  const bool is_remembered = load.place.placed || load.place.width || load.place.fullscreen;
  load.display = -1;
  if (load_layers(&load, places, argc, argv) != OPTIONS_OK)
    return false;
  its->fullscreen = load.fullscreen;
  its->place = load.place;
  snprintf(its->place_file, sizeof its->place_file, "%s", load.place_file);
  if (load.display >= 0)
    its->display = load.display + window;
  else
    its->display = is_remembered ? load.place.display : its->fullscreen ? window : 0;
  return true;
}

static bool understand_heads(struct view_settings *settings, const struct settings_places *places, int argc, char **argv) {
  if (!parse_heads(settings)) {
    fprintf(stderr, "transom view: --heads is all, or numbers from 0 to %u with commas between, not '%s'; try --help\n",
            TRANSOM_HEADS_MAX - 1, settings->heads);
    return false;
  }
  if (settings->head_count && settings->screenshot[0]) {
    fprintf(stderr, "transom view: --screenshot is of one screen: use --head N instead of --heads; try --help\n");
    return false;
  }
  for (unsigned i = 0; i < settings->head_count; i++)
    if (!load_window(settings, places, argc, argv, i, &settings->windows[i]))
      return false;
  return true;
}

void settings_for_window(const struct view_settings *settings, unsigned window, struct view_settings *its) {
  const struct head_settings *from = &settings->windows[window];
  *its = *settings;
  its->head = from->head;
  its->fullscreen = from->fullscreen;
  its->display = from->display;
  its->place = from->place;
  snprintf(its->place_file, sizeof its->place_file, "%s", from->place_file);
}

enum options_result settings_load(struct view_settings *settings, const struct settings_places *places, int argc, char **argv) {
  set_defaults(settings);
  const char *word = NULL;
  int count = 0;
  /* Twice: the domain's name decides which section is read, and the command line wins over it. */
  struct view_settings first = *settings;
  enum options_result result = options_parse(&view_option_table, argc, argv, &first, &word, 1, &count);
  if (result != OPTIONS_OK)
    return result;
  const char *domain = count ? word : "default";
  if (!name_is_plain(domain)) {
    fprintf(stderr, "transom view: '%.80s' cannot be a domain's name; for a file or socket use --region\n", domain);
    return OPTIONS_ERROR;
  }
  snprintf(settings->domain, sizeof settings->domain, "%s", domain);
  first = *settings;
  result = load_layers(&first, places, argc, argv); /* is anything to be remembered, and for which head? */
  if (result == OPTIONS_OK && first.remember)
    recall_place(settings, places, first.head);
  if (result == OPTIONS_OK)
    result = load_layers(settings, places, argc, argv);
  if (result == OPTIONS_OK && !guest_mode_is_good(settings->guest_mode))
    return OPTIONS_ERROR;
  if (result == OPTIONS_OK && !understand_heads(settings, places, argc, argv))
    return OPTIONS_ERROR;
  if (result == OPTIONS_OK && !settings->region[0])
    find_sockets(settings, places);
  if (result == OPTIONS_OK && !understand_input(settings))
    return OPTIONS_ERROR;
  return result;
}
