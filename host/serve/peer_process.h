/* Who is at the other end of a socket, and does it still live? */
#ifndef TRANSOM_HOST_SERVE_PEER_PROCESS_H
#define TRANSOM_HOST_SERVE_PEER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Start time of a process in clock ticks since boot: with the pid it names one process for good. 0 = there is none. */
uint64_t peer_process_start_ticks(pid_t pid);

/* Its name as the kernel has it ("qemu-system-x86"), or "?". */
void peer_process_name(pid_t pid, char name[32]);

/* SO_PEERCRED. */
bool peer_process_credentials(int socket, pid_t *pid, uid_t *uid);

#endif
