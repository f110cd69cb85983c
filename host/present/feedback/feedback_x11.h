/* X11's Present extension as a source of feedback: drivers hand their pictures to the server by it, and the server tells everybody who asks
 * of a window when each was copied to the screen, or flipped to. Under a compositor that is the copy that the compositor then draws from.
 */
#ifndef TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_X11_H
#define TRANSOM_HOST_PRESENT_FEEDBACK_FEEDBACK_X11_H

#include "host/present/feedback/feedback_source.h"

/* On a connection of its own. Pictures are known by their number since the presenter's images were made anew, which is how Mesa's drivers
 * number their presentations; of a driver that counts otherwise nothing is ever told. NULL: no Present extension, or no connection. */
struct feedback_source *feedback_x11_create(uint32_t window);

#endif
