/* What transom-serve says to a viewer about input: lines cut by the stream, each taken apart. */
#include "common/line_socket.h"
#include "fuzz/fuzz_input.h"
#include "host/link/broker_line.h"

#include <string.h>

static void require_text(const char *text, size_t capacity) { fuzz_require(memchr(text, 0, capacity) != NULL); }

static bool take_line(char *line, void *user_data) {
  struct broker_line parsed;
  (void)user_data;
  char *copy = strdup(line); /* exactly as long as the line, for address sanitizer */
  fuzz_require(copy != NULL);
  broker_line_parse(copy, &parsed);
  if (parsed.word == BROKER_DEVICE) {
    require_text(parsed.device.node, sizeof parsed.device.node);
    require_text(parsed.device.name, sizeof parsed.device.name);
    require_text(parsed.device.by_id, sizeof parsed.device.by_id);
    require_text(parsed.device.physical, sizeof parsed.device.physical);
    fuzz_require(strncmp(parsed.device.node, "/dev/", 5) == 0);
  } else if (parsed.word != BROKER_UNKNOWN) {
    fuzz_require(parsed.text >= copy && parsed.text <= copy + strlen(line));
  }
  free(copy);
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct line_socket lines;
  line_socket_init(&lines, -1);
  (void)line_socket_feed(&lines, (const char *)data, bytes, take_line, NULL);
  fuzz_require(lines.filled < LINE_SOCKET_BYTES_MAX);
  line_socket_finish(&lines);
  return 0;
}
