/* `transom setup` step by step: read, plan, show, ask, apply. One thread; talks to the user on stdout and stderr. */
#ifndef TRANSOM_HOST_CLI_SETUP_FLOW_H
#define TRANSOM_HOST_CLI_SETUP_FLOW_H

#include <stdbool.h>
#include <stdint.h>

struct setup_arguments {
  char uri[256], xml[400], resolution[32], gpu[32], vf[32], guest_iso[256], root[200], size[32], qemu_user[64], bind[300];
  int64_t heads, consumers;
  bool dry_run, yes, undo, all, tune, display, system_only, bind_at_boot;
};

/* `word` is the domain, or NULL. Returns the exit status. */
int setup_flow_run(const struct setup_arguments *arguments, const char *word);

#endif
