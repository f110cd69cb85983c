#include "host/stats/latency_report.h"

#include <inttypes.h>

const char *const latency_column_keys[LATENCY_COLUMNS] = {"p50_us", "p99_us", "p999_us", "max_us"};
const char *const latency_column_names[LATENCY_COLUMNS] = {"p50", "p99", "p99.9", "max"};
static const uint32_t column_per_mille[LATENCY_COLUMNS] = {500, 990, 999, 1000};

static double us(int64_t ns) { return (double)ns / 1000; }

/* Nothing was measured: why? */
static const char *why_empty(const struct latency_report *report, const struct latency_span_info *info) {
  const struct latency_figures *figures = report->figures;
  if (figures->frames == 0)
    return "no frame came";
  if (info->one_way && !report->same_clock && report->mapping->exchanges == 0)
    return "the guest answered no clock exchange";
  if (info->one_way && figures->first == figures->frames)
    return "a session's first frame was there before us";
  if (info->one_way && figures->clocks[LATENCY_CLOCK_FAR] > 0)
    return "the nearest clock exchange is older than 5 s";
  if (info->one_way && figures->clocks[LATENCY_CLOCK_UNKNOWN] > 0)
    return "the clock exchanges around these frames do not agree, or there is none before them";
  if (info->one_way && figures->clocks[LATENCY_CLOCK_WAITING] > 0)
    return "no clock exchange came after these frames";
  return "the stages were not stamped";
}

void latency_report_row(const struct latency_report *report, enum latency_span span, struct latency_row *row) {
  const struct latency_distribution *distribution = &report->figures->spans[span];
  *row = (struct latency_row){.info = &latency_spans[span],
                              .count = latency_distribution_count(distribution),
                              .overlaps = distribution->overlap.count,
                              .bound_ns = distribution->bound_max_ns};
  for (unsigned column = 0; column < LATENCY_COLUMNS; column++) {
    row->columns[column] = latency_distribution_quantile(distribution, column_per_mille[column]);
    if (row->columns[column].refused)
      row->refused = "the clock's bound is worse than 10 % of it";
  }
  if (row->count == 0)
    row->refused = why_empty(report, row->info);
}

/* ---- text ---- */

static void text_row(const struct latency_row *row, FILE *out) {
  fprintf(out, "  %-22s", row->info->key);
  for (unsigned column = 0; column < LATENCY_COLUMNS; column++) {
    if (row->columns[column].refused)
      fprintf(out, "%12s", "refused");
    else
      fprintf(out, "%12.1f", us(row->columns[column].ns));
  }
  if (row->info->one_way && row->count)
    fprintf(out, "  +- %.1f", us((int64_t)row->bound_ns));
  if (row->overlaps)
    fprintf(out, "  (%" PRIu64 " of %" PRIu64 " overlap)", row->overlaps, row->count);
  if (row->refused)
    fprintf(out, "  %s", row->refused);
  fputc('\n', out);
}

static void text_clock(const struct latency_report *report, FILE *out) {
  const struct latency_figures *figures = report->figures;
  if (report->same_clock)
    fprintf(out, "clock: the guest's is this host's, as --same-clock says\n");
  else
    fprintf(out,
            "clock: %" PRIu64 " exchanges, %" PRIu64 " steps; stamps of %" PRIu64 " frames converted, %" PRIu64 " unknown, %" PRIu64
            " farther than 5 s from an exchange, %" PRIu64 " waiting\n",
            report->mapping->exchanges, report->mapping->steps, figures->clocks[LATENCY_CLOCK_KNOWN],
            figures->clocks[LATENCY_CLOCK_UNKNOWN], figures->clocks[LATENCY_CLOCK_FAR], figures->clocks[LATENCY_CLOCK_WAITING]);
}

