#include "guest/core/virtual_display.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>

/* Where an id and its interface are from:
 *   mttvdd             MttVDD.inf and Driver.cpp of github.com/VirtualDrivers/Virtual-Display-Driver: settings in vdd_settings.xml, read
 *                      again on RELOAD_DRIVER at the pipe MTTVirtualDisplayPipe; the wiki's "Registry Overrides" has VDDPATH
 *   iddsampledriver    the same project before it was renamed, and others after Microsoft's sample: option.txt, read when the device starts
 *   parsec\vda         docs/PARSEC_VDD_SPECS.md of github.com/nomi-san/parsec-vdd; modes: Parsec's "VDD Advanced Configuration"
 *   sudomaker\sudovda  sudovda-ioctl.h of github.com/SudoMaker/SudoVDA: a display lives, with its mode, for who adds it
 *   usbmmidd           the batch file in Amyuni's usbmmidd_v2.zip: installed by that id; names the registry key of the modes */
static const struct virtual_display known[] = {
    {"root\\mttvdd", "Virtual Display Driver", VIRTUAL_DISPLAY_SETTINGS},    {"mttvdd", "Virtual Display Driver", VIRTUAL_DISPLAY_SETTINGS},
    {"root\\iddsampledriver", "IddSampleDriver", VIRTUAL_DISPLAY_FIXED},     {"iddsampledriver", "IddSampleDriver", VIRTUAL_DISPLAY_FIXED},
    {"root\\parsec\\vda", "Parsec's virtual display", VIRTUAL_DISPLAY_KEYS}, {"root\\sudomaker\\sudovda", "SudoVDA", VIRTUAL_DISPLAY_FIXED},
    {"usbmmidd", "Amyuni's virtual display", VIRTUAL_DISPLAY_VALUES},
};

static bool begins_with(const char *text, const char *lower_prefix) {
  while (*lower_prefix) {
    if (tolower((unsigned char)*text++) != *lower_prefix++)
      return false;
  }
  return true;
}

const struct virtual_display *virtual_display_find(const char *hardware_id) {
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (begins_with(hardware_id, known[i].hardware_id))
      return &known[i];
  }
  return NULL;
}
