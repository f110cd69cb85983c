#include "common/thread.h"

#include <assert.h>
#include <process.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

struct thread {
  HANDLE handle;
  void (*body)(void *user_data);
  void *user_data;
};

static unsigned __stdcall run(void *argument) {
  const struct thread *thread = argument;
  thread->body(thread->user_data);
  return 0;
}

/* SetThreadDescription() came with Windows 10 1607: looked up, so that older systems still start us. */
static void set_name(HANDLE handle, const char *name) {
  typedef HRESULT(WINAPI * set_description)(HANDLE, PCWSTR);
  wchar_t wide[16] = {0};
  for (size_t i = 0; i < 15 && name[i]; i++)
    wide[i] = (wchar_t)name[i];
  const FARPROC found = GetProcAddress(GetModuleHandleA("kernel32.dll"), "SetThreadDescription");
  set_description set;
  memcpy(&set, &found, sizeof set);
  if (set)
    set(handle, wide);
}

struct thread *thread_create(const char *name, void (*body)(void *user_data), void *user_data) {
  assert(strlen(name) <= 15);
  struct thread *thread = calloc(1, sizeof *thread);
  if (!thread)
    return NULL;
  thread->body = body;
  thread->user_data = user_data;
  thread->handle = (HANDLE)_beginthreadex(NULL, 0, run, thread, 0, NULL);
  if (!thread->handle) {
    free(thread);
    return NULL;
  }
  set_name(thread->handle, name);
  return thread;
}

void thread_join(struct thread *thread) {
  if (!thread)
    return;
  WaitForSingleObject(thread->handle, INFINITE);
  CloseHandle(thread->handle);
  free(thread);
}
