/* What a viewer says on control.sock: lines cut anywhere. */
#include "fuzz/fuzz_input.h"
#include "host/serve/control_line.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct fuzz_input input = {data, bytes};
  struct control_line_buffer buffer = {.filled = 0};
  while (!fuzz_input_is_empty(&input)) {
    const size_t wanted = 1 + fuzz_input_u8(&input) % 40u;
    const size_t piece = wanted < input.bytes ? wanted : input.bytes;
    char *copy = malloc(piece + 1); /* exactly as long as what came, for address sanitizer */
    fuzz_require(copy != NULL);
    memcpy(copy, input.data, piece);
    for (size_t used = 0; used < piece;) {
      int line_bytes = 0;
      uint32_t peer = 0;
      struct control_host_key key = {0};
      const size_t now = control_line_feed(&buffer, copy + used, piece - used, &line_bytes);
      fuzz_require(now <= piece - used && line_bytes <= (int)CONTROL_LINE_BYTES_MAX);
      if (line_bytes == -2 || now == 0)
        break;
      if (line_bytes >= 0 && control_line_parse(buffer.bytes, (size_t)line_bytes, &peer) == CONTROL_PEER)
        fuzz_require(peer < 16);
      if (line_bytes >= 0 && control_line_host_key(buffer.bytes, (size_t)line_bytes, &key))
        fuzz_require(key.usage < 0x400 && (key.down == 0 || key.down == 1) && (key.page == 1 || key.page == 7 || key.page == 0xc));
      used += now;
    }
    free(copy);
    input.data += piece;
    input.bytes -= piece;
  }
  return 0;
}
