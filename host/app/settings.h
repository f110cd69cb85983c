/* What `transom view` was asked to do: defaults, config file, command line, and where a domain's sockets are. Start of the program. */
#ifndef TRANSOM_HOST_APP_SETTINGS_H
#define TRANSOM_HOST_APP_SETTINGS_H

#include "common/options.h"
#include "host/app/guest_mode.h"
#include "host/app/window_place.h"
#include "host/input/host_keys.h"
#include "host/input/toggle_key.h"
#include "protocol/layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_PATH_BYTES 512
#define SETTINGS_NAME_BYTES 64

enum settings_hidden_pointer { SETTINGS_HIDDEN_POINTER_IGNORE, SETTINGS_HIDDEN_POINTER_HINT, SETTINGS_HIDDEN_POINTER_CAPTURE };
enum settings_private_server { SETTINGS_PRIVATE_SERVER_AUTO, SETTINGS_PRIVATE_SERVER_NEVER };
enum settings_stats { SETTINGS_STATS_NONE, SETTINGS_STATS_JSON };

struct qmp_bridge;
/* What the words of [input] mean. */
struct input_settings {
  bool toggle_is_automatic;
  struct toggle_key toggle_key; /* else */
  struct host_key_list host_key_list;
};

/* What is measured besides: `transom latency`. */
struct latency_settings {
  bool wanted, text;             /* text: a table on standard output */
  const char *json, *csv, *html; /* files; "-" = standard output, "" = none */
};

/* The window of one of the guest's screens, where there are several. */
struct head_settings {
  int64_t head;
  bool fullscreen;
  int64_t display;
  struct window_place place;            /* remembered */
  char place_file[SETTINGS_PATH_BYTES]; /* "" = nothing is remembered */
};

struct view_settings {
  char domain[SETTINGS_NAME_BYTES];
  char region[SETTINGS_PATH_BYTES]; /* "server:SOCKET" or a file */
  char qmp[SETTINGS_PATH_BYTES];    /* "" = no input */
  int private_server;               /* enum settings_private_server */
  int renderer;                     /* enum presenter_kind */
  bool fullscreen;
  int scaling; /* enum picture_scaling */
  int quality; /* enum picture_quality */
  bool tearing;
  bool hud, hud_graph;
  int64_t display;
  bool remember; /* the window's place */
  char screenshot[SETTINGS_PATH_BYTES];
  int64_t frames;  /* 0 = no limit */
  int64_t seconds; /* 0 = no limit */
  int stats;       /* enum settings_stats */
  int64_t stats_interval_ms;
  char stats_socket[SETTINGS_PATH_BYTES]; /* "" = none */
  bool same_clock;                        /* the agent's stamps are this host's CLOCK_MONOTONIC_RAW */
  char title[128];
  int64_t head;
  char heads[64];                         /* "all", or numbers; "" = `head` alone */
  char guest_mode[GUEST_MODE_TEXT_BYTES]; /* "WxH@HZ", "window"; "" = as the guest has it */
  int log_level;                          /* enum log_level */
  char toggle[64];                        /* "auto", or for toggle_key_parse() */
  char host_keys[256];                    /* for host_key_list_parse() */
  bool capture_on_click;
  char usb[SETTINGS_PATH_BYTES]; /* QEMU's usb-redir chardev that listens; "" = by transom-serve */
  char input_device[512];        /* "" = all */
  bool take_input;
  int sink;           /* enum input_sinks_way */
  int hidden_pointer; /* enum settings_hidden_pointer */
  struct input_settings input;
  char connect[256]; /* libvirt's URI; "" = the usual ones */
  bool start;        /* the domain, if it is off */

  /* not options: found by domain_source.c */
  bool domain_given, region_given;
  struct window_place place;            /* remembered */
  char place_file[SETTINGS_PATH_BYTES]; /* "" = nothing is remembered */
  bool all_heads;                       /* as many as the agent has; else those listed */
  unsigned head_count;                  /* of `windows`, by the order of `heads`; 0 = one window, for `head` */
  struct head_settings windows[TRANSOM_HEADS_MAX];
  char libvirt_uri[256]; /* that knows the domain; "" = none */
  struct qmp_bridge *bridge;
  struct latency_settings latency;
};

/* Where things are looked for; a NULL directory is not there. */
struct settings_places {
  const char *config_file;
  const char *state_directory;    /* windows' places */
  const char *run_directories[2]; /* DOMAIN/region.sock and DOMAIN/qmp.sock below the first that has them */
};

extern const struct option_table view_option_table;

/* The places of this user: ~/.config/transom/transom.conf, ~/.local/state/transom, /run/transom, $XDG_RUNTIME_DIR/transom. The strings live
 * in `storage`. */
struct settings_storage {
  char config_file[SETTINGS_PATH_BYTES];
  char state_directory[SETTINGS_PATH_BYTES];
  char user_run[SETTINGS_PATH_BYTES];
};
void settings_places_init(struct settings_places *places, struct settings_storage *storage);

/* argv[0] is skipped. OPTIONS_HELP and OPTIONS_ERROR: as options_parse(), everything has been printed. */
enum options_result settings_load(struct view_settings *settings, const struct settings_places *places, int argc, char **argv);

/* The same for the window at this place of `windows`. */
void settings_for_window(const struct view_settings *settings, unsigned window, struct view_settings *its);

/* Does a VM of this name have a region socket? */
bool settings_domain_exists(const struct settings_places *places, const char *domain);

#endif
