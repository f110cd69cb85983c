#include "host/input/keymap_table.h"

#include <stddef.h>
#include <string.h>

#define SYSTEM KEYMAP_PAGE_DESKTOP
#define KEY KEYMAP_PAGE_KEYBOARD
#define MEDIA KEYMAP_PAGE_CONSUMER

/* Ordered by page and usage, for the search. Names: QEMU's QKeyCode, as of 7.2. Three of its names have no usage and so no line here:
 * "unmapped", "asterisk" (an old name of kp_multiply) and "lf" (a key of Sun keyboards that HID does not know). */
static const struct keymap_entry table[] = {
    /* clang-format off */
    {SYSTEM, 0x81, "power"}, {SYSTEM, 0x82, "sleep"}, {SYSTEM, 0x83, "wake"},
    {KEY, 0x04, "a"}, {KEY, 0x05, "b"}, {KEY, 0x06, "c"}, {KEY, 0x07, "d"}, {KEY, 0x08, "e"}, {KEY, 0x09, "f"},
    {KEY, 0x0a, "g"}, {KEY, 0x0b, "h"}, {KEY, 0x0c, "i"}, {KEY, 0x0d, "j"}, {KEY, 0x0e, "k"}, {KEY, 0x0f, "l"},
    {KEY, 0x10, "m"}, {KEY, 0x11, "n"}, {KEY, 0x12, "o"}, {KEY, 0x13, "p"}, {KEY, 0x14, "q"}, {KEY, 0x15, "r"},
    {KEY, 0x16, "s"}, {KEY, 0x17, "t"}, {KEY, 0x18, "u"}, {KEY, 0x19, "v"}, {KEY, 0x1a, "w"}, {KEY, 0x1b, "x"},
    {KEY, 0x1c, "y"}, {KEY, 0x1d, "z"}, {KEY, 0x1e, "1"}, {KEY, 0x1f, "2"}, {KEY, 0x20, "3"}, {KEY, 0x21, "4"},
    {KEY, 0x22, "5"}, {KEY, 0x23, "6"}, {KEY, 0x24, "7"}, {KEY, 0x25, "8"}, {KEY, 0x26, "9"}, {KEY, 0x27, "0"},
    {KEY, 0x28, "ret"}, {KEY, 0x29, "esc"}, {KEY, 0x2a, "backspace"}, {KEY, 0x2b, "tab"}, {KEY, 0x2c, "spc"},
    {KEY, 0x2d, "minus"}, {KEY, 0x2e, "equal"}, {KEY, 0x2f, "bracket_left"}, {KEY, 0x30, "bracket_right"},
    {KEY, 0x31, "backslash"},
    /* Non-US # and ~: the same key place as 0x31 */
    {KEY, 0x32, "backslash"}, {KEY, 0x33, "semicolon"}, {KEY, 0x34, "apostrophe"}, {KEY, 0x35, "grave_accent"},
    {KEY, 0x36, "comma"}, {KEY, 0x37, "dot"}, {KEY, 0x38, "slash"}, {KEY, 0x39, "caps_lock"}, {KEY, 0x3a, "f1"},
    {KEY, 0x3b, "f2"}, {KEY, 0x3c, "f3"}, {KEY, 0x3d, "f4"}, {KEY, 0x3e, "f5"}, {KEY, 0x3f, "f6"}, {KEY, 0x40, "f7"},
    {KEY, 0x41, "f8"}, {KEY, 0x42, "f9"}, {KEY, 0x43, "f10"}, {KEY, 0x44, "f11"}, {KEY, 0x45, "f12"},
    {KEY, 0x46, "print"}, {KEY, 0x47, "scroll_lock"}, {KEY, 0x48, "pause"}, {KEY, 0x49, "insert"},
    {KEY, 0x4a, "home"}, {KEY, 0x4b, "pgup"}, {KEY, 0x4c, "delete"}, {KEY, 0x4d, "end"}, {KEY, 0x4e, "pgdn"},
    {KEY, 0x4f, "right"}, {KEY, 0x50, "left"}, {KEY, 0x51, "down"}, {KEY, 0x52, "up"}, {KEY, 0x53, "num_lock"},
    {KEY, 0x54, "kp_divide"}, {KEY, 0x55, "kp_multiply"}, {KEY, 0x56, "kp_subtract"}, {KEY, 0x57, "kp_add"},
    {KEY, 0x58, "kp_enter"}, {KEY, 0x59, "kp_1"}, {KEY, 0x5a, "kp_2"}, {KEY, 0x5b, "kp_3"}, {KEY, 0x5c, "kp_4"},
    {KEY, 0x5d, "kp_5"}, {KEY, 0x5e, "kp_6"}, {KEY, 0x5f, "kp_7"}, {KEY, 0x60, "kp_8"}, {KEY, 0x61, "kp_9"},
    {KEY, 0x62, "kp_0"}, {KEY, 0x63, "kp_decimal"},
    /* Non-US \ and | */
    {KEY, 0x64, "less"},
    /* Application */
    {KEY, 0x65, "compose"}, {KEY, 0x66, "power"}, {KEY, 0x67, "kp_equals"},
    /* Execute */
    {KEY, 0x74, "open"}, {KEY, 0x75, "help"},
    /* Menu */
    {KEY, 0x76, "props"},
    /* Select */
    {KEY, 0x77, "front"}, {KEY, 0x78, "stop"}, {KEY, 0x79, "again"}, {KEY, 0x7a, "undo"}, {KEY, 0x7b, "cut"},
    {KEY, 0x7c, "copy"}, {KEY, 0x7d, "paste"}, {KEY, 0x7e, "find"}, {KEY, 0x7f, "audiomute"},
    {KEY, 0x80, "volumeup"}, {KEY, 0x81, "volumedown"}, {KEY, 0x85, "kp_comma"}, {KEY, 0x87, "ro"},
    {KEY, 0x88, "katakanahiragana"}, {KEY, 0x89, "yen"}, {KEY, 0x8a, "henkan"}, {KEY, 0x8b, "muhenkan"},
    {KEY, 0x90, "lang1"}, {KEY, 0x91, "lang2"},
    /* LANG4 */
    {KEY, 0x93, "hiragana"},
    /* SysReq/Attention */
    {KEY, 0x9a, "sysrq"}, {KEY, 0xe0, "ctrl"}, {KEY, 0xe1, "shift"}, {KEY, 0xe2, "alt"}, {KEY, 0xe3, "meta_l"},
    {KEY, 0xe4, "ctrl_r"}, {KEY, 0xe5, "shift_r"}, {KEY, 0xe6, "alt_r"}, {KEY, 0xe7, "meta_r"},
    {MEDIA, 0x30, "power"}, {MEDIA, 0x32, "sleep"}, {MEDIA, 0x40, "menu"}, {MEDIA, 0x95, "help"},
    {MEDIA, 0xb5, "audionext"}, {MEDIA, 0xb6, "audioprev"}, {MEDIA, 0xb7, "audiostop"}, {MEDIA, 0xcd, "audioplay"},
    {MEDIA, 0xe2, "audiomute"}, {MEDIA, 0xe9, "volumeup"}, {MEDIA, 0xea, "volumedown"},
    {MEDIA, 0x183, "mediaselect"}, {MEDIA, 0x18a, "mail"}, {MEDIA, 0x192, "calculator"}, {MEDIA, 0x194, "computer"},
    {MEDIA, 0x202, "open"}, {MEDIA, 0x209, "props"}, {MEDIA, 0x21a, "undo"}, {MEDIA, 0x21b, "copy"},
    {MEDIA, 0x21c, "cut"}, {MEDIA, 0x21d, "paste"}, {MEDIA, 0x21f, "find"}, {MEDIA, 0x223, "ac_home"},
    {MEDIA, 0x224, "ac_back"}, {MEDIA, 0x225, "ac_forward"}, {MEDIA, 0x226, "stop"}, {MEDIA, 0x227, "ac_refresh"},
    {MEDIA, 0x22a, "ac_bookmarks"},
    /* clang-format on */
};

size_t keymap_count(void) { return sizeof(table) / sizeof(table[0]); }

const struct keymap_entry *keymap_at(size_t index) { return &table[index]; }

int keymap_find(uint16_t page, uint16_t usage) {
  size_t low = 0, high = keymap_count();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    const struct keymap_entry *entry = &table[middle];
    if (entry->page == page && entry->usage == usage)
      return (int)middle;
    if (entry->page < page || (entry->page == page && entry->usage < usage))
      low = middle + 1;
    else
      high = middle;
  }
  return -1;
}

int keymap_find_qcode(const char *qcode) {
  for (size_t i = 0; i < keymap_count(); i++)
    if (strcmp(table[i].qcode, qcode) == 0)
      return (int)i;
  return -1;
}

_Static_assert(sizeof(table) / sizeof(table[0]) <= KEYMAP_ENTRIES_MAX, "the sinks' bit sets are this large");
