#include "host/doctor/doctor_checks.h"

#include <stddef.h>

const struct check *const doctor_checks[] = {
    &check_kvm,           &check_iommu,       &check_cache,   &check_domain,  &check_region,   &check_server,
    &check_viewer_rights, &check_qemu_rights, &check_denials, &check_display, &check_channels, &check_input_rights,
    &check_gpu,           &check_agent,       &check_output,  NULL,
};
