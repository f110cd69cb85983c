/* Runs a fuzz target over files and directories of files, without libFuzzer: its corpus as an ordinary test, with any compiler. */
#include "fuzz/fuzz_input.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static bool replay_file(const char *path) {
  FILE *file = fopen(path, "rb");
  struct stat status;
  if (!file || fstat(fileno(file), &status) != 0) {
    fprintf(stderr, "replay: %s: cannot be read\n", path);
    return false;
  }
  const size_t bytes = (size_t)status.st_size;
  uint8_t *data = malloc(bytes + 1);
  const bool whole = data && fread(data, 1, bytes, file) == bytes;
  fclose(file);
  if (whole)
    LLVMFuzzerTestOneInput(data, bytes);
  free(data);
  return whole;
}

static int replay_directory(const char *path) {
  DIR *directory = opendir(path);
  int count = 0;
  for (struct dirent *entry; directory && (entry = readdir(directory));) {
    char file[PATH_MAX];
    if (entry->d_name[0] == '.')
      continue;
    snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
    if (!replay_file(file))
      count = INT_MIN / 2;
    count++;
  }
  if (directory)
    closedir(directory);
  return count;
}

int main(int argc, char **argv) {
  int count = 0;
  for (int i = 1; i < argc; i++)
    count += replay_directory(argv[i]);
  printf("%d inputs\n", count);
  return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
