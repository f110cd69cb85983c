/* The options that agents have on every system: what to publish, for how long, what to say of it. Each system's table embeds them.
 * Control plane, start of the program. */
#ifndef TRANSOM_GUEST_CORE_PUBLISH_SETTINGS_H
#define TRANSOM_GUEST_CORE_PUBLISH_SETTINGS_H

#include "common/log.h"
#include "common/options.h"
#include "guest/core/test_card.h"

#include <stdint.h>

enum stats_form { STATS_FORM_NONE, STATS_FORM_JSON };

struct publish_settings {
  int64_t region_mib; /* size of a region file that does not exist yet */
  char size[16];      /* test card */
  int format;         /* test card: index of the option's choices */
  int64_t rate, damage, still_after;
  bool cursor;
  int64_t seconds, frames, slots;
  int stats;     /* enum stats_form */
  int log_level; /* enum log_level */
};

#define PUBLISH_SETTINGS_DEFAULT                                                                                                           \
  { .region_mib = 64, .size = "1280x800", .rate = 60, .damage = 100, .log_level = LOG_INFO }

/* Entries of an option_table; `at` is the offset of the struct publish_settings in what the table fills. */
#define PUBLISH_SETTINGS_ENTRY(at, field) .name = #field, .offset = (at) + offsetof(struct publish_settings, field)
#define PUBLISH_SETTINGS_NUMBER(at, field, most, unit, text)                                                                               \
  { PUBLISH_SETTINGS_ENTRY(at, field), .kind = OPTION_INT, .maximum = (most), .argument = (unit), .help = (text) }
#define PUBLISH_SETTINGS_CHOICE(at, field, words, text)                                                                                    \
  { PUBLISH_SETTINGS_ENTRY(at, field), .kind = OPTION_CHOICE, .choices = (words), .help = (text) }
#define PUBLISH_SETTINGS_SUMMARY "Publishes this guest's screen in the memory that it shares with its host."
#define PUBLISH_SETTINGS_ENTRIES(at)                                                                                                       \
  {.name = "region-mib",                                                                                                                   \
   .kind = OPTION_INT,                                                                                                                     \
   .offset = (at) + offsetof(struct publish_settings, region_mib),                                                                         \
   .minimum = 1,                                                                                                                           \
   .maximum = 16384,                                                                                                                       \
   .argument = "N",                                                                                                                        \
   .help = "size of a region FILE that does not exist yet (64)"},                                                                          \
      {PUBLISH_SETTINGS_ENTRY(at, size), .kind = OPTION_STRING, .capacity = 16, .argument = "WxH", .help = "of the test card (1280x800)"}, \
      PUBLISH_SETTINGS_CHOICE(at, format, publish_settings_formats, "of the test card (bgra8)"),                                           \
      PUBLISH_SETTINGS_NUMBER(at, rate, 1000, "HZ", "of the test card; 0: as fast as it goes (60)"),                                       \
      PUBLISH_SETTINGS_NUMBER(at, damage, 100, "PERCENT", "of the test card that changes in each frame (100)"),                            \
      {.name = "still-after",                                                                                                              \
       .kind = OPTION_INT,                                                                                                                 \
       .offset = (at) + offsetof(struct publish_settings, still_after),                                                                    \
       .maximum = 1000000000,                                                                                                              \
       .argument = "N",                                                                                                                    \
       .help = "the test card rests after N frames (0: never)"},                                                                           \
      {PUBLISH_SETTINGS_ENTRY(at, cursor), .kind = OPTION_FLAG, .help = "the test card has a moving cursor"},                              \
      PUBLISH_SETTINGS_NUMBER(at, seconds, 1000000000, "N", "stop after N seconds (0: never)"),                                            \
      PUBLISH_SETTINGS_NUMBER(at, frames, INT64_MAX, "N", "stop after N published frames (0: never)"),                                     \
      PUBLISH_SETTINGS_NUMBER(at, slots, TRANSOM_SLOTS_MAX, "N", "frame slots, 2 to 16 (0: as the region allows)"),                        \
      PUBLISH_SETTINGS_CHOICE(at, stats, publish_settings_stats_forms, "on stdout at the end"), {                                          \
    .name = "log-level", .kind = OPTION_CHOICE, .offset = (at) + offsetof(struct publish_settings, log_level),                             \
    .choices = publish_settings_levels, .help = "least that is logged on stderr (info)"                                                    \
  }

extern const char *const publish_settings_formats[]; /* enum transom_format from 1 */
extern const char *const publish_settings_stats_forms[];
extern const char *const publish_settings_levels[];

/* False: a size that is none; said on stderr. */
bool publish_settings_test_card(const struct publish_settings *settings, struct test_card_options *card);

#endif
