#define LOG_MODULE "domain"
#include "host/app/domain_view.h"

#include "common/clock.h"
#include "common/log.h"
#include "host/vm/fallback_display.h"
#include "host/vm/libvirt_watch.h"
#include "host/vm/qmp_bridge.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UPLOAD_WAIT_NS UINT64_C(100000000)
#define UPLOAD_TRIES 30u

struct domain_view {
  const struct view_settings *settings;
  void (*changed)(void *user_data);
  void *user_data;
  struct libvirt_watch *watch;

  pthread_mutex_t lock; /* of what the other threads leave */
  enum domain_state new_state;
  bool new_reachable, has_new_state;
  char new_text[LIBVIRT_ERROR_BYTES];
  int new_display; /* a connected socket, or -1 */
  bool has_new_picture, display_ended;
  struct fallback_picture new_picture;
  atomic_bool is_asleep; /* for the main thread's keys */

  /* presenting thread */
  enum domain_state state;
  bool known, reachable;
  char text[LIBVIRT_ERROR_BYTES];
  struct fallback_display *display;
  bool asked;   /* for a display; not again until the state changes or it has ended */
  bool showing; /* the emulated display is what is seen */
  uint64_t pictures;
};

/* ---- on other threads ---- */

static void on_state(enum domain_state state, bool reachable, const char *text, void *user_data) {
  struct domain_view *view = user_data;
  pthread_mutex_lock(&view->lock);
  view->new_state = state;
  view->new_reachable = reachable;
  view->has_new_state = true;
  snprintf(view->new_text, sizeof view->new_text, "%s", text);
  atomic_store(&view->is_asleep, state == DOMAIN_STATE_ASLEEP);
  pthread_mutex_unlock(&view->lock);
  log_info("%s is %s%s%s", view->settings->domain, reachable ? domain_state_name(state) : "not known to libvirt now", text[0] ? ": " : "",
           text);
  if (view->settings->bridge && reachable)
    qmp_bridge_event(view->settings->bridge, state == DOMAIN_STATE_RUNNING ? "RESUME" : "STOP");
  view->changed(view->user_data);
}

static void on_display(int fd, void *user_data) {
  struct domain_view *view = user_data;
  pthread_mutex_lock(&view->lock);
  int unused = view->new_display;
  view->new_display = fd;
  pthread_mutex_unlock(&view->lock);
  if (unused >= 0)
    close(unused);
  view->changed(view->user_data);
}

static void on_picture(const struct fallback_picture *picture, void *user_data) {
  struct domain_view *view = user_data;
  pthread_mutex_lock(&view->lock);
  if (picture)
    view->new_picture = *picture;
  view->has_new_picture = picture != NULL;
  view->display_ended = picture == NULL;
  pthread_mutex_unlock(&view->lock);
  view->changed(view->user_data);
}

/* ---- presenting thread ---- */

struct news {
  bool state, picture, ended;
  int display;
  struct fallback_picture content;
};

static struct news take_news(struct domain_view *view) {
  pthread_mutex_lock(&view->lock);
  struct news news = {.state = view->has_new_state,
                      .picture = view->has_new_picture,
                      .ended = view->display_ended,
                      .display = view->new_display,
                      .content = view->new_picture};
  if (news.state) {
    view->state = view->new_state;
    view->reachable = view->new_reachable;
    view->known = true;
    memcpy(view->text, view->new_text, sizeof view->text);
  }
  view->has_new_state = view->has_new_picture = view->display_ended = false;
  view->new_display = -1;
  pthread_mutex_unlock(&view->lock);
  return news;
}

static bool is_alive(enum domain_state state) {
  return state == DOMAIN_STATE_RUNNING || state == DOMAIN_STATE_PAUSED || state == DOMAIN_STATE_STOPPING;
}

static void end_display(struct domain_view *view) {
  fallback_display_stop(view->display);
  view->display = NULL;
  view->showing = false;
  pthread_mutex_lock(&view->lock);
  view->has_new_picture = false; /* of the one that has ended */
  view->display_ended = false;
  pthread_mutex_unlock(&view->lock);
}

/* The pixels are the display's only until it is given back, so the device must have read them. */
static enum presenter_result read_out(struct presenter *presenter) {
  enum presenter_result result = PRESENTER_OK;
  for (unsigned tries = 0; presenter->impl->finish_upload && tries < UPLOAD_TRIES; tries++)
    if ((result = presenter->impl->finish_upload(presenter, UPLOAD_WAIT_NS)) != PRESENTER_PENDING)
      break;
  return result;
}

/* OK: the presenter holds it now. What does not fit it is left out; the server's next picture may. */
static enum presenter_result show(struct domain_view *view, struct presenter *presenter, const struct fallback_picture *content) {
  struct presenter_picture picture = {.width = content->width, .height = content->height, .format = TRANSOM_FORMAT_BGRA8};
  struct transom_rect all = {.width = content->width, .height = content->height};
  if (presenter->impl->begin_frame(presenter, &picture) != 0)
    return PRESENTER_LOST;
  enum presenter_result result = presenter->impl->upload(presenter, content->pixels, content->width * 4, &all, 1);
  if (result == PRESENTER_OK)
    result = read_out(presenter);
  if (result == PRESENTER_PENDING)
    return PRESENTER_FAILED; /* a device that does not read a picture within seconds */
  if (result != PRESENTER_OK)
    return result;
  presenter->impl->cursor_move(presenter, 0, 0, false);
  presenter->impl->commit(presenter);
  view->pictures++;
  view->showing = true;
  return PRESENTER_OK;
}

