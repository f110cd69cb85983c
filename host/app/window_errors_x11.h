/* What becomes of an X server's late complaints. Xlib's own answer ends the program, wherever it is just then. */
#ifndef TRANSOM_HOST_APP_WINDOW_ERRORS_X11_H
#define TRANSOM_HOST_APP_WINDOW_ERRORS_X11_H

#include <stdint.h>

/* From now on an X error is a line in the log. For the whole process; libraries that expect an error of their own still see to it. */
void window_errors_x11_survive(void);

uint32_t window_errors_x11_count(void); /* so far. Any thread */

#endif
