/* The real program with the test card on a file: every frame read is whole; killed and started again it comes back; asked to end it says
 * goodbye. argv[1] is transom-agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/memory_copy.h"
#include "common/test_card_strip.h"
#include "protocol/frame_reader.h"

#define REGION_MIB 16
#define REGION_BYTES ((size_t)REGION_MIB << 20)
#define LOOKS_MAX 10000 /* of a millisecond or more: the agent that has said nothing for so long never will */

static const char *agent_path;

struct rig {
  char directory[64], path[96];
  void *base;
  pid_t agent;
  struct transom_region region;
  struct transom_consumer consumer;
  struct transom_frame_reader reader;
  uint8_t *copy;
};

static void pause_shortly(void) {
  const struct timespec millisecond = {.tv_nsec = 1000000};
  nanosleep(&millisecond, NULL);
}

static void start_agent(struct rig *rig) {
  rig->agent = fork();
  if (rig->agent == 0) {
    execl(agent_path, agent_path, "run", "--region", rig->path, "--source", "test-card", "--size", "700x500", "--rate", "250", "--damage",
          "30", "--log-level", "warning", (char *)NULL);
    _exit(127);
  }
  assert_true(rig->agent > 0);
}

/* A file has no bell for "formatted": look again until it is, by another epoch than `old`. */
static void attach(struct rig *rig, uint64_t old) {
  enum transom_compatibility compatibility;
  for (int i = 0; i < LOOKS_MAX; i++, pause_shortly()) {
    if (validate_attach(rig->base, REGION_BYTES, TRANSOM_FEATURES_KNOWN, &rig->region, &compatibility) == 0 && rig->region.epoch != old)
      break;
  }
  assert_true(rig->region.epoch != 0 && rig->region.epoch != old);
  assert_int_equal(consumer_join(&rig->consumer, &rig->region, 0, 0, TRANSOM_PEER_NONE, 0, TRANSOM_FEATURES_KNOWN), 0);
  frame_reader_init(&rig->reader, &rig->consumer);
}

static int setup(void **state) {
  struct rig *rig = calloc(1, sizeof *rig);
  *state = rig;
  strcpy(rig->directory, "/tmp/transom-agent-XXXXXX");
  if (!mkdtemp(rig->directory))
    return -1;
  snprintf(rig->path, sizeof rig->path, "%s/region", rig->directory);
  const int fd = open(rig->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, REGION_BYTES) != 0)
    return -1;
  rig->base = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  rig->copy = malloc(REGION_BYTES);
  start_agent(rig);
  attach(rig, 0);
  return 0;
}

static int teardown(void **state) {
  struct rig *rig = *state;
  if (rig->agent > 0) {
    kill(rig->agent, SIGKILL);
    waitpid(rig->agent, NULL, 0);
  }
  munmap(rig->base, REGION_BYTES);
  unlink(rig->path);
  rmdir(rig->directory);
  free(rig->copy);
  free(rig);
  return 0;
}

static struct test_card_picture copy_frame(struct rig *rig, const struct transom_frame *frame) {
  const struct transom_descriptor *is = &frame->descriptor;
  memory_copy_load(rig->copy, (const void *)(uintptr_t)frame->pixels, (size_t)is->pitch_bytes * is->height);
  return (struct test_card_picture){rig->copy, is->pitch_bytes, is->width, is->height, is->format};
}

/* One frame, copied while the agent goes on. What the reader calls intact must verify. Returns its sequence, 0 = none yet. */
static uint64_t read_one(struct rig *rig, enum transom_acquire what, bool hold, uint64_t since) {
  struct transom_frame frame;
  struct test_card_strip strip;
  uint32_t rows;
  if (frame_reader_acquire(&rig->reader, what, hold, since, &frame) != 0)
    return 0;
  while (frame_reader_progress(&rig->reader, &frame, &rows) == TRANSOM_FRAME_WRITING)
    ;
  const struct test_card_picture picture = copy_frame(rig, &frame);
  const bool intact = frame_reader_intact(&rig->reader, &frame);
  if (intact)
    assert_int_equal(test_card_verify(&picture, &strip), TEST_CARD_INTACT);
  const uint64_t sequence = intact ? frame.sequence : 0;
  frame_reader_release(&rig->reader, &frame);
  return sequence;
}

static void read_frames(struct rig *rig, enum transom_acquire what, bool hold, int wanted) {
  uint64_t since = 0;
  int read = 0;
  for (int i = 0; read < wanted && i < LOOKS_MAX; i++) {
    const uint64_t sequence = read_one(rig, what, hold, since);
    if (sequence) {
      since = sequence;
      read++;
    } else {
      pause_shortly();
    }
  }
  assert_int_equal(read, wanted);
  assert_int_equal(rig->reader.bad, 0);
}

static void every_frame_read_is_whole(void **state) {
  struct rig *rig = *state;
  read_frames(rig, TRANSOM_ACQUIRE_COMPLETE, true, 100);
  read_frames(rig, TRANSOM_ACQUIRE_COMPLETE, false, 50);
  read_frames(rig, TRANSOM_ACQUIRE_ANNOUNCED, true, 50);
}

static void comes_back_after_being_killed(void **state) {
  struct rig *rig = *state;
  for (int i = 0; i < 3; i++) {
    read_frames(rig, TRANSOM_ACQUIRE_COMPLETE, true, 10 + i);
    kill(rig->agent, SIGKILL);
    waitpid(rig->agent, NULL, 0);
    const uint64_t epoch = rig->region.epoch;
    start_agent(rig);
    attach(rig, epoch);
  }
  read_frames(rig, TRANSOM_ACQUIRE_COMPLETE, true, 10);
}

static void says_goodbye_when_asked_to_end(void **state) {
  struct rig *rig = *state;
  int status;
  kill(rig->agent, SIGTERM);
  assert_int_equal(waitpid(rig->agent, &status, 0), rig->agent);
  rig->agent = 0;
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  assert_false(validate_epoch(&rig->region));
}

/* What is in the file is not ours: it must be left as it is. */
static void refuses_a_foreign_file(void **state) {
  struct rig *rig = *state;
  int status;
  kill(rig->agent, SIGTERM);
  waitpid(rig->agent, &status, 0);
  memcpy(rig->base, "somebody else's data", 20);
  memcpy(rig->copy, rig->base, REGION_BYTES);
  start_agent(rig);
  waitpid(rig->agent, &status, 0);
  rig->agent = 0;
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  assert_memory_equal(rig->base, rig->copy, REGION_BYTES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      TEST(every_frame_read_is_whole),
      TEST(comes_back_after_being_killed),
      TEST(says_goodbye_when_asked_to_end),
      TEST(refuses_a_foreign_file),
  };
  if (argc != 2)
    return 2;
  agent_path = argv[1];
  memory_copy_init();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
