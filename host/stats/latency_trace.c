#include "host/stats/latency_trace.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#define CACHE_LINE 64

struct latency_trace {
  /* the frames' thread */
  struct latency_frame uploading, shown;
  bool has_shown;
  struct {
    struct latency_frame frame;
    uint64_t picture;
  } awaited[LATENCY_TRACE_AWAITED]; /* a ring, oldest at first */
  unsigned first, awaited_count;
  _Alignas(CACHE_LINE) atomic_uint head; /* free-running; release pairs with acquire in latency_trace_take() */
  atomic_ullong lost;
  _Alignas(CACHE_LINE) atomic_uint tail; /* free-running; release pairs with acquire in finish() */
  struct latency_frame frames[LATENCY_TRACE_FRAMES];
};

_Static_assert((LATENCY_TRACE_FRAMES & (LATENCY_TRACE_FRAMES - 1)) == 0, "indices are masked");

struct latency_trace *latency_trace_create(void) {
  size_t bytes = (sizeof(struct latency_trace) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
  struct latency_trace *trace = aligned_alloc(CACHE_LINE, bytes);
  if (!trace)
    return NULL;
  trace->uploading = trace->shown = (struct latency_frame){0};
  trace->has_shown = false;
  trace->first = trace->awaited_count = 0;
  atomic_init(&trace->head, 0);
  atomic_init(&trace->tail, 0);
  atomic_init(&trace->lost, 0);
  return trace;
}

void latency_trace_destroy(struct latency_trace *trace) { free(trace); }

void latency_trace_stamp(struct latency_trace *trace, enum latency_host_stage stage, uint64_t now_ns) {
  if (!trace)
    return;
  assert(stage < LATENCY_HOST_STAGES);
  if (stage == LATENCY_UPLOAD_STARTED && trace->uploading.host_ns[stage])
    return;
  trace->uploading.host_ns[stage] = now_ns;
}

void latency_trace_drop(struct latency_trace *trace) {
  if (trace)
    trace->uploading = (struct latency_frame){0};
}

static void put(struct latency_trace *trace, const struct latency_frame *frame) {
  unsigned head = atomic_load_explicit(&trace->head, memory_order_relaxed);
  unsigned tail = atomic_load_explicit(&trace->tail, memory_order_acquire);
  if (head - tail == LATENCY_TRACE_FRAMES) {
    atomic_fetch_add_explicit(&trace->lost, 1, memory_order_relaxed);
    return;
  }
  trace->frames[head % LATENCY_TRACE_FRAMES] = *frame;
  atomic_store_explicit(&trace->head, head + 1, memory_order_release);
}

static void put_oldest_awaited(struct latency_trace *trace) {
  put(trace, &trace->awaited[trace->first].frame);
  trace->first = (trace->first + 1) % LATENCY_TRACE_AWAITED;
  trace->awaited_count--;
}

static void await(struct latency_trace *trace, uint64_t picture) {
  if (trace->awaited_count == LATENCY_TRACE_AWAITED)
    put_oldest_awaited(trace);
  unsigned at = (trace->first + trace->awaited_count++) % LATENCY_TRACE_AWAITED;
  trace->awaited[at].frame = trace->shown;
  trace->awaited[at].picture = picture;
  trace->has_shown = false;
}

/* The picture goes into the ring, presented or not; behind those that still wait. */
static void finish(struct latency_trace *trace) {
  if (!trace->has_shown)
    return;
  trace->has_shown = false;
  if (trace->awaited_count)
    await(trace, trace->awaited[(trace->first + trace->awaited_count - 1) % LATENCY_TRACE_AWAITED].picture);
  else
    put(trace, &trace->shown);
}

void latency_trace_shown(struct latency_trace *trace, const struct latency_frame *frame) {
  if (!trace)
    return;
  finish(trace);
  trace->shown = *frame;
  trace->shown.host_ns[LATENCY_UPLOAD_STARTED] = trace->uploading.host_ns[LATENCY_UPLOAD_STARTED];
  trace->shown.host_ns[LATENCY_UPLOADED] = trace->uploading.host_ns[LATENCY_UPLOADED];
  trace->uploading = (struct latency_frame){0};
  trace->has_shown = true;
}

void latency_trace_presented(struct latency_trace *trace, uint64_t submitted_ns, uint64_t presented_ns, enum latency_source source,
                             uint64_t picture) {
  if (!trace || !trace->has_shown)
    return;
  trace->shown.host_ns[LATENCY_SUBMITTED] = submitted_ns;
  trace->shown.host_ns[LATENCY_PRESENTED] = presented_ns;
  trace->shown.source = (uint8_t)source;
  if (picture)
    await(trace, picture);
  else
    finish(trace);
}

static void tell(struct latency_frame *frame, uint64_t shown_ns) {
  frame->source = shown_ns ? LATENCY_SOURCE_FEEDBACK : LATENCY_SOURCE_NONE;
  frame->host_ns[LATENCY_PRESENTED] = shown_ns;
  if (!shown_ns)
    frame->host_ns[LATENCY_SUBMITTED] = 0; /* as of every missed frame */
}

void latency_trace_told(struct latency_trace *trace, uint64_t picture, uint64_t shown_ns) {
  if (!trace)
    return;
  while (trace->awaited_count && trace->awaited[trace->first].picture < picture)
    put_oldest_awaited(trace);
  if (trace->awaited_count == 0 || trace->awaited[trace->first].picture != picture)
    return;
  tell(&trace->awaited[trace->first].frame, shown_ns);
  put_oldest_awaited(trace);
}

void latency_trace_told_all(struct latency_trace *trace) {
  while (trace && trace->awaited_count)
    put_oldest_awaited(trace);
}

bool latency_trace_awaits(const struct latency_trace *trace) { return trace && trace->awaited_count; }

bool latency_trace_take(struct latency_trace *trace, struct latency_frame *frame) {
  unsigned tail = atomic_load_explicit(&trace->tail, memory_order_relaxed);
  if (atomic_load_explicit(&trace->head, memory_order_acquire) == tail)
    return false;
  *frame = trace->frames[tail % LATENCY_TRACE_FRAMES];
  atomic_store_explicit(&trace->tail, tail + 1, memory_order_release);
  return true;
}

uint64_t latency_trace_lost(const struct latency_trace *trace) {
  return atomic_load_explicit(&((struct latency_trace *)trace)->lost, memory_order_relaxed);
}
