/* From a domain's name to what --region and --qmp would say, through libvirt. Start of the program; waits at most five seconds. */
#ifndef TRANSOM_HOST_APP_DOMAIN_SOURCE_H
#define TRANSOM_HOST_APP_DOMAIN_SOURCE_H

#include "host/app/settings.h"

/* Fills in what the user did not give. Without a domain's name it takes the only running one that is set up. False: there is nothing to
 * view, one line has been said. */
bool domain_source_resolve(struct view_settings *settings);
void domain_source_release(struct view_settings *settings);

/* Does libvirt know a domain of this name? */
bool domain_source_knows(const char *domain);

#endif
