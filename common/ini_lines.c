#include "common/ini_lines.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct ini_lines {
  ini_reader_handler handler;
  void *user_data;
  char section[INI_LINES_NAME_BYTES];
  char name[INI_LINES_NAME_BYTES]; /* of the last value; "" = a continuation would have nothing to continue */
};

static char *skip_space(char *text) {
  while (*text && isspace((unsigned char)*text))
    text++;
  return text;
}

static char *trim_end(char *text) {
  char *end = text + strlen(text);
  while (end > text && isspace((unsigned char)end[-1]))
    end--;
  *end = 0;
  return text;
}

/* The first of `wanted` in `text`, or where its comment or the text itself ends. */
static char *find(char *text, const char *wanted) {
  bool after_space = false;
  for (; *text; text++) {
    if (strchr(wanted, *text) || (after_space && *text == ';'))
      break;
    after_space = isspace((unsigned char)*text);
  }
  return text;
}

static void remember(char to[INI_LINES_NAME_BYTES], const char *text) {
  const size_t length = strlen(text), kept = length < INI_LINES_NAME_BYTES ? length : INI_LINES_NAME_BYTES - 1;
  memcpy(to, text, kept);
  to[kept] = 0;
}

static char *cut_comment(char *text) {
  *find(text, "") = 0;
  return trim_end(skip_space(text));
}

static bool take_section(struct ini_lines *lines, char *text) {
  char *end = find(text, "]");
  if (*end != ']')
    return false;
  *end = 0;
  remember(lines->section, text);
  lines->name[0] = 0;
  return true;
}

static bool take_value(struct ini_lines *lines, char *text) {
  char *end = find(text, "=:");
  if (*end != '=' && *end != ':')
    return false;
  *end = 0;
  remember(lines->name, trim_end(text));
  return lines->handler(lines->user_data, lines->section, text, cut_comment(end + 1)) != 0;
}

static bool take_line(struct ini_lines *lines, char *line, bool first) {
  char *text = skip_space(trim_end(first && strncmp(line, "\xEF\xBB\xBF", 3) == 0 ? line + 3 : line));
  if (strchr(";#", *text)) /* blank as well: the 0 at its end is found in the string's end */
    return true;
  if (lines->name[0] && text > line)
    return lines->handler(lines->user_data, lines->section, lines->name, cut_comment(text)) != 0;
  return *text == '[' ? take_section(lines, text + 1) : take_value(lines, text);
}

int ini_lines_parse(ini_reader_line next_line, void *stream, ini_reader_handler handler, void *user_data) {
  struct ini_lines lines = {.handler = handler, .user_data = user_data};
  char line[INI_LINES_LINE_BYTES];
  int first_fault = 0;
  for (int number = 1; next_line(line, sizeof line, stream); number++) {
    if (!take_line(&lines, line, number == 1) && first_fault == 0)
      first_fault = number;
  }
  return first_fault;
}
