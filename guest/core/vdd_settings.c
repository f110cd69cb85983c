#include "guest/core/vdd_settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OURS_BEGINS "<!-- Transom's mode -->"
#define OURS_ENDS "<!-- end of Transom's mode -->"
#define LIST_ENDS "</resolutions>"
#define COMMENT_BEGINS "<!--"
#define COMMENT_ENDS "-->"
#define HZ_DEFAULT 60u

/* The first LIST_ENDS that is not inside a comment. */
static const char *find_list_end(const char *text) {
  while (*text) {
    if (strncmp(text, LIST_ENDS, strlen(LIST_ENDS)) == 0)
      return text;
    if (strncmp(text, COMMENT_BEGINS, strlen(COMMENT_BEGINS)) == 0) {
      text = strstr(text, COMMENT_ENDS);
      if (!text)
        return NULL;
    }
    text++;
  }
  return NULL;
}

/* The part of `text` that is ours; empty, at its end, when there is none. False: it begins, and does not end. */
static bool find_ours(const char *text, const char **begin, const char **end) {
  *begin = *end = text + strlen(text);
  const char *ours = strstr(text, OURS_BEGINS);
  if (!ours)
    return true;
  const char *last = strstr(ours, OURS_ENDS);
  *begin = ours;
  *end = last ? last + strlen(OURS_ENDS) : NULL;
  return last != NULL;
}

static int format_mode(const struct display_mode *mode, char *to, size_t capacity) {
  const uint32_t mhz = mode->refresh_mhz ? mode->refresh_mhz : HZ_DEFAULT * 1000;
  char rate[24];
  if (mhz % 1000)
    snprintf(rate, sizeof rate, "%" PRIu32 ".%03" PRIu32, mhz / 1000, mhz % 1000);
  else
    snprintf(rate, sizeof rate, "%" PRIu32, mhz / 1000);
  return snprintf(to, capacity,
                  OURS_BEGINS "<resolution><width>%" PRIu32 "</width><height>%" PRIu32
                              "</height><refresh_rate>%s</refresh_rate></resolution>" OURS_ENDS,
                  mode->width, mode->height, rate);
}

int vdd_settings_put_mode(const char *text, const struct display_mode *mode, char *to, size_t capacity) {
  char ours[VDD_SETTINGS_MORE_BYTES];
  const char *begin, *end;
  const int length = format_mode(mode, ours, sizeof ours);
  if (!find_ours(text, &begin, &end))
    return -EINVAL;
  const char *list_end = find_list_end(text);
  if (!list_end || (list_end >= begin && list_end < end))
    return -EINVAL;
  const size_t bytes = strlen(text) - (size_t)(end - begin) + (size_t)length;
  if (bytes >= capacity)
    return -ENOSPC;
  for (const char *at = text; *at; at++) {
    if (at == list_end) {
      memcpy(to, ours, (size_t)length);
      to += length;
    }
    if (at < begin || at >= end)
      *to++ = *at;
  }
  *to = 0;
  return 0;
}
