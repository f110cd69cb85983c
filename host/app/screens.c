#include "host/app/screens.h"

#include <stdio.h>
#include <string.h>

struct screen {
  const char *name; /* in JSON */
  const char *title;
  const char *advice;
};

static const struct screen screens[] = {
    [GUEST_LINK_NO_REGION] =
        {"no_region", "No shared memory yet",
         "Start the VM and transom-serve (transom serve), or give the right place with --region. Trying again every second."},
    [GUEST_LINK_WAITING] = {"waiting", "Waiting for the agent",
                            "The shared memory is there, but nothing in the guest writes to it. Start transom-agent in the guest."},
    [GUEST_LINK_RUNNING] = {"running", "Connected", "Waiting for the first picture."},
    [GUEST_LINK_AGENT_LOST] = {"agent_lost", "The agent does not answer",
                               "The guest is paused or shutting down, or transom-agent has ended. The picture comes back by itself."},
    [GUEST_LINK_INCOMPATIBLE] = {"incompatible", "Versions do not fit",
                                 "Install the same release of Transom on the host and in the guest."},
    [GUEST_LINK_BROKEN] = {"broken", "The shared memory is damaged",
                           "What is in it was not written by an honest agent. Check that --region names the right VM, and restart "
                           "transom-agent in the guest."},
    [GUEST_LINK_NO_HEAD] =
        {"no_head", "No output",
         "When the guest shows something there, it is seen here. If it does, the log of transom-agent says why it is left "
         "out."},
};

static const struct screen too_large = {"failed", "The picture cannot be shown",
                                        "It is too large for this renderer: try --renderer headless, or a smaller mode in the guest."};

const char *screens_state_name(enum guest_link_state state) { return screens[state].name; }

/* Only what a line of text may hold. */
static void clean(char *text) {
  for (; *text; text++)
    if ((unsigned char)*text < ' ' && *text != '\n')
      *text = ' ';
}

void screens_for(enum guest_link_state state, const char *text, bool has_picture, bool picture_failed, struct presenter_status *status) {
  bool failed = state == GUEST_LINK_RUNNING && picture_failed;
  const struct screen *screen = failed ? &too_large : &screens[state];
  *status = (struct presenter_status){.visible = state != GUEST_LINK_RUNNING || failed || !has_picture, .keep_picture = has_picture};
  snprintf(status->title, sizeof status->title, "%s", screen->title);
  bool says_more = text && text[0] && state != GUEST_LINK_WAITING; /* whose line is the title over again */
  if (says_more)
    snprintf(status->detail, sizeof status->detail, "%.200s\n%s", text, screen->advice);
  else
    snprintf(status->detail, sizeof status->detail, "%s", screen->advice);
  clean(status->detail);
}
