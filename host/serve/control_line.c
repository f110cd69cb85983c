#include "host/serve/control_line.h"

#include "common/ivshmem_peer.h"

#include <string.h>

static int is_word(const char *line, size_t bytes, const char *word) { return bytes == strlen(word) && !memcmp(line, word, bytes); }

/* One or two digits, no leading zero. */
static int parse_id(const char *text, size_t bytes, uint32_t *id) {
  if (bytes < 1 || bytes > 2 || (bytes == 2 && text[0] == '0'))
    return 0;
  uint32_t value = 0;
  for (size_t i = 0; i < bytes; i++) {
    if (text[i] < '0' || text[i] > '9')
      return 0;
    value = value * 10 + (uint32_t)(text[i] - '0');
  }
  if (value >= IVSHMEM_PEERS_MAX)
    return 0;
  *id = value;
  return 1;
}

/* Lower-case hexadecimal up to `end`, which is passed; at most four digits. */
static int take_hexadecimal(const char **text, const char *limit, char end, uint32_t *number) {
  uint32_t value = 0;
  size_t digits = 0;
  for (; *text < limit && **text != end; ++*text, digits++) {
    static const char hexadecimal[] = "0123456789abcdef";
    const char *digit = memchr(hexadecimal, **text, sizeof hexadecimal - 1);
    if (!digit || digits == 4)
      return 0;
    value = value * 16 + (uint32_t)(digit - hexadecimal);
  }
  if (!digits || *text == limit)
    return 0;
  ++*text;
  *number = value;
  return 1;
}

static int is_key(uint32_t page, uint32_t usage) {
  switch (page) {
  case 0x01:
    return usage >= 0x81 && usage <= 0x83;
  case 0x07:
    return usage <= 0xff;
  case 0x0c:
    return usage <= 0x3ff;
  default:
    return 0;
  }
}

int control_line_host_key(const char *line, size_t bytes, struct control_host_key *key) {
  static const char word[] = "input host-key ";
  const size_t word_bytes = sizeof word - 1;
  const char *text = line + word_bytes, *limit = line + bytes;
  uint32_t page, usage;
  if (bytes < word_bytes || memcmp(line, word, word_bytes) || !take_hexadecimal(&text, limit, ' ', &page) ||
      !take_hexadecimal(&text, limit, ' ', &usage) || !is_key(page, usage))
    return 0;
  if (limit - text != 1 || (*text != '0' && *text != '1'))
    return 0;
  *key = (struct control_host_key){(uint16_t)page, (uint16_t)usage, *text == '1'};
  return 1;
}

enum control_command control_line_parse(const char *line, size_t bytes, uint32_t *peer_id) {
  static const char *const words[] = {
      [CONTROL_CONTROLLER] = "controller",
      [CONTROL_TAKE] = "take",
      [CONTROL_INPUT] = "input",
      [CONTROL_INPUT_TAKE] = "input take",
      [CONTROL_INPUT_ALIVE] = "input alive",
      [CONTROL_INPUT_QMP] = "input qmp",
      [CONTROL_INPUT_NO_QMP] = "input no-qmp",
      [CONTROL_INPUT_BACK] = "input back",
      [CONTROL_INPUT_RELEASED] = "input released",
  };
  if (bytes > 5 && !memcmp(line, "peer ", 5) && parse_id(line + 5, bytes - 5, peer_id))
    return CONTROL_PEER;
  if (control_line_host_key(line, bytes, &(struct control_host_key){0}))
    return CONTROL_INPUT_HOST_KEY;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (words[i] && is_word(line, bytes, words[i]))
      return (enum control_command)i;
  return CONTROL_UNKNOWN;
}

size_t control_line_feed(struct control_line_buffer *buffer, const char *bytes, size_t count, int *line_bytes) {
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] == '\n') {
      *line_bytes = (int)buffer->filled;
      buffer->filled = 0;
      return i + 1;
    }
    if (buffer->filled == CONTROL_LINE_BYTES_MAX - 1) {
      *line_bytes = -2;
      return i;
    }
    buffer->bytes[buffer->filled++] = bytes[i];
  }
  *line_bytes = -1;
  return count;
}
