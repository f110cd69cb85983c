#include "host/app/viewer_stats.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct line {
  char *text;
  size_t used;
};

static void append(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(struct line *line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line->text + line->used, VIEWER_STATS_BYTES - line->used, format, arguments);
  va_end(arguments);
  assert(length >= 0 && line->used + (size_t)length < VIEWER_STATS_BYTES);
  line->used += (size_t)length;
}

static void append_string(struct line *line, const char *key, const char *value) {
  append(line, ",\"%s\":\"", key);
  for (size_t i = 0; value[i] && i < 64; i++) {
    unsigned char c = (unsigned char)value[i];
    if (c == '"' || c == '\\')
      append(line, "\\%c", c);
    else if (c < 0x20 || c > 0x7e)
      append(line, "?"); /* names of ours and file names: nothing that needs more */
    else
      append(line, "%c", c);
  }
  append(line, "\"");
}

static void append_number(struct line *line, const char *key, uint64_t value) { append(line, ",\"%s\":%" PRIu64, key, value); }

static double us(uint64_t ns) { return (double)ns / 1000; }

static void append_histogram(struct line *line, const char *key, const struct histogram *histogram) {
  if (!histogram || histogram->count == 0) {
    append(line, ",\"%s\":null", key);
    return;
  }
  append(line, ",\"%s\":{\"count\":%" PRIu64 ",\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", key, histogram->count,
         us(histogram_quantile(histogram, 500)), us(histogram_quantile(histogram, 990)), us(histogram_quantile(histogram, 999)),
         us(histogram->maximum));
}

/* When it began, on CLOCK_MONOTONIC; the stages from there on. */
static void append_start(struct line *line, const struct viewer_start *start) {
  static const char *const names[VIEWER_START_STAGES] = {"window_ms", "presenter_ms", "session_ms", "picture_ms", "presented_ms"};
  append(line, ",\"start\":{\"began_ms\":%.1f", (double)start->began_ns / 1e6);
  for (int i = 0; i < VIEWER_START_STAGES; i++) {
    if (start->at_ns[i])
      append(line, ",\"%s\":%.1f", names[i], (double)(start->at_ns[i] - start->began_ns) / 1e6);
    else
      append(line, ",\"%s\":null", names[i]);
  }
  append(line, "}");
}

size_t viewer_stats_format(const struct viewer_stats *stats, char text[VIEWER_STATS_BYTES]) {
  struct line line = {.text = text};
  append(&line, "{\"schema\":1");
  append_string(&line, "event", stats->event);
  if (stats->head >= 0)
    append_number(&line, "head", (uint64_t)stats->head);
  append_string(&line, "state", stats->state);
  append_string(&line, "domain", stats->domain);
  if (stats->domain_state)
    append_string(&line, "domain_state", stats->domain_state);
  append_string(&line, "presenter", stats->presenter);
  if (stats->rung && stats->rung[0])
    append_string(&line, "rung", stats->rung);
  if (stats->capture) {
    append_string(&line, "capture", stats->capture);
    append_string(&line, "sink", stats->sink);
  }
  append_number(&line, "elapsed_ms", stats->elapsed_ms);
  append_start(&line, &stats->start);
  if (stats->epoch)
    append(&line, ",\"epoch\":\"%016" PRIx64 "\"", stats->epoch); /* a string: JSON's numbers end at 2^53 */
  else
    append(&line, ",\"epoch\":null");
  append(&line, ",\"doorbell\":%s,\"held\":%s", stats->doorbell ? "true" : "false", stats->held ? "true" : "false");
  append_number(&line, "width", stats->width);
  append_number(&line, "height", stats->height);
  append_number(&line, "sequence", stats->counts.sequence);
  append_number(&line, "frames", stats->counts.frames);
  append_number(&line, "fallback_frames", stats->fallback_frames);
  append_number(&line, "skipped", stats->counts.skipped);
  append_number(&line, "torn", stats->counts.torn);
  append_number(&line, "bad", stats->counts.bad);
  append_number(&line, "cursor_moves", stats->counts.cursor_moves);
  append_number(&line, "wakeups", stats->counts.wakeups);
  append_number(&line, "empty_wakeups", stats->counts.empty_wakeups);
  append_number(&line, "uploaded_bytes", stats->counts.uploaded_bytes);
  append_number(&line, "banded", stats->counts.banded);
  append_histogram(&line, "publish_to_seen_us", stats->publish_to_seen);
  append_histogram(&line, "publish_to_presented_us", stats->publish_to_presented);
  if (stats->stages)
    append(&line, ",\"stages\":%s", stats->stages);
  append(&line, "}");
  return line.used;
}
