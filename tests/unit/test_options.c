#include "common/options.h"

#include <stdio.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct target {
  bool verbose;
  int64_t rate;
  char region[8];
  int source;
};

static const char *const sources[] = {"auto", "drm", NULL};
static const struct option_entry entries[] = {
    {.name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .offset = offsetof(struct target, verbose), .help = "say more"},
    {.name = "rate",
     .kind = OPTION_INT,
     .offset = offsetof(struct target, rate),
     .minimum = -1,
     .maximum = 1000,
     .argument = "HZ",
     .help = "h"},
    {.name = "region",
     .letter = 'r',
     .kind = OPTION_STRING,
     .offset = offsetof(struct target, region),
     .capacity = 8,
     .argument = "FILE",
     .help = "h"},
    {.name = "source", .kind = OPTION_CHOICE, .offset = offsetof(struct target, source), .choices = sources, .help = "h"},
    {0},
};
static const struct option_table table = {"program verb [OPTION...]", "Tests.", entries, NULL};

struct parsed {
  struct target target;
  const char *words[2];
  int count;
};

/* `line` is split at spaces. */
static enum options_result parse(const char *line, struct parsed *parsed) {
  static char copy[200];
  static char program[] = "program";
  char *argv[20] = {program};
  int argc = 1;
  snprintf(copy, sizeof copy, "%s", line);
  for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
    argv[argc++] = word;
  *parsed = (struct parsed){.target.rate = 60};
  return options_parse(&table, argc, argv, &parsed->target, parsed->words, 2, &parsed->count);
}

static void binds_every_kind(void **state) {
  (void)state;
  struct parsed p;
  assert_int_equal(parse("one --rate=-1 -v --source drm -r abcdefg two", &p), OPTIONS_OK);
  assert_true(p.target.verbose);
  assert_int_equal(p.target.rate, -1);
  assert_int_equal(p.target.source, 1);
  assert_string_equal(p.target.region, "abcdefg");
  assert_int_equal(p.count, 2);
  assert_string_equal(p.words[0], "one");
  assert_string_equal(p.words[1], "two");
}

static void keeps_defaults_and_negates_flags(void **state) {
  (void)state;
  struct parsed p;
  assert_int_equal(parse("-v --no-verbose -- --rate", &p), OPTIONS_OK);
  assert_false(p.target.verbose);
  assert_int_equal(p.target.rate, 60);
  assert_string_equal(p.words[0], "--rate");
}

static void refuses(void **state) {
  (void)state;
  static const char *const lines[] = {"--rate 1001",  "--rate 7x",  "--rate", "--rate=",   "--nonsense",       "-z",
                                      "--source vnc", "one two 33", "-r",     "--no-rate", "--region abcdefgh"};
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    struct parsed p;
    assert_int_equal(parse(lines[i], &p), OPTIONS_ERROR);
  }
}

/* What `usage` makes of a fault, as the user reads it. */
static void fault_of(const char *usage, char text[160]) {
  char program[] = "program", fault[] = "--nonsense", *argv[] = {program, fault, NULL};
  const struct option_table named = {.usage = usage, .entries = entries};
  struct target target;
  int count, before = dup(STDERR_FILENO), both[2];
  assert_int_equal(pipe(both), 0);
  dup2(both[1], STDERR_FILENO);
  assert_int_equal(options_parse(&named, 2, argv, &target, NULL, 0, &count), OPTIONS_ERROR);
  dup2(before, STDERR_FILENO);
  const ssize_t bytes = read(both[0], text, 159);
  text[bytes > 0 ? bytes : 0] = 0;
  close(before);
  close(both[0]);
  close(both[1]);
}

static void names_the_program_and_its_verb(void **state) {
  (void)state;
  static const char *const usages[][2] = {{"transom-serve [NAME] [OPTION...]", "transom-serve: --nonsense "},
                                          {"transom record FILE [OPTION...]", "transom record: --nonsense "},
                                          {"transom input --list", "transom input: --nonsense "}};
  for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++) {
    char text[160];
    fault_of(usages[i][0], text);
    assert_memory_equal(text, usages[i][1], strlen(usages[i][1]));
  }
}

static void helps(void **state) {
  (void)state;
  struct parsed p;
  assert_int_equal(parse("--help", &p), OPTIONS_HELP);
  assert_int_equal(parse("-h", &p), OPTIONS_HELP);
}

static bool load(const char *text, const char *section, struct target *target, char error[200]) {
  char path[] = "/tmp/transom-options-XXXXXX";
  const int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  close(fd);
  const bool good = options_load_file(&table, path, section, target, error, 200);
  unlink(path);
  if (!good)
    memmove(error, strchr(error, ':'), strlen(strchr(error, ':')) + 1);
  return good;
}

static void reads_its_section_only(void **state) {
  (void)state;
  struct target target = {0};
  char error[200] = "";
  assert_true(load("# c\n[view]\nrate = 75\nverbose=yes\n[input]\nother = 1\n", "view", &target, error));
  assert_int_equal(target.rate, 75);
  assert_true(target.verbose);
  assert_true(options_load_file(&table, "/nonexistent/transom.conf", "view", &target, error, sizeof error));
}

static void names_the_faulty_line(void **state) {
  (void)state;
  struct target target = {0};
  char error[200] = "";
  assert_false(load("[view]\nrate = 75\nrate = fast\n", "view", &target, error));
  assert_string_equal(error, ":3: rate is a number from -1 to 1000, not 'fast'");
  assert_false(load("[view]\nraet = 75\n", "view", &target, error));
  assert_string_equal(error, ":2: raet is no key of this section");
  assert_false(load("[view]\nrubbish\nraet = 1\n", "view", &target, error));
  assert_string_equal(error, ":2: is neither [section], key = value nor a comment");
  assert_true(load("[domain.win11]\nother = 75\nrate = 5\n", "domain.win11", &target, error));
  assert_int_equal(target.rate, 5);
}

static void refuses_overlong_lines(void **state) {
  (void)state;
  struct target target = {0};
  char error[200], text[600] = "[view]\nregion = ";
  memset(text + strlen(text), 'x', 500);
  assert_false(load(text, "view", &target, error));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(binds_every_kind),
      cmocka_unit_test(keeps_defaults_and_negates_flags),
      cmocka_unit_test(refuses),
      cmocka_unit_test(names_the_program_and_its_verb),
      cmocka_unit_test(helps),
      cmocka_unit_test(reads_its_section_only),
      cmocka_unit_test(names_the_faulty_line),
      cmocka_unit_test(refuses_overlong_lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
