/* What to tell the user in each state of the link, and what to do about it. Pure. */
#ifndef TRANSOM_HOST_APP_SCREENS_H
#define TRANSOM_HOST_APP_SCREENS_H

#include "host/link/guest_link.h"
#include "host/present/presenter.h"

/* `text` is the link's line (from the guest in part: control characters are replaced). `has_picture`: something has been shown before;
 * `picture_failed`: the guest's picture does not fit the presenter. */
void screens_for(enum guest_link_state state, const char *text, bool has_picture, bool picture_failed, struct presenter_status *status);

/* "running", for JSON and logs. */
const char *screens_state_name(enum guest_link_state state);

#endif
