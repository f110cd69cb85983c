#define LOG_MODULE "view"
#include "host/app/screenshot.h"

#include "common/log.h"
#include "common/thread.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libpng's simplified API: no longjmp of ours. */
static int write_png(FILE *file, const struct presenter_image *image) {
  png_image png = {.version = PNG_IMAGE_VERSION, .width = image->width, .height = image->height, .format = PNG_FORMAT_BGR};
  uint8_t *rows = malloc((size_t)image->width * image->height * 3);
  if (!rows)
    return -ENOMEM;
  for (size_t i = 0; i < (size_t)image->width * image->height; i++)
    memcpy(rows + 3 * i, image->pixels + 4 * i, 3);
  int written = png_image_write_to_stdio(&png, file, 0, rows, 0, NULL);
  free(rows);
  return written ? 0 : -EIO;
}

int screenshot_write(const char *path, const struct presenter_image *image) {
  char part[4096];
  if ((size_t)snprintf(part, sizeof part, "%s.part", path) >= sizeof part)
    return -ENAMETOOLONG;
  FILE *file = fopen(part, "wbe");
  if (!file)
    return -errno;
  int error = write_png(file, image);
  if (fclose(file) != 0 && !error)
    error = -errno;
  if (!error && rename(part, path) != 0)
    error = -errno;
  if (error)
    unlink(part);
  return error;
}

bool screenshot_name(const char *domain, time_t now, char *path, size_t capacity) {
  const char *pictures = getenv("XDG_PICTURES_DIR"), *home = getenv("HOME");
  const char *directory = pictures && pictures[0] ? pictures : home;
  char when[32];
  struct tm local;
  if (!directory || !localtime_r(&now, &local) || !strftime(when, sizeof when, "%Y%m%d-%H%M%S", &local))
    return false;
  int length = snprintf(path, capacity, "%s/transom-%s-%s.png", directory, domain, when);
  return length > 0 && (size_t)length < capacity;
}

struct screenshot_job {
  struct thread *thread;
  struct presenter_image image;
  char path[1024];
};

static void write_job(void *user_data) {
  struct screenshot_job *job = user_data;
  int error = screenshot_write(job->path, &job->image);
  if (error)
    log_error("no screenshot in %s: %s", job->path, strerror(-error));
  else
    log_info("screenshot in %s", job->path);
}

struct screenshot_job *screenshot_start(const struct presenter_image *image, const char *path) {
  struct screenshot_job *job = calloc(1, sizeof *job);
  if (job) {
    job->image = *image;
    snprintf(job->path, sizeof job->path, "%s", path);
    job->thread = thread_create("screenshot", write_job, job);
  }
  if (job && job->thread)
    return job;
  log_error("no screenshot: out of memory or threads");
  free(image->pixels);
  free(job);
  return NULL;
}

void screenshot_finish(struct screenshot_job *job) {
  if (!job)
    return;
  thread_join(job->thread);
  free(job->image.pixels);
  free(job);
}