static void take_display(struct domain_view *view, int fd, bool wanted) {
  if (fd < 0)
    return;
  if (wanted && !view->display)
    view->display = fallback_display_start(fd, on_picture, view);
  else
    close(fd);
}

/* Asked for when the guest runs without a picture of its own; kept, once it is there, while it is paused. */
static void provide_display(struct domain_view *view, bool wanted) {
  if (!wanted && view->display)
    end_display(view);
  if (wanted && !view->display && !view->asked && view->state == DOMAIN_STATE_RUNNING && view->reachable) {
    view->asked = true;
    libvirt_watch_want_display(view->watch);
  }
}

unsigned domain_view_turn(struct domain_view *view, struct presenter *presenter, enum guest_link_state link, bool region_shows) {
  if (!view)
    return DOMAIN_VIEW_NOTHING;
  struct news news = take_news(view);
  unsigned result = news.state ? DOMAIN_VIEW_STATE : DOMAIN_VIEW_NOTHING;
  bool region = link == GUEST_LINK_RUNNING && region_shows, was_showing = view->showing;
  bool wanted = !region && view->known && is_alive(view->state);
  if (news.state || region)
    view->asked = false;
  take_display(view, news.display, wanted);
  if (view->display && news.picture) {
    enum presenter_result shown = wanted ? show(view, presenter, &news.content) : PRESENTER_LOST;
    result |= shown == PRESENTER_OK ? DOMAIN_VIEW_PICTURE : shown == PRESENTER_FAILED ? DOMAIN_VIEW_BROKEN : 0;
    fallback_display_done(view->display);
  }
  if (view->display && news.ended) {
    end_display(view);
    view->asked = false; /* a VM that starts anew has a new one */
  }
  provide_display(view, wanted);
  return result | (view->showing != was_showing ? DOMAIN_VIEW_STATE : 0);
}

void domain_view_start_over(struct domain_view *view) {
  if (view && view->display)
    end_display(view);
  if (view)
    view->asked = false;
}

struct life_screen {
  const char *title, *advice;
};

static const struct life_screen life[DOMAIN_STATE_COUNT] = {
    [DOMAIN_STATE_OFF] = {"The VM is off",
                          "Start it in virt-manager, with `virsh start`, or here with --start. The picture comes by itself."},
    [DOMAIN_STATE_PAUSED] = {"The VM is paused", "Its owner or its host stopped it: `virsh resume` lets it go on."},
    [DOMAIN_STATE_ASLEEP] = {"The VM sleeps", "Press any key to wake it."},
    [DOMAIN_STATE_STOPPING] = {"The VM is shutting down", "The picture comes back when it starts again."},
    [DOMAIN_STATE_CRASHED] = {"The VM has crashed", "Its log is in /var/log/libvirt/qemu. Start it again; the picture comes by itself."},
};

void domain_view_screen(const struct domain_view *view, enum guest_link_state link, bool has_picture, struct presenter_status *status) {
  if (!view || !view->known)
    return;
  const struct life_screen *screen = &life[view->state];
  if (view->reachable && screen->title) {
    *status = (struct presenter_status){.visible = true, .keep_picture = has_picture && view->state != DOMAIN_STATE_OFF};
    snprintf(status->title, sizeof status->title, "%s", screen->title);
    snprintf(status->detail, sizeof status->detail, "%.200s%s%s", view->text, view->text[0] ? "\n" : "", screen->advice);
  } else if (view->showing) {
    status->visible = false; /* the picture itself says where the guest is */
  } else if (!view->reachable && link != GUEST_LINK_RUNNING) {
    size_t used = strlen(status->detail);
    snprintf(status->detail + used, sizeof status->detail - used, "\nlibvirt: %.160s", view->text);
  }
}

bool domain_view_key(struct domain_view *view) {
  if (!view || !atomic_load(&view->is_asleep))
    return false;
  libvirt_watch_wake_domain(view->watch);
  return true;
}

const char *domain_view_state_name(const struct domain_view *view) {
  return !view || !view->known ? "" : view->reachable ? domain_state_name(view->state) : "unreachable";
}

uint64_t domain_view_fallback_count(const struct domain_view *view) { return view ? view->pictures : 0; }

/* ---- start and end ---- */

struct domain_view *domain_view_start(const struct view_settings *settings, void (*changed)(void *user_data), void *user_data) {
  static const struct libvirt_watch_events events = {.state = on_state, .display = on_display};
  if (!settings->libvirt_uri[0])
    return NULL;
  struct domain_view *view = calloc(1, sizeof *view);
  if (!view)
    return NULL;
  *view = (struct domain_view){.settings = settings, .changed = changed, .user_data = user_data, .new_display = -1};
  pthread_mutex_init(&view->lock, NULL);
  struct libvirt_watch_options options = {.uri = settings->libvirt_uri, .domain = settings->domain, .start = settings->start};
  view->watch = libvirt_watch_start(&options, &events, view);
  if (view->watch)
    return view;
  log_warning("the life of %s is not followed: no thread for libvirt", settings->domain);
  pthread_mutex_destroy(&view->lock);
  free(view);
  return NULL;
}

void domain_view_stop(struct domain_view *view) {
  if (!view)
    return;
  libvirt_watch_stop(view->watch);
  end_display(view);
  if (view->new_display >= 0)
    close(view->new_display);
  pthread_mutex_destroy(&view->lock);
  free(view);
}
