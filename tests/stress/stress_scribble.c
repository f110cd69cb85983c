/* A hostile guest, on a live region: this process writes nonsense over it while the real viewer shows it. The viewer lives, and shows a
 * whole picture again as soon as an honest agent has formatted the region anew. argv: transom-agent, transom.
 *
 * Two runs: over everything that a guest writes, and over everything, the host's own area included. The address sanitizer build is the one
 * that means most. Counted in rounds of patches, not in time. */
#include "common/test_card_strip.h"
#include "protocol/layout.h"
#include "stress/stress_settings.h"
#include "support/temp_region.h"
#include "support/test_random.h"

#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define REGION_BYTES (UINT64_C(16) << 20)
#define PATCHES_A_ROUND 64u
#define STILL_AFTER "90"
#define STILL_AFTER_FRAMES 90u
#define SAVED_BYTES 4096u

struct scribble {
  struct temp_region memory;
  char picture[96], log[96];
  pid_t agent, viewer;
  struct test_random random;
  bool host_area_too, spoil_header;
  uint8_t honest_start[SAVED_BYTES]; /* a header and section table that were right once */
};

static const char *agent_path, *viewer_path;

static void pause_shortly(void) {
  const struct timespec millisecond = {.tv_nsec = 1000000};
  nanosleep(&millisecond, NULL);
}

/* ---- the programs ---- */
static pid_t start(const char *const *arguments, const char *log) {
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child != 0)
    return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
    _exit(126);
  execv(arguments[0], (char *const *)arguments);
  _exit(127);
}

static void start_agent(struct scribble *run, bool rests) {
  const char *const arguments[] = {
      agent_path, "run", "--region",      run->memory.path,          "--source", "test-card", "--size", "640x400",
      "--rate",   "120", "--still-after", rests ? STILL_AFTER : "0", NULL};
  run->agent = start(arguments, "/dev/null");
}

static void start_viewer(struct scribble *run) {
  const char *const arguments[] = {viewer_path,    "view",       "--region", run->memory.path, "--renderer", "headless",
                                   "--screenshot", run->picture, "--stats",  "json",           NULL};
  run->viewer = start(arguments, run->log);
}

static void print_log(const struct scribble *run) {
  char line[4096];
  FILE *file = fopen(run->log, "r");
  while (file && fgets(line, sizeof line, file))
    fputs(line, stdout);
  if (file)
    fclose(file);
}

static void require_viewer_lives(struct scribble *run) {
  int status;
  if (waitpid(run->viewer, &status, WNOHANG) == 0)
    return;
  print_log(run);
  fail_msg("the viewer is dead, status 0x%x", status);
}

static void end(pid_t child, int signal, int expected) {
  int status = 0;
  kill(child, signal);
  assert_int_equal(waitpid(child, &status, 0), child);
  if (expected >= 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != expected))
    fail_msg("status 0x%x", status);
}

/* ---- what the viewer has seen ---- */
static const volatile struct transom_header *header_of(const struct scribble *run) {
  return (const volatile struct transom_header *)run->memory.base;
}

/* The newest sequence that a consumer of this epoch has finished with. */
static uint64_t seen_sequence(const struct scribble *run) {
  const volatile struct transom_host_area *host = (const volatile struct transom_host_area *)(run->memory.base + TRANSOM_HOST_AREA_OFFSET);
  uint64_t seen = 0;
  for (uint32_t i = 0; i < TRANSOM_CONSUMERS_MAX; i++)
    if (header_of(run)->epoch != 0 && host->consumers[i].epoch == header_of(run)->epoch && host->consumers[i].seen > seen)
      seen = host->consumers[i].seen;
  return seen;
}

static void wait_until_seen(struct scribble *run, uint64_t sequence) {
  for (int i = 0; i < STRESS_LOST_MS; i++, pause_shortly()) {
    require_viewer_lives(run);
    if (seen_sequence(run) >= sequence)
      return;
  }
  print_log(run);
  fail_msg("the viewer does not come back: seen %llu of %llu", (unsigned long long)seen_sequence(run), (unsigned long long)sequence);
}

/* The card rests after some frames; so does what the viewer has seen. */
static void wait_for_rest(struct scribble *run) {
  uint64_t last = 0;
  for (uint32_t quiet_ms = 0; quiet_ms < 500; pause_shortly()) {
    const uint64_t seen = seen_sequence(run);
    quiet_ms = seen == last ? quiet_ms + 1 : 0;
    last = seen;
  }
  require_viewer_lives(run);
}

/* ---- scribbling ---- */

/* Aimed where it hurts: at the records just behind the host area more than at the pixels. The header only in some rounds, or the viewer
 * would never get further than that. */
static uint64_t choose_place(struct scribble *run) {
  const uint64_t dice = test_random_next(&run->random), place = dice >> 8;
  if (run->spoil_header && dice % 4 == 0)
    return place % SAVED_BYTES & ~UINT64_C(7);
  if (run->host_area_too && dice % 4 == 1)
    return (TRANSOM_HOST_AREA_OFFSET + place % TRANSOM_HOST_AREA_BYTES) & ~UINT64_C(7);
  const uint64_t span = dice % 4 == 3 ? REGION_BYTES - TRANSOM_GUEST_AREA_OFFSET : UINT64_C(24) << 10;
  return (TRANSOM_GUEST_AREA_OFFSET + place % span) & ~UINT64_C(7);
}

