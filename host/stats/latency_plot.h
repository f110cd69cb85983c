/* The plots of the HTML report, each a heading, a sentence and an SVG. Without records they say so. Control plane; may allocate. */
#ifndef TRANSOM_HOST_STATS_LATENCY_PLOT_H
#define TRANSOM_HOST_STATS_LATENCY_PLOT_H

#include "host/stats/latency_report.h"

void latency_plot_distribution(const struct latency_report *report, FILE *out);
void latency_plot_over_time(const struct latency_report *report, FILE *out);
void latency_plot_worst(const struct latency_report *report, FILE *out);

#endif
