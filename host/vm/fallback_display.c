#define LOG_MODULE "display"
#include "host/vm/fallback_display.h"

#include "common/log.h"
#include "common/thread.h"
#include "host/vm/vnc_stream.h"

#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct fallback_display {
  int fd, own_fd; /* the stream's, and a duplicate for stop: shutting it down ends any read */
  fallback_display_news news;
  void *user_data;
  struct thread *thread;
  sem_t done;
  atomic_bool stopping;
};

static void show(struct fallback_display *display, const struct vnc_stream *stream, uint64_t *shown) {
  struct fallback_picture picture;
  uint64_t updates;
  picture.pixels = vnc_stream_pixels(stream, &picture.width, &picture.height, &updates);
  if (updates == *shown || !picture.pixels || atomic_load(&display->stopping))
    return;
  *shown = updates;
  display->news(&picture, display->user_data);
  while (sem_wait(&display->done) != 0)
    ;
}

static bool wait_readable(const struct vnc_stream *stream) {
  struct pollfd socket = {.fd = vnc_stream_fd(stream), .events = POLLIN};
  if (vnc_stream_has_buffered(stream))
    return true;
  while (poll(&socket, 1, -1) < 0)
    ;
  return socket.revents & POLLIN;
}

static void run(void *user_data) {
  struct fallback_display *display = user_data;
  struct vnc_stream *stream = vnc_stream_create(display->fd);
  uint64_t shown = 0;
  if (stream)
    log_debug("the emulated display answers");
  while (stream && !atomic_load(&display->stopping) && wait_readable(stream) && vnc_stream_step(stream))
    show(display, stream, &shown);
  vnc_stream_destroy(stream);
  if (!atomic_load(&display->stopping))
    display->news(NULL, display->user_data);
}

struct fallback_display *fallback_display_start(int fd, fallback_display_news news, void *user_data) {
  struct fallback_display *display = calloc(1, sizeof *display);
  if (!display) {
    close(fd);
    return NULL;
  }
  *display = (struct fallback_display){.fd = fd, .own_fd = dup(fd), .news = news, .user_data = user_data};
  sem_init(&display->done, 0, 0);
  display->thread = display->own_fd >= 0 ? thread_create("display", run, display) : NULL;
  if (display->thread)
    return display;
  if (display->own_fd >= 0)
    close(display->own_fd);
  close(fd);
  sem_destroy(&display->done);
  free(display);
  return NULL;
}

void fallback_display_done(struct fallback_display *display) { sem_post(&display->done); }

void fallback_display_stop(struct fallback_display *display) {
  if (!display)
    return;
  atomic_store(&display->stopping, true);
  shutdown(display->own_fd, SHUT_RDWR);
  sem_post(&display->done); /* it may wait for a presenter that is us */
  thread_join(display->thread);
  close(display->own_fd);
  sem_destroy(&display->done);
  free(display);
}
