/* Names of toggles and lists of host keys, as a config file may hold them. */
#include "host/input/host_keys.h"
#include "host/input/toggle_key.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1), error[64];
  struct host_key_list list;
  struct toggle_key toggle;
  memcpy(text, data, size);
  text[size] = 0;
  if (host_key_list_parse(text, &list, error, sizeof error))
    assert(list.count <= HOST_KEYS_MAX);
  else
    assert(strlen(error) > 0 && strlen(error) < sizeof error);
  if (toggle_key_parse(text, &toggle))
    assert(toggle.keys[0][0] && toggle.label[0] && memchr(toggle.label, 0, sizeof toggle.label));
  free(text);
  return 0;
}
