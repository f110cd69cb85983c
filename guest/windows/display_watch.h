/* The process's display keeper (guest/core/display_keeper.h) on Windows' displays. One a process; the agent's thread.
 * Sources that do not show the screen need none: then nothing here does anything. */
#ifndef TRANSOM_GUEST_WINDOWS_DISPLAY_WATCH_H
#define TRANSOM_GUEST_WINDOWS_DISPLAY_WATCH_H

#include "guest/core/agent.h"
#include "guest/windows/agent_settings.h"

void display_watch_begin(const struct agent_settings *settings);
void display_watch_end(void); /* gives the displays back */

/* After each agent_step(). Returns when to be called next at the latest, on clock_raw_ns(). */
uint64_t display_watch_step(struct agent *agent);

bool display_watch_is_on(void); /* false: nothing here does anything */

/* agent_ports.mode_wished; only where it is on */
void display_watch_wish(uint32_t width, uint32_t height, uint32_t refresh_mhz, void *user_data);

#endif
