/* Shows the HUD's graph of a recorded run in a window, as a viewer would at its end, until the standard input is closed.
 *
 * usage: show_graph RECORDED_RUN RENDERER
 *
 * Prints the words that the graph was given, and `shown` once it was drawn. */
#include "host/app/hud_graph.h"
#include "host/app/window.h"
#include "host/present/presenter_select.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recorded_run.h"

#define STEP_MS 50

static bool make_graph(const char *path, struct presenter_graph *graph) {
  struct latency_collector *collector = latency_collector_create(&(struct latency_collector_options){0});
  struct latency_graph recent;
  uint64_t last_ns;
  if (!collector || !recorded_run_play(path, collector, &last_ns))
    return false;
  latency_recent_graph(latency_collector_recent(collector), last_ns, &recent);
  hud_graph_fill(&recent, graph);
  latency_collector_destroy(collector);
  return true;
}

static enum presenter_kind kind_of(const char *name) {
  int kind = 0;
  while (presenter_kind_names[kind] && strcmp(presenter_kind_names[kind], name) != 0)
    kind++;
  return (enum presenter_kind)kind;
}

/* Again and again: what an X server shows of a window before it is mapped is its own affair. */
static bool show(struct presenter *presenter) {
  struct pollfd end = {.fd = STDIN_FILENO, .events = POLLIN};
  struct window_event event;
  bool said = false;
  while (poll(&end, 1, STEP_MS) == 0) {
    while (window_poll(&event))
      ;
    enum presenter_result result = presenter->impl->present(presenter);
    if (result != PRESENTER_OK && result != PRESENTER_PENDING)
      return false;
    if (result == PRESENTER_OK && !said)
      said = puts("shown") >= 0 && fflush(stdout) == 0;
  }
  return true;
}

int main(int argc, char **argv) {
  struct presenter_graph graph;
  char error[256];
  if (argc != 3 || !make_graph(argv[1], &graph))
    return 2;
  enum presenter_kind kind = kind_of(argv[2]);
  struct window_options options = {.title = "graph", .width = 800, .height = 400, .vulkan = presenter_kind_needs_vulkan(kind)};
  struct window *window = window_create(&options, error, sizeof error);
  struct presenter *presenter =
      window ? presenter_create(kind, window_native(window), &(struct presenter_options){0}, error, sizeof error) : NULL;
  if (!presenter) {
    fprintf(stderr, "show_graph: %s\n", error);
    return 77;
  }
  window_show(window);
  presenter->impl->resize(presenter, options.width, options.height, false);
  presenter->impl->hud(presenter, "a recorded run");
  presenter->impl->graph(presenter, &graph);
  printf("%s\n%s\n%s\n", graph.scale_full, graph.names, graph.figures);
  bool good = show(presenter);
  presenter->impl->destroy(presenter);
  window_destroy(window);
  return good ? 0 : 1;
}
