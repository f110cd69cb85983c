/* What the HUD's graph shows, made of the last seconds' figures. Pure. */
#ifndef TRANSOM_HOST_APP_HUD_GRAPH_H
#define TRANSOM_HOST_APP_HUD_GRAPH_H

#include "host/present/presenter_graph.h"
#include "host/stats/latency_recent.h"

void hud_graph_fill(const struct latency_graph *recent, struct presenter_graph *graph);

#endif
