/* The guest's end of the input-to-screen test: a window over a whole output that shows a loop card (guest/core/test_card.h) and draws its
 * next frame, at once, for each press, release, motion and turn of a wheel, wherever the focus is. An autorepeat is none of these.
 *
 * It knows nothing of the agent, which captures it as any other program's window. Threads: one, the window's own, which fetches its
 * messages. Control plane. */
#ifndef TRANSOM_GUEST_WINDOWS_LOOP_WINDOW_H
#define TRANSOM_GUEST_WINDOWS_LOOP_WINDOW_H

#include <stddef.h>
#include <stdint.h>

struct loop_window;

/* Above all other windows of output `output` (as screen_output_list() counts), and there too after mode changes. NULL: `error` says why.
 * When its user closes it (Alt+F4), WM_QUIT is posted to the thread. */
struct loop_window *loop_window_create(uint32_t output, char *error, size_t capacity);
void loop_window_destroy(struct loop_window *window); /* NULL is fine */

#endif
