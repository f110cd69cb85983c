/* What the command line and the config file say. */
#ifndef TRANSOM_GUEST_LINUX_AGENT_SETTINGS_H
#define TRANSOM_GUEST_LINUX_AGENT_SETTINGS_H

#include "common/options.h"
#include "guest/core/test_card.h"

#include <stdint.h>

enum agent_source { AGENT_SOURCE_AUTO, AGENT_SOURCE_DRM, AGENT_SOURCE_TEST_CARD };
enum agent_stats_form { AGENT_STATS_NONE, AGENT_STATS_JSON };

struct agent_settings {
  char region[256];   /* "auto", FILE or server:SOCKET */
  char device[16];    /* PCI address; empty = the largest */
  bool take_over;     /* format the region whatever it holds */
  int64_t region_mib; /* size of a file that does not exist yet */
  int source;         /* enum agent_source */
  int64_t card;       /* /dev/dri/cardN; -1 = the first with an active output */
  char size[16];      /* test card */
  int format;         /* test card: index of the option's choices */
  int64_t rate, damage, still_after;
  bool cursor;
  int64_t seconds, frames, slots;
  int stats;     /* enum agent_stats_form */
  int log_level; /* enum log_level */
};

enum agent_verb { AGENT_VERB_RUN, AGENT_VERB_STATUS, AGENT_VERB_SELFTEST };

enum options_result agent_settings_parse(int argc, char **argv, struct agent_settings *settings, enum agent_verb *verb);

/* False: a size that is none; said on stderr. */
bool agent_settings_test_card(const struct agent_settings *settings, struct test_card_options *card);

#endif
