#include "guest/windows/agent_state.h"

#include "common/log.h"
#include "common/options.h"
#include "guest/windows/data_directory.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define STATE_FILE "agent.state"

static bool is_written; /* one agent a process */

#define FIELD(field)                                                                                                                       \
  .name = #field, .kind = OPTION_STRING, .offset = offsetof(struct agent_state, field), .capacity = sizeof(((struct agent_state *)0)->field)

static const struct option_entry entries[] = {{FIELD(state)}, {FIELD(text)}, {0}};
static const struct option_table table = {.usage = STATE_FILE, .entries = entries};

void agent_state_begin(void) { is_written = true; }

/* A line break, or what the reader takes for a comment's beginning, would cut the text. */
static void make_one_value(char *text) {
  for (char *at = text; *at; at++) {
    if ((unsigned char)*at < ' ')
      *at = ' ';
    if (*at == ';')
      *at = ',';
  }
}

static void write_state(const char *state, const char *text) {
  char value[AGENT_STATE_TEXT_BYTES], file[AGENT_STATE_TEXT_BYTES + 64];
  if (!is_written)
    return;
  snprintf(value, sizeof value, "%.*s", (int)sizeof value - 1, text);
  make_one_value(value);
  snprintf(file, sizeof file, "[agent]\nstate = %s\ntext = %s\n", state, value);
  if (!data_directory_write(STATE_FILE, file))
    log_warning("%s cannot be written", STATE_FILE);
}

void agent_state_changed(enum transom_agent_state state, const char *text, void *user_data) {
  static const char *const names[] = {"unknown", "starting", "running", "no display", "unreadable", "stopped"};
  (void)user_data;
  write_state(names[state < sizeof names / sizeof names[0] ? state : 0], text);
}

void agent_state_failed(const char *text) { write_state("failed", text); }

void agent_state_read(struct agent_state *state) {
  char path[DATA_PATH_BYTES], error[256];
  memset(state, 0, sizeof *state);
  if (data_directory_path(STATE_FILE, path) && !options_load_file(&table, path, "agent", state, error, sizeof error))
    snprintf(state->text, sizeof state->text, "%.*s", (int)sizeof state->text - 1, error);
}
