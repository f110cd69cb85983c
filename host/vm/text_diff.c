#include "host/vm/text_diff.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT 3u
#define TABLE_CELLS_MAX (16u << 20) /* 32 MiB; two texts that differ more are shown as replaced */

struct line {
  const char *text;
  size_t bytes; /* with its newline */
};

struct lines {
  struct line *items;
  size_t count;
};

/* One place where the texts differ: old lines [old_begin, old_end) became new lines [new_begin, new_end). */
struct hunk {
  size_t old_begin, old_end, new_begin, new_end;
};

struct hunks {
  struct hunk *items;
  size_t count;
};

static bool split(const char *text, struct lines *lines) {
  size_t count = 0;
  for (const char *at = text; *at; count++)
    at += strcspn(at, "\n"), at += *at == '\n';
  *lines = (struct lines){.items = calloc(count + 1, sizeof *lines->items)};
  if (!lines->items || count > TEXT_DIFF_LINES_MAX)
    return false;
  for (const char *at = text; *at;) {
    size_t bytes = strcspn(at, "\n");
    bytes += at[bytes] == '\n';
    lines->items[lines->count++] = (struct line){at, bytes};
    at += bytes;
  }
  return true;
}

static bool equal(const struct line *one, const struct line *other) {
  return one->bytes == other->bytes && memcmp(one->text, other->text, one->bytes) == 0;
}

static bool add_hunk(struct hunks *hunks, struct hunk hunk) {
  struct hunk *last = hunks->count ? &hunks->items[hunks->count - 1] : NULL;
  if (last && last->old_end == hunk.old_begin && last->new_end == hunk.new_begin) {
    last->old_end = hunk.old_end;
    last->new_end = hunk.new_end;
    return true;
  }
  struct hunk *items = realloc(hunks->items, (hunks->count + 1) * sizeof *items);
  if (!items)
    return false;
  hunks->items = items;
  hunks->items[hunks->count++] = hunk;
  return true;
}

/* table[i][j] = length of the longest common subsequence of the lines behind i and j; walked from the front. */
static bool walk_table(const struct lines *old_lines, const struct lines *new_lines, struct hunk middle, struct hunks *hunks) {
  size_t rows = middle.old_end - middle.old_begin, columns = middle.new_end - middle.new_begin, width = columns + 1;
  uint16_t *table = calloc((rows + 1) * width, sizeof *table);
  if (!table)
    return false;
  const struct line *old_items = old_lines->items + middle.old_begin, *new_items = new_lines->items + middle.new_begin;
  for (size_t i = rows; i-- > 0;)
    for (size_t j = columns; j-- > 0;) {
      uint16_t below = table[(i + 1) * width + j], right = table[i * width + j + 1];
      table[i * width + j] = equal(&old_items[i], &new_items[j]) ? (uint16_t)(table[(i + 1) * width + j + 1] + 1)
                             : below > right                     ? below
                                                                 : right;
    }
  bool fine = true;
  for (size_t i = 0, j = 0; fine && (i < rows || j < columns);) {
    size_t at_old = middle.old_begin + i, at_new = middle.new_begin + j;
    if (i < rows && j < columns && equal(&old_items[i], &new_items[j]))
      i++, j++;
    else if (j == columns || (i < rows && table[(i + 1) * width + j] >= table[i * width + j + 1]))
      fine = add_hunk(hunks, (struct hunk){at_old, at_old + 1, at_new, at_new}), i++;
    else
      fine = add_hunk(hunks, (struct hunk){at_old, at_old, at_new, at_new + 1}), j++;
  }
  free(table);
  return fine;
}

/* What is equal at both ends needs no table. */
static bool compare(const struct lines *old_lines, const struct lines *new_lines, struct hunks *hunks) {
  size_t front = 0, back = 0, shorter = old_lines->count < new_lines->count ? old_lines->count : new_lines->count;
  while (front < shorter && equal(&old_lines->items[front], &new_lines->items[front]))
    front++;
  while (back < shorter - front && equal(&old_lines->items[old_lines->count - 1 - back], &new_lines->items[new_lines->count - 1 - back]))
    back++;
  struct hunk middle = {front, old_lines->count - back, front, new_lines->count - back};
  size_t rows = middle.old_end - middle.old_begin + 1, columns = middle.new_end - middle.new_begin + 1;
  if (rows == 1 && columns == 1)
    return true;
  if (columns > TABLE_CELLS_MAX / rows || rows > UINT16_MAX || columns > UINT16_MAX)
    return add_hunk(hunks, middle);
  return walk_table(old_lines, new_lines, middle, hunks);
}

