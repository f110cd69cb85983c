/* One polite step of a bounded spin. Data plane. */
#ifndef TRANSOM_COMMON_CPU_PAUSE_H
#define TRANSOM_COMMON_CPU_PAUSE_H

static inline void cpu_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#else
  __asm__ volatile("" ::: "memory");
#endif
}

#endif
