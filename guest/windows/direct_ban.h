/* "No direct copies until the next boot": said by an agent that had to end because a GPU might still write into the region, and heard by
 * the one that the service starts next, which would do the same otherwise, for ever. Lies in a volatile key of the registry, which a boot
 * empties. Control plane. */
#ifndef TRANSOM_GUEST_WINDOWS_DIRECT_BAN_H
#define TRANSOM_GUEST_WINDOWS_DIRECT_BAN_H

#include <stdbool.h>

bool direct_ban_set(void); /* false: the registry refuses, as it does to who is no administrator */
bool direct_ban_is_set(void);
void direct_ban_lift(void);

#endif
