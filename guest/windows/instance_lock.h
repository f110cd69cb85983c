/* One worker of the service's a machine: a file in the data directory that is open for nobody else. A file, not a named mutex: anyone may
 * make a mutex of a known name first, but only administrators can write in that directory; and it goes with its process, however that ends.
 */
#ifndef TRANSOM_GUEST_WINDOWS_INSTANCE_LOCK_H
#define TRANSOM_GUEST_WINDOWS_INSTANCE_LOCK_H

#include <stdbool.h>

/* Holds it until instance_lock_release() or the end of the process. False: said in the log. */
bool instance_lock_acquire(void);
void instance_lock_release(void);

/* Does another process hold it: does a worker live? */
bool instance_lock_is_taken(void);

#endif
