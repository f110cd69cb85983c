#include "host/app/viewer_stats.h"

#include "common/bounded_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static void append_string(struct bounded_text *line, const char *key, const char *value) {
  bounded_text_add(line, ",\"%s\":\"", key);
  for (size_t i = 0; value[i] && i < 64; i++) {
    unsigned char c = (unsigned char)value[i];
    if (c == '"' || c == '\\')
      bounded_text_add(line, "\\%c", c);
    else if (c < 0x20 || c > 0x7e)
      bounded_text_add(line, "?"); /* names of ours and file names: nothing that needs more */
    else
      bounded_text_add(line, "%c", c);
  }
  bounded_text_add(line, "\"");
}

static void append_number(struct bounded_text *line, const char *key, uint64_t value) {
  bounded_text_add(line, ",\"%s\":%" PRIu64, key, value);
}

static double us(uint64_t ns) { return (double)ns / 1000; }

static void append_histogram(struct bounded_text *line, const char *key, const struct histogram *histogram) {
  if (!histogram || histogram->count == 0) {
    bounded_text_add(line, ",\"%s\":null", key);
    return;
  }
  bounded_text_add(line, ",\"%s\":{\"count\":%" PRIu64 ",\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", key, histogram->count,
                   us(histogram_quantile(histogram, 500)), us(histogram_quantile(histogram, 990)), us(histogram_quantile(histogram, 999)),
                   us(histogram->maximum));
}

/* When it began, on CLOCK_MONOTONIC; the stages from there on. */
static void append_start(struct bounded_text *line, const struct viewer_start *start) {
  static const char *const names[VIEWER_START_STAGES] = {"window_ms", "presenter_ms", "session_ms", "picture_ms", "presented_ms"};
  bounded_text_add(line, ",\"start\":{\"began_ms\":%.1f", (double)start->began_ns / 1e6);
  for (int i = 0; i < VIEWER_START_STAGES; i++) {
    if (start->at_ns[i])
      bounded_text_add(line, ",\"%s\":%.1f", names[i], (double)(start->at_ns[i] - start->began_ns) / 1e6);
    else
      bounded_text_add(line, ",\"%s\":null", names[i]);
  }
  bounded_text_add(line, "}");
}

size_t viewer_stats_format(const struct viewer_stats *stats, char text[VIEWER_STATS_BYTES]) {
  struct bounded_text line;
  bounded_text_init(&line, text, VIEWER_STATS_BYTES);
  bounded_text_add(&line, "{\"schema\":1");
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
  if (stats->scaler && stats->scaler[0])
    append_string(&line, "scaler", stats->scaler);
  if (stats->capture) {
    append_string(&line, "capture", stats->capture);
    append_string(&line, "sink", stats->sink);
  }
  append_number(&line, "elapsed_ms", stats->elapsed_ms);
  append_start(&line, &stats->start);
  if (stats->epoch)
    bounded_text_add(&line, ",\"epoch\":\"%016" PRIx64 "\"", stats->epoch); /* a string: JSON's numbers end at 2^53 */
  else
    bounded_text_add(&line, ",\"epoch\":null");
  bounded_text_add(&line, ",\"doorbell\":%s,\"held\":%s", stats->doorbell ? "true" : "false", stats->held ? "true" : "false");
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
    bounded_text_add(&line, ",\"stages\":%s", stats->stages);
  bounded_text_add(&line, "}");
  assert(!line.cut);
  return line.used;
}
