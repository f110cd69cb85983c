#include "host/input/evdev_keymap.h"

#include "host/input/input_event.h"

#include <linux/input-event-codes.h>

#define KEY(usage)                                                                                                                         \
  { INPUT_PAGE_KEYBOARD, usage }
#define MEDIA(usage)                                                                                                                       \
  { INPUT_PAGE_CONSUMER, usage }
#define SYSTEM(usage)                                                                                                                      \
  { INPUT_PAGE_DESKTOP, usage }
#define BUTTON(usage)                                                                                                                      \
  { INPUT_PAGE_BUTTON, usage }

_Static_assert(EVDEV_KEY_CODES == KEY_CNT, "the kernel's codes");

/* Inverse of the kernel's drivers/hid/hid-input.c, usages by HID Usage Tables 1.5 (4.5, 10, 12, 15). */
static const struct evdev_usage table[EVDEV_KEY_CODES] = {
    /* clang-format off */
    [KEY_A] = KEY(0x04), [KEY_B] = KEY(0x05), [KEY_C] = KEY(0x06), [KEY_D] = KEY(0x07), [KEY_E] = KEY(0x08), [KEY_F] = KEY(0x09),
    [KEY_G] = KEY(0x0a), [KEY_H] = KEY(0x0b), [KEY_I] = KEY(0x0c), [KEY_J] = KEY(0x0d), [KEY_K] = KEY(0x0e), [KEY_L] = KEY(0x0f),
    [KEY_M] = KEY(0x10), [KEY_N] = KEY(0x11), [KEY_O] = KEY(0x12), [KEY_P] = KEY(0x13), [KEY_Q] = KEY(0x14), [KEY_R] = KEY(0x15),
    [KEY_S] = KEY(0x16), [KEY_T] = KEY(0x17), [KEY_U] = KEY(0x18), [KEY_V] = KEY(0x19), [KEY_W] = KEY(0x1a), [KEY_X] = KEY(0x1b),
    [KEY_Y] = KEY(0x1c), [KEY_Z] = KEY(0x1d),
    [KEY_1] = KEY(0x1e), [KEY_2] = KEY(0x1f), [KEY_3] = KEY(0x20), [KEY_4] = KEY(0x21), [KEY_5] = KEY(0x22), [KEY_6] = KEY(0x23),
    [KEY_7] = KEY(0x24), [KEY_8] = KEY(0x25), [KEY_9] = KEY(0x26), [KEY_0] = KEY(0x27),
    [KEY_ENTER] = KEY(0x28), [KEY_ESC] = KEY(0x29), [KEY_BACKSPACE] = KEY(0x2a), [KEY_TAB] = KEY(0x2b), [KEY_SPACE] = KEY(0x2c),
    [KEY_MINUS] = KEY(0x2d), [KEY_EQUAL] = KEY(0x2e), [KEY_LEFTBRACE] = KEY(0x2f), [KEY_RIGHTBRACE] = KEY(0x30),
    [KEY_BACKSLASH] = KEY(0x31), [KEY_SEMICOLON] = KEY(0x33), [KEY_APOSTROPHE] = KEY(0x34), [KEY_GRAVE] = KEY(0x35),
    [KEY_COMMA] = KEY(0x36), [KEY_DOT] = KEY(0x37), [KEY_SLASH] = KEY(0x38), [KEY_CAPSLOCK] = KEY(0x39),
    [KEY_F1] = KEY(0x3a), [KEY_F2] = KEY(0x3b), [KEY_F3] = KEY(0x3c), [KEY_F4] = KEY(0x3d), [KEY_F5] = KEY(0x3e), [KEY_F6] = KEY(0x3f),
    [KEY_F7] = KEY(0x40), [KEY_F8] = KEY(0x41), [KEY_F9] = KEY(0x42), [KEY_F10] = KEY(0x43), [KEY_F11] = KEY(0x44), [KEY_F12] = KEY(0x45),
    [KEY_SYSRQ] = KEY(0x46), [KEY_SCROLLLOCK] = KEY(0x47), [KEY_PAUSE] = KEY(0x48), [KEY_INSERT] = KEY(0x49), [KEY_HOME] = KEY(0x4a),
    [KEY_PAGEUP] = KEY(0x4b), [KEY_DELETE] = KEY(0x4c), [KEY_END] = KEY(0x4d), [KEY_PAGEDOWN] = KEY(0x4e), [KEY_RIGHT] = KEY(0x4f),
    [KEY_LEFT] = KEY(0x50), [KEY_DOWN] = KEY(0x51), [KEY_UP] = KEY(0x52), [KEY_NUMLOCK] = KEY(0x53), [KEY_KPSLASH] = KEY(0x54),
    [KEY_KPASTERISK] = KEY(0x55), [KEY_KPMINUS] = KEY(0x56), [KEY_KPPLUS] = KEY(0x57), [KEY_KPENTER] = KEY(0x58),
    [KEY_KP1] = KEY(0x59), [KEY_KP2] = KEY(0x5a), [KEY_KP3] = KEY(0x5b), [KEY_KP4] = KEY(0x5c), [KEY_KP5] = KEY(0x5d),
    [KEY_KP6] = KEY(0x5e), [KEY_KP7] = KEY(0x5f), [KEY_KP8] = KEY(0x60), [KEY_KP9] = KEY(0x61), [KEY_KP0] = KEY(0x62),
    [KEY_KPDOT] = KEY(0x63), [KEY_102ND] = KEY(0x64), [KEY_COMPOSE] = KEY(0x65), [KEY_KPEQUAL] = KEY(0x67),
    [KEY_F13] = KEY(0x68), [KEY_F14] = KEY(0x69), [KEY_F15] = KEY(0x6a), [KEY_F16] = KEY(0x6b), [KEY_F17] = KEY(0x6c),
    [KEY_F18] = KEY(0x6d), [KEY_F19] = KEY(0x6e), [KEY_F20] = KEY(0x6f), [KEY_F21] = KEY(0x70), [KEY_F22] = KEY(0x71),
    [KEY_F23] = KEY(0x72), [KEY_F24] = KEY(0x73), [KEY_FRONT] = KEY(0x77), [KEY_AGAIN] = KEY(0x79),
    /* Brazil and Japan, Korea */
    [KEY_KPCOMMA] = KEY(0x85), [KEY_RO] = KEY(0x87), [KEY_KATAKANAHIRAGANA] = KEY(0x88), [KEY_YEN] = KEY(0x89), [KEY_HENKAN] = KEY(0x8a),
    [KEY_MUHENKAN] = KEY(0x8b), [KEY_KPJPCOMMA] = KEY(0x8c), [KEY_HANGEUL] = KEY(0x90), [KEY_HANJA] = KEY(0x91), [KEY_KATAKANA] = KEY(0x92),
    [KEY_HIRAGANA] = KEY(0x93), [KEY_ZENKAKUHANKAKU] = KEY(0x94),
    [KEY_KPLEFTPAREN] = KEY(0xb6), [KEY_KPRIGHTPAREN] = KEY(0xb7),
    [KEY_LEFTCTRL] = KEY(0xe0), [KEY_LEFTSHIFT] = KEY(0xe1), [KEY_LEFTALT] = KEY(0xe2), [KEY_LEFTMETA] = KEY(0xe3),
    [KEY_RIGHTCTRL] = KEY(0xe4), [KEY_RIGHTSHIFT] = KEY(0xe5), [KEY_RIGHTALT] = KEY(0xe6), [KEY_RIGHTMETA] = KEY(0xe7),

    [KEY_POWER] = SYSTEM(0x81), [KEY_SLEEP] = SYSTEM(0x82), [KEY_WAKEUP] = SYSTEM(0x83),

    [KEY_RESTART] = MEDIA(0x31), [KEY_MENU] = MEDIA(0x40), [KEY_SELECT] = MEDIA(0x41), [KEY_SUBTITLE] = MEDIA(0x61),
    [KEY_CAMERA] = MEDIA(0x65), [KEY_RED] = MEDIA(0x69), [KEY_GREEN] = MEDIA(0x6a), [KEY_BLUE] = MEDIA(0x6b), [KEY_YELLOW] = MEDIA(0x6c),
    [KEY_ASPECT_RATIO] = MEDIA(0x6d), [KEY_BRIGHTNESSUP] = MEDIA(0x6f), [KEY_BRIGHTNESSDOWN] = MEDIA(0x70),
    [KEY_BRIGHTNESS_TOGGLE] = MEDIA(0x72), [KEY_BRIGHTNESS_MIN] = MEDIA(0x73), [KEY_BRIGHTNESS_MAX] = MEDIA(0x74),
    [KEY_BRIGHTNESS_AUTO] = MEDIA(0x75), [KEY_KBDILLUMUP] = MEDIA(0x79), [KEY_KBDILLUMDOWN] = MEDIA(0x7a),
    [KEY_KBDILLUMTOGGLE] = MEDIA(0x7c), [KEY_VIDEO_NEXT] = MEDIA(0x82), [KEY_LAST] = MEDIA(0x83), [KEY_PC] = MEDIA(0x88),
    [KEY_TV] = MEDIA(0x89), [KEY_DVD] = MEDIA(0x8b), [KEY_PHONE] = MEDIA(0x8c), [KEY_PROGRAM] = MEDIA(0x8d),
    [KEY_VIDEOPHONE] = MEDIA(0x8e), [KEY_GAMES] = MEDIA(0x8f), [KEY_MEMO] = MEDIA(0x90), [KEY_CD] = MEDIA(0x91), [KEY_VCR] = MEDIA(0x92),
    [KEY_TUNER] = MEDIA(0x93), [KEY_HELP] = MEDIA(0x95), [KEY_TAPE] = MEDIA(0x96), [KEY_TV2] = MEDIA(0x97), [KEY_SAT] = MEDIA(0x98),
    [KEY_PVR] = MEDIA(0x9a), [KEY_CHANNELUP] = MEDIA(0x9c), [KEY_CHANNELDOWN] = MEDIA(0x9d), [KEY_VCR2] = MEDIA(0xa0),
    [KEY_PLAY] = MEDIA(0xb0), [KEY_RECORD] = MEDIA(0xb2), [KEY_FASTFORWARD] = MEDIA(0xb3), [KEY_REWIND] = MEDIA(0xb4),
    [KEY_NEXTSONG] = MEDIA(0xb5), [KEY_PREVIOUSSONG] = MEDIA(0xb6), [KEY_STOPCD] = MEDIA(0xb7), [KEY_EJECTCD] = MEDIA(0xb8),
    [KEY_SHUFFLE] = MEDIA(0xb9), [KEY_MEDIA_REPEAT] = MEDIA(0xbc), [KEY_PLAYPAUSE] = MEDIA(0xcd), [KEY_VOICECOMMAND] = MEDIA(0xcf),
    [KEY_MUTE] = MEDIA(0xe2), [KEY_BASSBOOST] = MEDIA(0xe5), [KEY_VOLUMEUP] = MEDIA(0xe9), [KEY_VOLUMEDOWN] = MEDIA(0xea),
    [KEY_SLOW] = MEDIA(0xf5), [KEY_BUTTONCONFIG] = MEDIA(0x181), [KEY_CONFIG] = MEDIA(0x183), [KEY_WORDPROCESSOR] = MEDIA(0x184),
    [KEY_EDITOR] = MEDIA(0x185), [KEY_SPREADSHEET] = MEDIA(0x186), [KEY_GRAPHICSEDITOR] = MEDIA(0x187), [KEY_PRESENTATION] = MEDIA(0x188),
    [KEY_DATABASE] = MEDIA(0x189), [KEY_MAIL] = MEDIA(0x18a), [KEY_NEWS] = MEDIA(0x18b), [KEY_VOICEMAIL] = MEDIA(0x18c),
    [KEY_ADDRESSBOOK] = MEDIA(0x18d), [KEY_CALENDAR] = MEDIA(0x18e), [KEY_TASKMANAGER] = MEDIA(0x18f), [KEY_JOURNAL] = MEDIA(0x190),
    [KEY_FINANCE] = MEDIA(0x191), [KEY_CALC] = MEDIA(0x192), [KEY_PLAYER] = MEDIA(0x193), [KEY_FILE] = MEDIA(0x194),
    [KEY_WWW] = MEDIA(0x196), [KEY_CHAT] = MEDIA(0x199), [KEY_LOGOFF] = MEDIA(0x19c), [KEY_COFFEE] = MEDIA(0x19e),
    [KEY_CONTROLPANEL] = MEDIA(0x19f), [KEY_APPSELECT] = MEDIA(0x1a2), [KEY_NEXT] = MEDIA(0x1a3), [KEY_PREVIOUS] = MEDIA(0x1a4),
    [KEY_DOCUMENTS] = MEDIA(0x1a7), [KEY_SPELLCHECK] = MEDIA(0x1ab), [KEY_KEYBOARD] = MEDIA(0x1ae), [KEY_SCREENSAVER] = MEDIA(0x1b1),
    [KEY_IMAGES] = MEDIA(0x1b6), [KEY_AUDIO] = MEDIA(0x1b7), [KEY_VIDEO] = MEDIA(0x1b8), [KEY_MESSENGER] = MEDIA(0x1bc),
    [KEY_INFO] = MEDIA(0x1bd), [KEY_ASSISTANT] = MEDIA(0x1cb), [KEY_NEW] = MEDIA(0x201), [KEY_OPEN] = MEDIA(0x202),
    [KEY_CLOSE] = MEDIA(0x203), [KEY_EXIT] = MEDIA(0x204), [KEY_SAVE] = MEDIA(0x207), [KEY_PRINT] = MEDIA(0x208), [KEY_PROPS] = MEDIA(0x209),
    [KEY_UNDO] = MEDIA(0x21a), [KEY_COPY] = MEDIA(0x21b), [KEY_CUT] = MEDIA(0x21c), [KEY_PASTE] = MEDIA(0x21d), [KEY_FIND] = MEDIA(0x21f),
    [KEY_SEARCH] = MEDIA(0x221), [KEY_GOTO] = MEDIA(0x222), [KEY_HOMEPAGE] = MEDIA(0x223), [KEY_BACK] = MEDIA(0x224),
    [KEY_FORWARD] = MEDIA(0x225), [KEY_STOP] = MEDIA(0x226), [KEY_REFRESH] = MEDIA(0x227), [KEY_BOOKMARKS] = MEDIA(0x22a),
    [KEY_ZOOMIN] = MEDIA(0x22d), [KEY_ZOOMOUT] = MEDIA(0x22e), [KEY_ZOOMRESET] = MEDIA(0x22f), [KEY_ZOOM] = MEDIA(0x232),
    [KEY_SCROLLUP] = MEDIA(0x233), [KEY_SCROLLDOWN] = MEDIA(0x234), [KEY_EDIT] = MEDIA(0x23d), [KEY_CANCEL] = MEDIA(0x25f),
    [KEY_REDO] = MEDIA(0x279), [KEY_REPLY] = MEDIA(0x289), [KEY_FORWARDMAIL] = MEDIA(0x28b), [KEY_SEND] = MEDIA(0x28c),
    [KEY_SCALE] = MEDIA(0x29f),

    [BTN_LEFT] = BUTTON(1), [BTN_RIGHT] = BUTTON(2), [BTN_MIDDLE] = BUTTON(3), [BTN_SIDE] = BUTTON(4), [BTN_EXTRA] = BUTTON(5),
    [BTN_FORWARD] = BUTTON(6), [BTN_BACK] = BUTTON(7), [BTN_TASK] = BUTTON(8), [BTN_TASK + 1] = BUTTON(9), [BTN_TASK + 2] = BUTTON(10),
    [BTN_TASK + 3] = BUTTON(11), [BTN_TASK + 4] = BUTTON(12), [BTN_TASK + 5] = BUTTON(13), [BTN_TASK + 6] = BUTTON(14),
    [BTN_TASK + 7] = BUTTON(15), [BTN_TASK + 8] = BUTTON(16),
    /* clang-format on */
};

struct evdev_usage evdev_keymap_usage(unsigned code) {
  return code < EVDEV_KEY_CODES ? table[code] : (struct evdev_usage){0};
}

int evdev_keymap_code(uint16_t page, uint16_t usage) {
  for (int code = 0; code < EVDEV_KEY_CODES; code++)
    if (page && table[code].page == page && table[code].usage == usage)
      return code;
  return -1;
}

bool evdev_keymap_is_button(const struct evdev_usage *as) { return as->page == INPUT_PAGE_BUTTON; }
