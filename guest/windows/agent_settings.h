/* What command line and config file say to the Windows agent. */
#ifndef TRANSOM_GUEST_WINDOWS_AGENT_SETTINGS_H
#define TRANSOM_GUEST_WINDOWS_AGENT_SETTINGS_H

#include "guest/core/publish_settings.h"

enum agent_source { AGENT_SOURCE_AUTO, AGENT_SOURCE_DUPLICATION, AGENT_SOURCE_GDI, AGENT_SOURCE_TEST_CARD, AGENT_SOURCE_TEXTURE };
enum agent_copy { AGENT_COPY_AUTO, AGENT_COPY_DIRECT, AGENT_COPY_READBACK, AGENT_COPY_STAGING };
enum agent_cache_mode { AGENT_CACHE_COMBINING, AGENT_CACHE_WRITE_BACK, AGENT_CACHE_UNCACHED };

struct agent_settings {
  char region[260];    /* "auto" = the IVSHMEM driver, else a file */
  char device[16];     /* index among the IVSHMEM devices, or a size ("128M"); empty = the first that is ours or blank */
  int cache_mode;      /* enum agent_cache_mode */
  int source;          /* enum agent_source */
  int copy;            /* enum agent_copy */
  bool full_copies;    /* for GPUs that spoil small writes to the region */
  char fault[128];     /* names of steps that are to fail, for tests; see capture_fault.h */
  int64_t output;      /* which of the GPU's active outputs */
  bool only_display;   /* while a viewer watches */
  bool keep_awake;     /* while a viewer watches */
  char stop_event[64]; /* name of an event that ends `run`; empty = none */
  bool keep_data;      /* uninstall */
  bool json;           /* selftest, status */
  struct publish_settings publish;
  char config_fault[256]; /* what is wrong with the config file; empty = nothing */
};

/* Fills `settings` and the verb's word. A faulty config file is no error here, because a service has nobody to tell it to yet: the verb
 * says it where its log goes. */
enum options_result agent_settings_parse(int argc, char **argv, struct agent_settings *settings, const char **verb);

#endif
