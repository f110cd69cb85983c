/* Mappings whose file is cut: zeros and a flag instead of a signal; anybody else's SIGBUS stays his. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/link/memory_guard.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES (16u * 4096u)

struct cut_test {
  int fd;
  volatile uint8_t *base;
  atomic_bool cut;
};

static void map(struct cut_test *test) {
  test->fd = memfd_create("guarded", MFD_CLOEXEC);
  assert_true(test->fd >= 0 && ftruncate(test->fd, BYTES) == 0);
  test->base = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, test->fd, 0);
  assert_true(test->base != MAP_FAILED);
  memset((void *)(uintptr_t)test->base, 7, BYTES);
}

static void unmap(struct cut_test *test) {
  memory_guard_remove(test->base);
  munmap((void *)(uintptr_t)test->base, BYTES);
  close(test->fd);
}

static void cut_pages_read_as_zeros(void) {
  struct cut_test test = {0};
  map(&test);
  assert_true(memory_guard_add(test.base, BYTES, &test.cut));
  assert_int_equal(ftruncate(test.fd, 5 * 4096), 0);
  assert_int_equal(test.base[5 * 4096 - 1], 7);
  assert_false(atomic_load(&test.cut));
  assert_int_equal(test.base[9 * 4096 + 11], 0);
  assert_true(atomic_load(&test.cut));
  assert_int_equal(test.base[BYTES - 1], 0);
  assert_int_equal(test.base[6 * 4096], 0); /* before the first access that failed */
  test.base[BYTES - 1] = 1;                 /* ours alone: nobody is hurt */
  assert_int_equal(test.base[0], 7);
  unmap(&test);
}

/* Not seen by the thread sanitizer, which takes the new mapping for a write to memory that others read: that it is, on purpose. */
__attribute__((no_sanitize("thread"))) static void *read_all(void *user_data) {
  struct cut_test *test = user_data;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < BYTES; i += 64)
    sum += test->base[i];
  return (void *)(uintptr_t)sum;
}

static void any_thread_may_run_into_it(void) {
  struct cut_test test = {0};
  pthread_t threads[4];
  map(&test);
  assert_true(memory_guard_add(test.base, BYTES, &test.cut));
  assert_int_equal(ftruncate(test.fd, 4096), 0);
  for (int i = 0; i < 4; i++)
    pthread_create(&threads[i], NULL, read_all, &test);
  for (int i = 0; i < 4; i++) {
    void *sum;
    pthread_join(threads[i], &sum);
    assert_int_equal((uintptr_t)sum, 64 * 7);
  }
  unmap(&test);
}

/* In a child: the signal that is not ours ends it as ever. */
static void others_are_left_alone(void) {
  struct cut_test guarded = {0}, other = {0};
  map(&guarded);
  map(&other);
  assert_true(memory_guard_add(guarded.base, BYTES, &guarded.cut));
  pid_t child = fork();
  if (child == 0) {
    assert_int_equal(ftruncate(other.fd, 4096), 0);
    _exit(other.base[8192]);
  }
  int status;
  waitpid(child, &status, 0);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
  assert_false(atomic_load(&guarded.cut));
  unmap(&guarded);
  unmap(&other);
}

static void room_is_bounded(void) {
  struct cut_test test = {0};
  uint32_t added = 0;
  map(&test);
  while (added <= MEMORY_GUARD_MAPPINGS_MAX && memory_guard_add(test.base, BYTES, &test.cut))
    added++;
  assert_int_equal(added, MEMORY_GUARD_MAPPINGS_MAX);
  unmap(&test); /* removes them all */
  map(&test);
  assert_true(memory_guard_add(test.base, BYTES, &test.cut));
  unmap(&test);
}

/* One test: cmocka sets a handler of its own for SIGBUS before each, over ours. */
static void guard_holds(void **state) {
  (void)state;
  signal(SIGBUS, SIG_DFL);
  cut_pages_read_as_zeros();
  any_thread_may_run_into_it();
  others_are_left_alone();
  room_is_bounded();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(guard_holds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
