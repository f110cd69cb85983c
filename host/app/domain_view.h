/* What libvirt adds to a viewer: the domain's life as screens, its emulated display while no agent shows a picture, waking it.
 *
 * The watch and the display have threads of their own and only leave news here; `changed` is called on theirs. Everything else is the
 * presenting thread's, and none of it waits for libvirt. A viewer without libvirt has none: NULL is fine everywhere. */
#ifndef TRANSOM_HOST_APP_DOMAIN_VIEW_H
#define TRANSOM_HOST_APP_DOMAIN_VIEW_H

#include "host/app/settings.h"
#include "host/link/guest_link.h"
#include "host/present/presenter.h"

struct domain_view;

/* NULL: the settings name no domain of libvirt, or there is no thread for it (said). `changed` must come to a domain_view_turn(). */
struct domain_view *domain_view_start(const struct view_settings *settings, void (*changed)(void *user_data), void *user_data);
void domain_view_stop(struct domain_view *view); /* `changed` is not called any more */

enum domain_view_result { DOMAIN_VIEW_NOTHING = 0, DOMAIN_VIEW_STATE = 1, DOMAIN_VIEW_PICTURE = 2, DOMAIN_VIEW_BROKEN = 4 };

/* Takes the news. `link` is the region's state, `region_shows`: a frame of the present session has been shown, so the emulated display is
 * not wanted. DOMAIN_VIEW_PICTURE: the presenter's images hold the emulated display now. DOMAIN_VIEW_BROKEN: the presenter has failed. */
unsigned domain_view_turn(struct domain_view *view, struct presenter *presenter, enum guest_link_state link, bool region_shows);

/* The presenter is another one and has no picture: the emulated display is opened anew, for a whole one. */
void domain_view_start_over(struct domain_view *view);

/* Changes the screen that the link's state asks for, where the domain says more. */
void domain_view_screen(const struct domain_view *view, enum guest_link_state link, bool has_picture, struct presenter_status *status);

/* A key was pressed: a sleeping guest wakes. True: it slept. The main thread. */
bool domain_view_key(struct domain_view *view);

/* For JSON: "running", "" without libvirt; how many pictures of the emulated display were shown. */
const char *domain_view_state_name(const struct domain_view *view);
uint64_t domain_view_fallback_count(const struct domain_view *view);

#endif