static uint64_t choose_word(struct scribble *run, uint64_t present) {
  const uint64_t dice = test_random_next(&run->random);
  switch (dice % 8) {
  case 0:
    return dice;
  case 1:
    return 0;
  case 2:
    return UINT64_MAX;
  case 3:
    return present ^ UINT64_C(1) << (dice >> 8 & 63);
  case 4:
    return present + (dice >> 8 & 0xff) - 128;
  case 5:
    return REGION_BYTES - (dice >> 8 & 0xffff);
  case 6:
    return (present & ~UINT64_C(0xffffffff)) | (dice >> 32);
  default:
    return present << 32 | present >> 32;
  }
}

static const volatile uint64_t *end_of(const struct scribble *run) { return (const volatile uint64_t *)(run->memory.base + REGION_BYTES); }

/* One word; now and then a line copied from elsewhere, or the start of the region as it was when it was honest. */
static void patch(struct scribble *run) {
  volatile uint64_t *to = (volatile uint64_t *)(run->memory.base + choose_place(run));
  const volatile uint64_t *from = (const volatile uint64_t *)(run->memory.base + choose_place(run));
  const uint32_t dice = test_random_below(&run->random, 4000);
  if (dice == 0) {
    memcpy(run->memory.base, run->honest_start, SAVED_BYTES);
  } else if (dice < 400) {
    const size_t to_words = (size_t)(end_of(run) - to), from_words = (size_t)(end_of(run) - from);
    for (size_t i = 0; i < 8 && i < to_words && i < from_words; i++)
      to[i] = from[i];
  } else {
    *to = choose_word(run, *to);
  }
}

static void scribble_over(struct scribble *run, uint64_t rounds) {
  memcpy(run->honest_start, run->memory.base, SAVED_BYTES);
  for (uint64_t i = 0; i < rounds; i++) {
    run->spoil_header = i % 16 == 15;
    for (uint32_t j = test_random_below(&run->random, PATCHES_A_ROUND); j < PATCHES_A_ROUND; j++)
      patch(run);
    if (i % 16 == 1) /* attachable again: back inside with the viewer */
      memcpy(run->memory.base, run->honest_start, SAVED_BYTES);
    pause_shortly();
    require_viewer_lives(run);
  }
}

/* ---- the picture at the end ---- */
static void require_whole_picture(const char *path) {
  png_image image = {.version = PNG_IMAGE_VERSION};
  assert_true(png_image_begin_read_from_file(&image, path));
  image.format = PNG_FORMAT_BGRA;
  uint8_t *pixels = malloc(PNG_IMAGE_SIZE(image));
  assert_true(pixels && png_image_finish_read(&image, NULL, pixels, 0, NULL));
  const struct test_card_picture picture = {.pixels = pixels,
                                            .pitch_bytes = PNG_IMAGE_ROW_STRIDE(image),
                                            .width = image.width,
                                            .height = image.height,
                                            .format = TEST_CARD_BGRA8};
  struct test_card_strip strip;
  assert_int_equal(test_card_verify(&picture, &strip), TEST_CARD_INTACT);
  printf("picture of frame %u is whole\n", strip.frame);
  free(pixels);
}

static void require_clean_log(const struct scribble *run) {
  char line[4096];
  FILE *file = fopen(run->log, "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file)) {
    if (strstr(line, "\"bad\""))
      printf("%s", line);
    if (strstr(line, "Sanitizer") || strstr(line, "runtime error"))
      fail_msg("the viewer's log: %s", line);
  }
  fclose(file);
}

static void run_scribble(bool host_area_too) {
  struct scribble run = {.random.state = stress_seed(), .host_area_too = host_area_too};
  const uint64_t rounds = stress_count(300000);
  assert_int_equal(temp_region_init_file(&run.memory, REGION_BYTES), 0);
  snprintf(run.picture, sizeof run.picture, "%s.png", run.memory.path);
  snprintf(run.log, sizeof run.log, "%s.log", run.memory.path);
  start_agent(&run, false);
  start_viewer(&run);
  wait_until_seen(&run, 10);
  scribble_over(&run, rounds);
  end(run.agent, SIGKILL, -1);
  start_agent(&run, true);
  wait_until_seen(&run, STILL_AFTER_FRAMES / 2);
  wait_for_rest(&run);
  end(run.viewer, SIGTERM, EXIT_SUCCESS);
  end(run.agent, SIGTERM, -1);
  printf("%s: rounds %llu of up to %u patches\n", host_area_too ? "everything" : "the guest's parts", (unsigned long long)rounds,
         PATCHES_A_ROUND);
  require_clean_log(&run);
  require_whole_picture(run.picture);
  unlink(run.picture);
  unlink(run.log);
  temp_region_finish(&run.memory);
}

static void viewer_survives_a_lying_guest(void **state) {
  (void)state;
  run_scribble(false);
}

static void viewer_survives_nonsense_everywhere(void **state) {
  (void)state;
  run_scribble(true);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(viewer_survives_a_lying_guest),
                                     cmocka_unit_test(viewer_survives_nonsense_everywhere)};
  if (argc != 3) {
    fprintf(stderr, "usage: stress_scribble TRANSOM-AGENT TRANSOM\n");
    return 2;
  }
  agent_path = argv[1];
  viewer_path = argv[2];
  return cmocka_run_group_tests(tests, NULL, NULL);
}