void latency_feedback_text(const struct latency_feedback *feedback, char text[LATENCY_FEEDBACK_BYTES]) {
  if (!feedback->source)
    snprintf(text, LATENCY_FEEDBACK_BYTES, "no feedback: %s", feedback->reason ? feedback->reason : "nobody was asked");
  else if (feedback->reason)
    snprintf(text, LATENCY_FEEDBACK_BYTES, "%s is %s: %s", feedback->source, feedback->state, feedback->reason);
  else
    snprintf(text, LATENCY_FEEDBACK_BYTES, "%s is %s", feedback->source, feedback->state);
}

static void text_sources(const struct latency_report *report, FILE *out) {
  const struct latency_figures *figures = report->figures;
  char feedback[LATENCY_FEEDBACK_BYTES];
  fprintf(out, "presented, as told by:");
  for (unsigned source = LATENCY_SOURCE_HEADLESS; source <= LATENCY_SOURCE_FEEDBACK; source++)
    if (figures->sources[source])
      fprintf(out, " %s (%" PRIu64 ")", latency_source_names[source], figures->sources[source]);
  latency_feedback_text(&report->feedback, feedback);
  fprintf(out, "; %s\n", feedback);
}

void latency_report_text(const struct latency_report *report, FILE *out) {
  const struct latency_figures *figures = report->figures;
  fprintf(out, "%s by %s: %" PRIu64 " frames in %.1f s; %" PRIu64 " skipped, %" PRIu64 " missed, %" PRIu64 " not traced\n", report->domain,
          report->presenter, figures->frames, (double)report->elapsed_ms / 1000, figures->skipped, figures->missed, figures->lost);
  text_clock(report, out);
  text_sources(report, out);
  fprintf(out, "  %-22s", "microseconds");
  for (unsigned column = 0; column < LATENCY_COLUMNS; column++)
    fprintf(out, "%12s", latency_column_names[column]);
  fputc('\n', out);
  for (unsigned span = 0; span < LATENCY_SPANS; span++) {
    struct latency_row row;
    latency_report_row(report, (enum latency_span)span, &row);
    text_row(&row, out);
  }
}

/* ---- JSON ---- */

static void json_string(const char *text, FILE *out) {
  fputc('"', out);
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\')
      fprintf(out, "\\%c", c);
    else if (c < 0x20)
      fprintf(out, "\\u%04x", c);
    else
      fputc(c, out);
  }
  fputc('"', out);
}

static void json_string_or_null(const char *key, const char *text, FILE *out) {
  fprintf(out, "\"%s\":", key);
  if (text)
    json_string(text, out);
  else
    fprintf(out, "null");
}

static void json_feedback(const struct latency_feedback *feedback, FILE *out) {
  fprintf(out, ",\"feedback\":{");
  json_string_or_null("source", feedback->source, out);
  fputc(',', out);
  json_string_or_null("state", feedback->state ? feedback->state : "none", out);
  fputc(',', out);
  json_string_or_null("reason", feedback->reason, out);
  fputc('}', out);
}

static void json_row(const struct latency_row *row, FILE *out) {
  fprintf(out, "\"%s\":{\"from\":\"%s\",\"to\":\"%s\",\"one_way\":%s,\"count\":%" PRIu64 ",\"overlaps\":%" PRIu64 ",", row->info->key,
          row->info->from, row->info->to, row->info->one_way ? "true" : "false", row->count, row->overlaps);
  if (row->info->one_way && row->count)
    fprintf(out, "\"bound_us\":%.1f,", us((int64_t)row->bound_ns));
  else
    fprintf(out, "\"bound_us\":null,");
  for (unsigned column = 0; column < LATENCY_COLUMNS; column++) {
    if (row->columns[column].refused)
      fprintf(out, "\"%s\":null,", latency_column_keys[column]);
    else
      fprintf(out, "\"%s\":%.1f,", latency_column_keys[column], us(row->columns[column].ns));
  }
  json_string_or_null("refused", row->refused, out);
  fputc('}', out);
}

void latency_report_stages_json(const struct latency_report *report, FILE *out) {
  fputc('{', out);
  for (unsigned span = 0; span < LATENCY_SPANS; span++) {
    struct latency_row row;
    latency_report_row(report, (enum latency_span)span, &row);
    if (span)
      fputc(',', out);
    json_row(&row, out);
  }
  fputc('}', out);
}