/* passwd='...' never reaches a terminal or a log. */
static void print_line(FILE *out, char mark, const struct line *line) {
  static const char *const secrets[] = {"passwd=", "<session>", "<dhCert>", "password", NULL};
  size_t bytes = line->bytes - (line->bytes > 0 && line->text[line->bytes - 1] == '\n');
  fputc(mark, out);
  for (size_t at = 0; at < bytes;) {
    size_t secret = 0;
    for (size_t i = 0; secrets[i] && !secret; i++)
      if (bytes - at > strlen(secrets[i]) && memcmp(line->text + at, secrets[i], strlen(secrets[i])) == 0)
        secret = strlen(secrets[i]);
    if (!secret) {
      fputc(line->text[at++], out);
      continue;
    }
    fwrite(line->text + at, 1, secret, out);
    at += secret;
    char quote = line->text[at];
    bool is_quoted = quote == '\'' || quote == '"';
    fputs(is_quoted ? "'***'" : "***", out);
    for (at += is_quoted; at < bytes && line->text[at] != (is_quoted ? quote : '<'); at++)
      ;
    at += is_quoted && at < bytes;
  }
  fputc('\n', out);
}

static size_t least(size_t one, size_t other) { return one < other ? one : other; }

/* Hunks whose contexts touch are printed as one. */
static void print_group(FILE *out, const struct lines *old_lines, const struct lines *new_lines, const struct hunk *hunks, size_t count) {
  size_t before = least(CONTEXT, hunks[0].old_begin), old_end = least(hunks[count - 1].old_end + CONTEXT, old_lines->count);
  size_t old_at = hunks[0].old_begin - before, new_at = hunks[0].new_begin - before;
  size_t new_end = hunks[count - 1].new_end + (old_end - hunks[count - 1].old_end);
  fprintf(out, "@@ -%zu,%zu +%zu,%zu @@\n", old_at + (old_end > old_at), old_end - old_at, new_at + (new_end > new_at), new_end - new_at);
  for (size_t i = 0; i < count; i++) {
    for (; old_at < hunks[i].old_begin; old_at++)
      print_line(out, ' ', &old_lines->items[old_at]);
    for (; old_at < hunks[i].old_end; old_at++)
      print_line(out, '-', &old_lines->items[old_at]);
    for (size_t j = hunks[i].new_begin; j < hunks[i].new_end; j++)
      print_line(out, '+', &new_lines->items[j]);
  }
  for (; old_at < old_end; old_at++)
    print_line(out, ' ', &old_lines->items[old_at]);
}

static void print_hunks(FILE *out, const struct lines *old_lines, const struct lines *new_lines, const struct hunks *hunks) {
  for (size_t first = 0; first < hunks->count;) {
    size_t next = first + 1;
    while (next < hunks->count && hunks->items[next].old_begin <= hunks->items[next - 1].old_end + 2 * CONTEXT)
      next++;
    print_group(out, old_lines, new_lines, hunks->items + first, next - first);
    first = next;
  }
}

struct comparison {
  struct lines old_lines, new_lines;
  struct hunks hunks;
};

static bool comparison_init(struct comparison *comparison, const char *old_text, const char *new_text) {
  *comparison = (struct comparison){0};
  return split(old_text, &comparison->old_lines) && split(new_text, &comparison->new_lines) &&
         compare(&comparison->old_lines, &comparison->new_lines, &comparison->hunks);
}

static void comparison_finish(struct comparison *comparison) {
  free(comparison->old_lines.items);
  free(comparison->new_lines.items);
  free(comparison->hunks.items);
}

