/* Which source of feedback a window has: the one place that knows them all. The window's thread. */
#ifndef TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_SELECT_H
#define TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_SELECT_H

#include "host/present/feedback/feedback.h"

/* `window` is an SDL_Window whose presenter is there already (some presenters have SDL make it anew), or NULL. NULL: nobody tells anything,
 * and `why` says why in one clause; static. */
struct feedback *feedback_select(void *window, const char **why);

#endif
