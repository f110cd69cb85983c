/* The virtual display drivers that are known: signed ones in use, by hardware id, and how each is told of a mode that it should offer.
 * Pure; any thread. */
#ifndef TRANSOM_GUEST_CORE_VIRTUAL_DISPLAY_H
#define TRANSOM_GUEST_CORE_VIRTUAL_DISPLAY_H

enum virtual_display_way {
  VIRTUAL_DISPLAY_FIXED,    /* not at all: the program that plugs the display in says which modes it has */
  VIRTUAL_DISPLAY_SETTINGS, /* a settings file (vdd_settings.h), and a pipe to have it read again */
  VIRTUAL_DISPLAY_KEYS,     /* registry: a key a mode; read when the display is plugged in */
  VIRTUAL_DISPLAY_VALUES,   /* registry: a value a mode; read when the display is plugged in */
};

struct virtual_display {
  const char *hardware_id; /* lower case; devices' ids begin with it */
  const char *name;        /* for the user */
  enum virtual_display_way way;
};

/* NULL: none that is known. In any case of letters. */
const struct virtual_display *virtual_display_find(const char *hardware_id);

#endif