char *text_diff_unified(const char *old_text, const char *new_text, const char *old_name, const char *new_name) {
  struct comparison comparison;
  char *result = NULL;
  size_t size = 0;
  FILE *out = comparison_init(&comparison, old_text, new_text) ? open_memstream(&result, &size) : NULL;
  if (out) {
    if (comparison.hunks.count)
      fprintf(out, "--- %s\n+++ %s\n", old_name, new_name);
    print_hunks(out, &comparison.old_lines, &comparison.new_lines, &comparison.hunks);
    if (fclose(out) != 0) {
      free(result);
      result = NULL;
    }
  }
  comparison_finish(&comparison);
  return result;
}

/* Where `current` has the lines [begin, end) of the new text; a line of context on each side makes short ones unmistakable. SIZE_MAX: not
 * once, or more than once. */
static size_t find_block(const struct lines *current, const struct lines *new_lines, size_t begin, size_t end) {
  size_t found = SIZE_MAX, count = end - begin;
  for (size_t at = 0; count <= current->count && at <= current->count - count; at++) {
    size_t same = 0;
    while (same < count && equal(&current->items[at + same], &new_lines->items[begin + same]))
      same++;
    if (same < count)
      continue;
    if (found != SIZE_MAX)
      return SIZE_MAX;
    found = at;
  }
  return found;
}

/* With as much context as is still there: first a line on both sides, then one above, then one below, then none. */
static bool locate(const struct lines *current, const struct comparison *comparison, const struct hunk *hunk, size_t *begin) {
  static const size_t contexts[][2] = {{1, 1}, {1, 0}, {0, 1}, {0, 0}};
  for (size_t i = 0; i < 4; i++) {
    size_t above = least(contexts[i][0], hunk->new_begin), below = least(contexts[i][1], comparison->new_lines.count - hunk->new_end);
    if (hunk->new_begin == hunk->new_end && above + below < 2)
      return false; /* a removal leaves nothing to recognise but its surroundings */
    size_t at = find_block(current, &comparison->new_lines, hunk->new_begin - above, hunk->new_end + below);
    if (at != SIZE_MAX) {
      *begin = at + above;
      return true;
    }
  }
  return false;
}

struct replacement {
  size_t begin, end;
  const struct hunk *hunk;
};

static int by_place(const void *one, const void *other) {
  const struct replacement *a = one, *b = other;
  return a->begin < b->begin ? -1 : a->begin > b->begin;
}

static void write_back(FILE *out, const struct lines *current, const struct lines *old_lines, const struct replacement *items,
                       size_t count) {
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    for (; at < items[i].begin; at++)
      fwrite(current->items[at].text, 1, current->items[at].bytes, out);
    for (size_t line = items[i].hunk->old_begin; line < items[i].hunk->old_end; line++)
      fwrite(old_lines->items[line].text, 1, old_lines->items[line].bytes, out);
    at = items[i].end > at ? items[i].end : at;
  }
  for (; at < current->count; at++)
    fwrite(current->items[at].text, 1, current->items[at].bytes, out);
}

static size_t find_replacements(const struct lines *current, const struct comparison *comparison, struct replacement *items,
                                unsigned *missed) {
  size_t count = 0;
  for (size_t i = 0; i < comparison->hunks.count; i++) {
    const struct hunk *hunk = &comparison->hunks.items[i];
    size_t begin;
    if (!locate(current, comparison, hunk, &begin)) {
      (*missed)++;
      continue;
    }
    items[count++] = (struct replacement){begin, begin + hunk->new_end - hunk->new_begin, hunk};
  }
  qsort(items, count, sizeof *items, by_place);
  return count;
}

char *text_diff_take_back(const char *old_text, const char *new_text, const char *current, unsigned *missed) {
  struct comparison comparison;
  struct lines lines = {0};
  char *result = NULL;
  size_t size = 0;
  *missed = 0;
  bool fine = comparison_init(&comparison, old_text, new_text) && split(current, &lines);
  struct replacement *items = fine ? calloc(comparison.hunks.count + 1, sizeof *items) : NULL;
  size_t count = items ? find_replacements(&lines, &comparison, items, missed) : 0;
  FILE *out = items && (count > 0 || comparison.hunks.count == 0) ? open_memstream(&result, &size) : NULL;
  if (out) {
    write_back(out, &lines, &comparison.old_lines, items, count);
    if (fclose(out) != 0) {
      free(result);
      result = NULL;
    }
  }
  free(items);
  free(lines.items);
  comparison_finish(&comparison);
  return result;
}
