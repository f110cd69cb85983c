#define LOG_MODULE "capture"
#include "guest/core/capture_ladder.h"

#include "common/log.h"
#include "common/thread.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct capture_ladder {
  struct screen_capture capture; /* first: the seam */
  struct screen_capture_impl impl;
  struct capture_rung rungs[CAPTURE_LADDER_RUNGS_MAX];
  uint32_t count, rung; /* rung == count: none is left */
  void *user_data;
  struct screen_capture *current;

  bool apart;
  bool is_making;       /* the rung at hand */
  struct thread *maker; /* while it is made apart */
  atomic_bool is_made;  /* release by make(), acquire by take(): what it made, and why not */
  struct screen_capture *made;
  char why[CAPTURE_LADDER_WHY_BYTES];
};

static struct capture_ladder *of(struct screen_capture *capture) { return (struct capture_ladder *)capture; }

/* What the current rung says of itself is what the ladder says. */
static void mirror(struct capture_ladder *self) {
  const struct screen_capture *current = self->current;
  self->capture.period_ns = current->period_ns;
  self->capture.cursor_apart = current->cursor_apart;
  self->capture.rests = current->rests;
  self->capture.settling = current->settling;
  memcpy(self->capture.text, current->text, sizeof self->capture.text);
  memcpy(self->capture.hint, current->hint, sizeof self->capture.hint);
}

static void step_down(struct capture_ladder *self, const char *why) {
  const char *next = self->rung + 1 < self->count ? self->rungs[self->rung + 1].name : "nothing";
  log_warning("%s does not work: %s; %s is next", self->rungs[self->rung].name, why, next);
  if (self->current)
    self->current->impl->destroy(self->current);
  self->current = NULL;
  self->rung++;
}

static void make(void *user_data) {
  struct capture_ladder *self = user_data;
  self->why[0] = 0;
  self->made = self->rungs[self->rung].create(self->user_data, self->why);
  atomic_store_explicit(&self->is_made, true, memory_order_release);
}

static void begin(struct capture_ladder *self) {
  atomic_store_explicit(&self->is_made, false, memory_order_relaxed);
  self->is_making = true;
  self->maker = self->apart ? thread_create("capture trial", make, self) : NULL;
  if (!self->maker)
    make(self);
}

/* False: it is still being made. */
static bool take(struct capture_ladder *self) {
  if (!atomic_load_explicit(&self->is_made, memory_order_acquire))
    return false;
  thread_join(self->maker);
  self->maker = NULL;
  self->is_making = false;
  self->current = self->made;
  if (!self->current) {
    step_down(self, self->why);
    return true;
  }
  log_info("reading the screen by %s", self->rungs[self->rung].name);
  self->impl.name = self->current->impl->name;
  return true;
}

static void climb(struct capture_ladder *self) {
  while (!self->current && self->rung < self->count) {
    if (!self->is_making)
      begin(self);
    if (!take(self))
      return;
  }
}

/* Nothing is on the rung yet, or no rung is left. */
static int without_rung(struct capture_ladder *self) {
  struct screen_capture *capture = &self->capture;
  capture->rests = capture->cursor_apart = false;
  capture->settling = self->is_making;
  if (self->is_making)
    return -EAGAIN;
  snprintf(capture->text, sizeof capture->text, "no way to read the screen works here: see the agent's log, and `transom-agent selftest`");
  return -ENOTSUP;
}

static int acquire(struct screen_capture *capture, uint64_t now_ns, struct screen_frame *frame) {
  struct capture_ladder *self = of(capture);
  for (climb(self); self->current; climb(self)) {
    const int error = self->current->impl->acquire(self->current, now_ns, frame);
    mirror(self);
    if (error != -EIO)
      return error;
    step_down(self, capture->text);
  }
  return without_rung(self);
}

static void release(struct screen_capture *capture) {
  struct capture_ladder *self = of(capture);
  if (self->current)
    self->current->impl->release(self->current);
}

static bool cursor(struct screen_capture *capture, struct screen_cursor *cursor) {
  struct screen_capture *current = of(capture)->current;
  return current && current->impl->cursor && current->impl->cursor(current, cursor);
}

static uint64_t next_ns(struct screen_capture *capture, uint64_t now_ns) {
  struct screen_capture *current = of(capture)->current;
  return current && current->impl->next_ns ? current->impl->next_ns(current, now_ns) : 0;
}

static bool rest(struct screen_capture *capture, uint64_t now_ns, uint64_t until_ns) {
  struct screen_capture *current = of(capture)->current;
  return current && current->rests && current->impl->rest(current, now_ns, until_ns);
}

static void destroy(struct screen_capture *capture) {
  struct capture_ladder *self = of(capture);
  thread_join(self->maker);
  if (self->is_making)
    self->current = self->made;
  if (self->current)
    self->current->impl->destroy(self->current);
  free(self);
}

struct screen_capture *capture_ladder_create(const struct capture_rung *rungs, uint32_t count, void *user_data, bool apart) {
  assert(count <= CAPTURE_LADDER_RUNGS_MAX);
  struct capture_ladder *self = calloc(1, sizeof *self);
  if (!self)
    return NULL;
  self->impl = (struct screen_capture_impl){
      .name = "nothing", .acquire = acquire, .release = release, .cursor = cursor, .next_ns = next_ns, .rest = rest, .destroy = destroy};
  self->capture = (struct screen_capture){.impl = &self->impl, .period_ns = 16666667};
  memcpy(self->rungs, rungs, count * sizeof *rungs);
  self->count = count;
  self->user_data = user_data;
  self->apart = apart;
  return &self->capture;
}
