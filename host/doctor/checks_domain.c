/* The domain: is it there, and has it what we need? */
#include "host/doctor/doctor_checks.h"

static void run_domain(const struct check_context *context, struct check_result *result) {
  if (!context->domain)
    return;
  if (!context->uri[0]) {
    check_say(result, CHECK_FAILED, "%s: %s", context->domain, context->reason);
    check_fix(result, "is libvirtd or virtqemud running, are you in the group libvirt, is the name right? `transom list` shows all");
    return;
  }
  check_say(result, CHECK_FINE, "%s in %s, %s", context->domain, context->uri, domain_state_name(context->state));
}

const struct check check_domain = {"domain", "Domain", run_domain};

static void run_display(const struct check_context *context, struct check_result *result) {
  if (!context->has_facts)
    return;
  if (context->facts.has_vnc && context->facts.has_video) {
    check_say(result, CHECK_FINE, "an emulated display with VNC: firmware, boot and login are seen");
    return;
  }
  check_say(result, CHECK_WARNING, "%s: nothing is seen before the agent runs",
            !context->facts.has_video ? "no emulated display" : "the emulated display has no VNC");
  check_fix(result, "transom setup '%s' adds it", context->domain);
}

const struct check check_display = {"display", "Display before the agent", run_display};

static void run_channels(const struct check_context *context, struct check_result *result) {
  if (!context->has_facts)
    return;
  if (context->host.no_usb_redir) {
    check_say(result, CHECK_WARNING, "this QEMU has no usb-redir: input goes through its monitor");
    check_fix(result, "on Arch install qemu-hw-usb-redirect, then run transom setup '%s' again", context->domain);
  } else if (context->facts.has_usb_input && context->facts.has_usb_audio)
    check_say(result, CHECK_FINE, "USB channels for input and sound");
  else {
    check_say(result, CHECK_WARNING, "no USB channel for %s: input goes through QEMU's monitor",
              context->facts.has_usb_input ? "sound" : "keyboard and mouse");
    check_fix(result, "transom setup '%s' adds it", context->domain);
  }
}

const struct check check_channels = {"usb_channels", "USB channels", run_channels};

static void run_gpu(const struct check_context *context, struct check_result *result) {
  if (!context->has_facts || !context->facts.has_hostdev)
    return;
  if (context->facts.is_uefi) {
    check_say(result, CHECK_FINE, "PCI devices are passed through, the firmware is UEFI");
    return;
  }
  check_say(result, CHECK_WARNING, "PCI devices are passed through, but the domain boots by BIOS, where GPUs of today often stay dark");
  check_fix(result, "a guest cannot change over: install it anew with UEFI (virt-install --boot uefi)");
}

const struct check check_gpu = {"gpu", "Passed-through GPU", run_gpu};
