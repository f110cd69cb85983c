/* HID usages and QEMU's key names (QKeyCode): one constant table. Any thread; data plane. */
#ifndef TRANSOM_HOST_INPUT_KEYMAP_TABLE_H
#define TRANSOM_HOST_INPUT_KEYMAP_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define KEYMAP_PAGE_DESKTOP 0x01 /* Generic Desktop: the system keys only */
#define KEYMAP_PAGE_KEYBOARD 0x07
#define KEYMAP_PAGE_CONSUMER 0x0c
#define KEYMAP_ENTRIES_MAX 192

struct keymap_entry {
  uint16_t page, usage;
  const char *qcode;
};

size_t keymap_count(void);
const struct keymap_entry *keymap_at(size_t index); /* index < keymap_count() */

int keymap_find(uint16_t page, uint16_t usage); /* index, or -1: QEMU has no such key */
int keymap_find_qcode(const char *qcode);       /* the first of its usages, or -1 */

#endif
