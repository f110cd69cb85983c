/* What transom-agent.exe can be told to do: one function a verb, one table in main_windows.c. */
#ifndef TRANSOM_GUEST_WINDOWS_VERBS_H
#define TRANSOM_GUEST_WINDOWS_VERBS_H

#include "common/exit_status.h"
#include "guest/windows/agent_settings.h"

enum exit_status verb_run(const struct agent_settings *settings);
enum exit_status verb_selftest(const struct agent_settings *settings);
enum exit_status verb_install(const struct agent_settings *settings);
enum exit_status verb_uninstall(const struct agent_settings *settings);
enum exit_status verb_service(const struct agent_settings *settings); /* Windows calls it; not for people */
enum exit_status verb_loop_card(const struct agent_settings *settings);
enum exit_status verb_driver(const struct agent_settings *settings);
enum exit_status verb_status(const struct agent_settings *settings);

#endif
