/* What `transom setup` would change in a domain, as a pure function of its XML text and of facts about the host: no file is opened, nothing
 * is asked of libvirt. Any thread. Every byte outside of the edits survives.
 *
 * Nothing of the user's is taken away: what is there is recognised and left, and two elements are replaced where they forbid the picture
 * (<video> of model none) or cost latency (<memballoon>). Devices that we add carry the alias ua-transom-*, which libvirt keeps. */
#ifndef TRANSOM_HOST_VM_SETUP_PLAN_H
#define TRANSOM_HOST_VM_SETUP_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETUP_HOSTDEVS_MAX 16u
#define SETUP_NOTES_MAX 48u
#define SETUP_PATH_BYTES 256u
#define SETUP_NAME_BYTES 64u /* of the directory and unit of a VM */

struct pci_address {
  uint32_t domain;
  uint8_t bus, slot, function;
};

/* What of the host decides about an edit. Zero is "nothing known". */
struct setup_host {
  bool is_session;         /* QEMU runs as the caller */
  bool invariant_tsc;      /* the processor's counter never stops or changes its rate */
  bool no_usb_redir;       /* libvirt says that this QEMU has none */
  unsigned libvirt;        /* major * 1000000 + minor * 1000 + release */
  unsigned qemu;           /* the same */
  bool qemu_is_caller;     /* libvirt runs QEMU as the user who will listen */
  char runtime_dir[128];   /* of that user, for PipeWire */
  char run_directory[128]; /* "/run/transom", or $XDG_RUNTIME_DIR/transom */
};

struct setup_options {
  bool tune;    /* processor, timers, enlightenments */
  bool display; /* VNC beside what there is, and a video device */
  struct pci_address hostdevs[SETUP_HOSTDEVS_MAX];
  unsigned hostdev_count;
  char guest_iso[SETUP_PATH_BYTES];
};

enum setup_note_kind {
  SETUP_NOTE_CHANGE,  /* what the diff does, and why */
  SETUP_NOTE_KEPT,    /* what was found and left */
  SETUP_NOTE_WARNING, /* what will not work, and what to do */
  SETUP_NOTE_ADVICE,
};

struct setup_note {
  enum setup_note_kind kind;
  char text[320];
};

/* What the domain has to do with us, before any change. */
struct setup_facts {
  char name[128]; /* the domain's */
  char uuid[40];
  char directory[SETUP_NAME_BYTES]; /* of its sockets below the run directory, and the instance of its unit */
  bool is_kvm, is_windows, is_uefi, is_q35;
  bool has_hostdev; /* some PCI device is passed through */
  bool has_region, region_is_ours;
  char region[SETUP_PATH_BYTES + 16]; /* as --region takes it; "" = none */
  bool has_usb_input, has_usb_audio;  /* our channels */
  char usb_input[SETUP_PATH_BYTES], usb_audio[SETUP_PATH_BYTES];
  bool has_vnc, has_video;
  int vnc_index; /* among <graphics>, as virDomainOpenGraphicsFD counts; -1 = none */
};

struct setup_plan {
  struct setup_facts facts;
  char *text; /* the new XML, or the same bytes */
  size_t length;
  bool changed;
  struct setup_note notes[SETUP_NOTES_MAX];
  unsigned note_count;
};

struct setup_plan *setup_plan_create(const char *text, size_t length, const struct setup_options *options, const struct setup_host *host,
                                     char *error, size_t capacity);
void setup_plan_destroy(struct setup_plan *plan);

/* Only the facts. False: `error` says what is wrong with the text. */
bool setup_facts_read(const char *text, size_t length, struct setup_facts *facts, char *error, size_t capacity);

/* Region size for `heads` screens of that mode and `consumers` that hold a frame each: a power of two from 1 MiB; 0 = more than 16 GiB. */
uint64_t setup_region_bytes(uint32_t width, uint32_t height, uint32_t heads, uint32_t consumers);

/* "0000:01:00.0", or without the domain. */
bool pci_address_parse(const char *text, struct pci_address *address);
void pci_address_format(const struct pci_address *address, char text[16]);

#endif
