/* What the command line and the config file say. */
#ifndef TRANSOM_GUEST_LINUX_AGENT_SETTINGS_H
#define TRANSOM_GUEST_LINUX_AGENT_SETTINGS_H

#include "guest/core/publish_settings.h"

#include <stdint.h>

enum agent_source { AGENT_SOURCE_AUTO, AGENT_SOURCE_DRM, AGENT_SOURCE_TEST_CARD, AGENT_SOURCE_LOOP_CARD };

struct agent_settings {
  char region[256]; /* "auto", FILE or server:SOCKET */
  char device[16];  /* PCI address; empty = the largest */
  bool take_over;   /* format the region whatever it holds */
  int source;       /* enum agent_source */
  int64_t heads;    /* screens to publish at most; 0 = all that show something, or one test card */
  int64_t card;     /* /dev/dri/cardN; -1 = the first with an active output */
  struct publish_settings publish;
};

enum agent_verb { AGENT_VERB_RUN, AGENT_VERB_STATUS, AGENT_VERB_SELFTEST };

enum options_result agent_settings_parse(int argc, char **argv, struct agent_settings *settings, enum agent_verb *verb);

#endif