static void json_counts(const char *key, const char *const *names, const uint64_t *counts, unsigned count, FILE *out) {
  fprintf(out, ",\"%s\":{", key);
  for (unsigned i = 0; i < count; i++)
    fprintf(out, "%s\"%s\":%" PRIu64, i ? "," : "", names[i], counts[i]);
  fputc('}', out);
}

void latency_report_json(const struct latency_report *report, FILE *out) {
  const struct latency_figures *figures = report->figures;
  fprintf(out, "{\"schema\":%d,\"domain\":", LATENCY_REPORT_SCHEMA);
  json_string(report->domain, out);
  fprintf(out, ",\"presenter\":");
  json_string(report->presenter, out);
  fprintf(out, ",\"elapsed_ms\":%" PRIu64 ",\"frames\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"missed\":%" PRIu64 ",\"not_traced\":%" PRIu64,
          report->elapsed_ms, figures->frames, figures->skipped, figures->missed, figures->lost);
  json_counts("presented_by", latency_source_names, figures->sources, LATENCY_SOURCE_FEEDBACK + 1, out);
  json_feedback(&report->feedback, out);
  fprintf(out, ",\"same_clock\":%s,\"clock_exchanges\":%" PRIu64 ",\"clock_steps\":%" PRIu64, report->same_clock ? "true" : "false",
          report->mapping->exchanges, report->mapping->steps);
  json_counts("stamps", latency_clock_names, figures->clocks, LATENCY_CLOCKS, out);
  fprintf(out, ",\"stages\":");
  latency_report_stages_json(report, out);
  fprintf(out, "}\n");
}

/* ---- CSV ---- */

static void csv_stamp(uint64_t ns, FILE *out) {
  if (ns)
    fprintf(out, ",%" PRIu64, ns);
  else
    fputc(',', out);
}

/* Stamps as taken, then every span in nanoseconds. What is not known is empty. */
static void csv_record(const struct latency_record *record, FILE *out) {
  const struct latency_frame *frame = &record->frame;
  bool known = record->clock == LATENCY_CLOCK_SAME || record->clock == LATENCY_CLOCK_KNOWN;
  fprintf(out, "%016" PRIx64 ",%" PRIu64 ",%" PRIu64 ",%d,%d,%s,%s", frame->epoch, frame->sequence, frame->skipped, frame->first,
          frame->banded, latency_source_names[frame->source], latency_clock_names[record->clock]);
  for (unsigned stage = 0; stage < LATENCY_GUEST_STAGES; stage++)
    csv_stamp(frame->guest_ns[stage], out);
  for (unsigned stage = 0; stage < LATENCY_HOST_STAGES; stage++)
    csv_stamp(frame->host_ns[stage], out);
  if (known)
    fprintf(out, ",%" PRIu64, record->bound_ns[LATENCY_COMPLETE]);
  else
    fputc(',', out);
  for (unsigned span = 0; span < LATENCY_SPANS; span++) {
    int64_t ns;
    uint64_t bound_ns;
    if (latency_record_span(record, (enum latency_span)span, &ns, &bound_ns))
      fprintf(out, ",%" PRId64, ns);
    else
      fputc(',', out);
  }
  fputc('\n', out);
}

void latency_report_csv(const struct latency_report *report, FILE *out) {
  fprintf(out, "epoch,sequence,skipped,first,banded,presented_by,clock");
  for (unsigned stage = 0; stage < LATENCY_GUEST_STAGES; stage++)
    fprintf(out, ",%s_guest_ns", latency_guest_stage_names[stage]);
  for (unsigned stage = 0; stage < LATENCY_HOST_STAGES; stage++)
    fprintf(out, ",%s_ns", latency_host_stage_names[stage]);
  fprintf(out, ",bound_ns");
  for (unsigned span = 0; span < LATENCY_SPANS; span++)
    fprintf(out, ",%s_ns", latency_spans[span].key);
  fputc('\n', out);
  for (size_t i = 0; i < report->count; i++)
    csv_record(&report->records[i], out);
}
