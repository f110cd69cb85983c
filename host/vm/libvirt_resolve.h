/* Where a domain's region is, as libvirt knows it: what --region would say. Start of the program. */
#ifndef TRANSOM_HOST_VM_LIBVIRT_RESOLVE_H
#define TRANSOM_HOST_VM_LIBVIRT_RESOLVE_H

#include "host/vm/setup_plan.h"

#include <stdbool.h>
#include <stddef.h>

struct libvirt_place {
  char uri[256]; /* "" = libvirt does not know the domain, or does not answer */
  struct setup_facts facts;
  char reason[512]; /* why there is none */
};

/* Waits at most `limit_ms` for libvirt; a call that takes longer is left behind. */
void libvirt_resolve(const char *given_uri, const char *domain, unsigned limit_ms, struct libvirt_place *place);

/* The one running domain that is set up. False: none or several; `names` lists what there is, "" for nothing. The same limit. */
bool libvirt_pick(const char *given_uri, unsigned limit_ms, char *domain, size_t domain_bytes, char *names, size_t names_bytes);

#endif
