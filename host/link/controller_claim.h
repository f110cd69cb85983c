/* Who of the viewers owns the host's end of the message rings? With a server its control.sock says so (the lines are described in
 * host/serve/control_line.h), without one a lock on the file. Keeps asking, and connects again by itself. On the event loop's thread. */
#ifndef TRANSOM_HOST_LINK_CONTROLLER_CLAIM_H
#define TRANSOM_HOST_LINK_CONTROLLER_CLAIM_H

#include <stdbool.h>
#include <stddef.h>

struct event_loop;
struct shared_memory;
struct controller_claim;

/* `changed`: controller_claim_is_granted() changed. `region` as in guest_link_options. NULL: out of memory. */
struct controller_claim *controller_claim_create(struct event_loop *loop, const char *region, struct shared_memory *memory,
                                                 void (*changed)(void *user_data), void *user_data);
void controller_claim_destroy(struct controller_claim *claim);
bool controller_claim_is_granted(const struct controller_claim *claim);

/* What the server says, taken apart: a pure function. Lines are at most CONTROLLER_ANSWER_BYTES_MAX with their newline. */
enum controller_answer { CONTROLLER_OK, CONTROLLER_GRANTED, CONTROLLER_BUSY, CONTROLLER_LOST, CONTROLLER_ERROR };
#define CONTROLLER_ANSWER_BYTES_MAX 64u
enum controller_answer controller_answer_parse(const char *line, size_t bytes);

#endif
