#include "host/app/hud.h"

#include "common/bounded_text.h"

static void add_times(struct bounded_text *writer, const char *name, const struct histogram *histogram) {
  if (histogram && histogram->count)
    bounded_text_add(writer, "%s  %.2f ms, %.2f ms at worst of 100\n", name, (double)histogram_quantile(histogram, 500) / 1e6,
                     (double)histogram_quantile(histogram, 990) / 1e6);
}

/* What became of the time between two stages: where a frame waits is where to look. */
static void add_stages(struct bounded_text *writer, const struct latency_graph *recent) {
  static const char *const names[LATENCY_RECENT_PARTS] = {"until copied from", "copy", "until submitted", "display"};
  bounded_text_add(writer, "stages p50/p99 ms: ");
  for (unsigned part = 0; part < LATENCY_RECENT_PARTS; part++)
    bounded_text_add(writer, "%s%s %.2f/%.2f", part ? ", " : "", names[part], (double)recent->parts_p50_ns[part] / 1e6,
                     (double)recent->parts_p99_ns[part] / 1e6);
  bounded_text_add(writer, "\n");
}

static void add_link(struct bounded_text *writer, uint64_t bytes, uint64_t frames, double seconds) {
  double mebibytes = (double)bytes / (1 << 20);
  bounded_text_add(writer, "link %.1f MiB/s", mebibytes / seconds);
  if (frames)
    bounded_text_add(writer, ", %.3f MiB a frame", mebibytes / (double)frames);
  bounded_text_add(writer, "\n");
}

static void add_recent(struct bounded_text *writer, const struct latency_graph *recent, const char *feedback, bool has_legend) {
  if (!recent || !recent->presented)
    return;
  bounded_text_add(writer, "seen to drawn  %.2f ms, %.2f ms at worst of 100; missed %u of %u\n", (double)recent->p50_ns / 1e6,
                   (double)recent->p99_ns / 1e6, recent->missed, recent->missed + recent->presented);
  if (feedback)
    bounded_text_add(writer, "%s\n", feedback);
  if (!has_legend) /* which says the same */
    add_stages(writer, recent);
}

void hud_format(struct hud *hud, const struct viewer_stats *stats, char text[HUD_BYTES]) {
  struct bounded_text writer;
  const struct frame_feed_counts *now = &stats->counts, *before = &hud->counts;
  double seconds = stats->elapsed_ms > hud->elapsed_ms ? (double)(stats->elapsed_ms - hud->elapsed_ms) / 1000 : 1;
  double published = now->sequence > before->sequence ? (double)(now->sequence - before->sequence) / seconds : 0;
  bool scales = stats->scaler && stats->scaler[0];
  bounded_text_init(&writer, text, HUD_BYTES);
  bounded_text_add(&writer, "%s%s%s%s%s  %u x %u  %s\n", stats->presenter, stats->rung[0] ? ", " : "", stats->rung, scales ? ", " : "",
                   scales ? stats->scaler : "", stats->width, stats->height, stats->doorbell ? "doorbell" : "polling");
  uint64_t frames = now->frames - before->frames;
  bounded_text_add(&writer, "%.1f frames/s of %.1f published\n", (double)frames / seconds, published);
  add_link(&writer, now->uploaded_bytes - before->uploaded_bytes, frames, seconds);
  add_times(&writer, "published to seen", stats->publish_to_seen);
  add_times(&writer, "published to drawn", stats->publish_to_presented);
  add_recent(&writer, stats->recent, stats->feedback, hud->mode == HUD_GRAPH);
  bounded_text_add(&writer, "skipped %llu, torn %llu, refused %llu\n", (unsigned long long)now->skipped, (unsigned long long)now->torn,
                   (unsigned long long)now->bad);
  if (stats->capture)
    bounded_text_add(&writer, "keyboard and mouse: %s, by %s", stats->capture, stats->sink);
  else
    bounded_text_add(&writer, "keyboard and mouse: not for this guest");
  hud->counts = *now;
  hud->elapsed_ms = stats->elapsed_ms;
}
