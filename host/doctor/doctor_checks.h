/* Every check there is; the table in doctor_checks.c gives their order. */
#ifndef TRANSOM_HOST_DOCTOR_DOCTOR_CHECKS_H
#define TRANSOM_HOST_DOCTOR_DOCTOR_CHECKS_H

#include "host/doctor/check.h"

extern const struct check check_kvm, check_iommu, check_cache;                                       /* checks_host.c */
extern const struct check check_domain, check_channels, check_display, check_gpu;                    /* checks_domain.c */
extern const struct check check_region, check_server, check_agent, check_output;                     /* checks_region.c */
extern const struct check check_viewer_rights, check_qemu_rights, check_input_rights, check_denials; /* checks_rights.c */

#endif
