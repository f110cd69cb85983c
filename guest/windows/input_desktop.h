/* The desktop that has the screen and the keyboard: the user's, the log-on screen's, or that of a UAC prompt. A thread sees only the one it
 * is attached to. Threads: each its own. */
#ifndef TRANSOM_GUEST_WINDOWS_INPUT_DESKTOP_H
#define TRANSOM_GUEST_WINDOWS_INPUT_DESKTOP_H

#include <stdbool.h>

struct input_desktop {
  void *first;   /* HDESK that this thread began with; NULL = not asked yet */
  void *desktop; /* the one that it is attached to instead; NULL = none */
  char name[64];
};

/* Attaches the calling thread to the present input desktop. True when it is another one than before: device contexts and duplications of
 * the old one are worth nothing any more. False also when the system refuses; then the old one stays. The thread must own no window. */
bool input_desktop_follow(struct input_desktop *desktop);
/* Puts the thread back: a desktop that one is attached to cannot be closed. Fine on a zeroed one, and twice. */
void input_desktop_finish(struct input_desktop *desktop);

#endif
