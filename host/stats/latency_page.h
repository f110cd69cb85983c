/* What the pages have in common: one look, nothing from outside, text that cannot become markup. */
#ifndef TRANSOM_HOST_STATS_LATENCY_PAGE_H
#define TRANSOM_HOST_STATS_LATENCY_PAGE_H

#include <stdio.h>

void latency_page_open(const char *title, FILE *out); /* up to and with the heading */
void latency_page_close(FILE *out);
void latency_page_text(const char *text, FILE *out);

#endif
