/* What the process asks of Windows before it captures: real pixels, priority on CPU and GPU. Nothing of it is needed to work. */
#ifndef TRANSOM_GUEST_WINDOWS_PROCESS_SETUP_H
#define TRANSOM_GUEST_WINDOWS_PROCESS_SETUP_H

struct process_setup {
  void *mmcss; /* the calling thread's registration; NULL = refused */
};

/* Sizes and places are in pixels from now on, whatever scaling the desktop has. Before the first window or capture. */
void process_setup_see_real_pixels(void);

/* The capturing thread calls both. What was refused is logged at debug level. */
void process_setup_begin(struct process_setup *setup);
void process_setup_end(struct process_setup *setup);

#endif
