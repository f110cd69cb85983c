/* The viewer's figures as one line of JSON. Pure. */
#ifndef TRANSOM_HOST_APP_VIEWER_STATS_H
#define TRANSOM_HOST_APP_VIEWER_STATS_H

#include "common/histogram.h"
#include "host/app/frame_feed.h"
#include "host/app/viewer_start.h"
#include "host/stats/latency_recent.h"

struct viewer_stats {
  const char *event; /* "tick", "exit" */
  int head;          /* of several; -1 = there is one window */
  const char *state; /* of the link */
  const char *presenter;
  const char *rung;   /* "" = it has no rungs */
  const char *scaler; /* "" = the presenter itself */
  const char *domain;
  const char *domain_state; /* as libvirt sees it; "" = unknown */
  uint64_t fallback_frames; /* of the emulated display, shown */
  const char *capture;      /* who has keyboard and mouse: "captured"; NULL = this viewer only watches */
  const char *sink;         /* how they reach the guest: "usb" */
  uint32_t leds;            /* enum input_led: the guest's locks */
  uint64_t epoch;           /* 0 = none */
  uint64_t elapsed_ms;
  struct viewer_start start;
  uint32_t width, height; /* of the picture, 0 = none */
  bool doorbell;
  bool held; /* frames are read under a hold */
  struct frame_feed_counts counts;
  const char *feedback;               /* what the window system's word is worth, for the HUD; NULL = nobody asks */
  const struct latency_graph *recent; /* for the HUD; NULL = nothing is measured */
  const char *stages;                 /* JSON of latency_report_stages_json(); NULL = none */
  const struct histogram *publish_to_seen, *publish_to_presented; /* NULL = not the same clock */
};

#define VIEWER_STATS_BYTES 5376 /* of which stages are LATENCY_MONITOR_STAGES_BYTES at most */

/* Writes a line without its newline. Its length; never more than VIEWER_STATS_BYTES - 1. */
size_t viewer_stats_format(const struct viewer_stats *stats, char line[VIEWER_STATS_BYTES]);

#endif
