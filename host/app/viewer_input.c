#include "host/app/viewer_input.h"

#include "host/app/control_socket.h"

#include <stdio.h>
#include <string.h>

bool viewer_input_start(struct viewer_input *input, const struct view_settings *settings, struct window *window, struct window_post *post,
                        void (*changed)(void *user_data), void *user_data, char *error, size_t capacity) {
  const struct input_thread_events events = {.changed = changed};
  const struct input_settings *wishes = &settings->input;
  *input = (struct viewer_input){.settings = settings, .window = window, .post = post, .events = events, .hud = hud_first_mode(settings)};
  input->options =
      (struct input_thread_options){.router = {.toggle = wishes->toggle_is_automatic ? NULL : &wishes->toggle_key,
                                               .host_keys = &wishes->host_key_list,
                                               .capture_on_click = settings->capture_on_click},
                                    .sinks = {.way = (enum input_sinks_way)settings->sink, .qmp = settings->qmp, .usb = settings->usb},
                                    .control = input->control,
                                    .take_input = settings->take_input,
                                    .input_devices = settings->input_device};
  if (!window)
    return true;
  control_socket_of(settings->region, input->control);
  input->thread = input_thread_start(&input->options, &input->events, user_data, error, capacity);
  return input->thread != NULL;
}

void viewer_input_stop(struct viewer_input *input) {
  input_thread_stop(input->thread);
  input->thread = NULL;
}

static void pass_report(struct viewer_input *input, const struct window_event *event) {
  struct input_event report[WINDOW_INPUT_EVENTS_MAX];
  struct picture_layout layout;
  bool placed = !input->several && window_post_get_layout(input->post, &layout);
  size_t count = window_input_translate(&input->translator, event, placed ? &layout : NULL, report);
  if (count)
    input_thread_report(input->thread, report, count);
}

/* Nothing of the one window's reaches the guest as the other's. */
static void use_window(struct viewer_input *input, struct window *window, struct window_post *post) {
  if (window == input->window)
    return;
  if (input->thread) {
    input_thread_step(input->thread, CAPTURE_LEAVE, INPUT_NOTE_FOCUS);
    window_post_hint(input->post, "");
    window_post_input(input->post, NULL, NULL, 0);
  }
  input->window = window;
  input->post = post;
  input->translator = (struct window_input){0};
  input->has_focus = false;
  input->anew = true;
}

static void gain_focus(struct viewer_input *input) {
  input->has_focus = true;
  input_thread_step(input->thread, CAPTURE_FOCUS, INPUT_NOTE_NONE);
  if (input->clicked == input->window)
    input_thread_step(input->thread, CAPTURE_ASK, INPUT_NOTE_USER);
  input->clicked = NULL;
}

/* Of several windows: true, the click captures and is not the guest's. It may come before the focus that it brings. */
static bool captures_by_click(struct viewer_input *input, const struct window_event *event, struct window *window) {
  if (!input->several || event->kind != WINDOW_BUTTON || !event->down || input->view.state != CAPTURE_RELEASED)
    return false;
  input->clicked = window;
  if (window == input->window && input->has_focus)
    gain_focus(input);
  return true;
}

void viewer_input_event(struct viewer_input *input, const struct window_event *event, struct window *window, struct window_post *post) {
  if (event->kind == WINDOW_FOCUS)
    use_window(input, window, post);
  if (!input->thread || captures_by_click(input, event, window) || window != input->window)
    return;
  pass_report(input, event);
  if (event->kind == WINDOW_FOCUS)
    gain_focus(input);
  if (event->kind != WINDOW_LEFT && event->kind != WINDOW_CLOSE)
    return;
  input->has_focus = false;
  input_thread_step(input->thread, CAPTURE_LEAVE, INPUT_NOTE_FOCUS);
}

/* What the window took from the window system is given back while there is a window to do it. */
void viewer_input_leave(struct viewer_input *input, struct window *window, struct window *next, struct window_post *next_post) {
  if (input->grabbing == window) {
    window_take_input(window, false);
    input->grabbing = NULL;
  }
  if (input->clicked == window)
    input->clicked = NULL;
  if (next && window == input->window)
    use_window(input, next, next_post);
}

void viewer_input_several(struct viewer_input *input) { input->several = true; }

/* ---- what the input thread decided ---- */

/* The host's pointer comes back where the guest's was, so that the eye need not look for it. */
static void warp_to_guest_pointer(struct viewer_input *input) {
  struct picture_layout at;
  if (!input->guest_pointer || !input->pointer_here || !window_post_get_layout(input->post, &at))
    return;
  window_warp_pointer(input->window, at.x + (int32_t)((int64_t)input->guest_x * at.width / at.picture_width),
                      at.y + (int32_t)((int64_t)input->guest_y * at.height / at.picture_height));
}

static void follow_capture(struct viewer_input *input) {
  const struct input_view *view = &input->view;
  bool take = view->state == CAPTURE_CAPTURED;
  bool by_another = take && input->grabbing && input->grabbing != input->window; /* released in between, which nobody saw */
  if (take == input->taken && !by_another)
    return;
  input->taken = take;
  if (input->grabbing)
    window_take_input(input->grabbing, false);
  input->grabbing = take && view->grabbed == INPUT_ORIGIN_WINDOW ? input->window : NULL;
  if (input->grabbing)
    window_take_input(input->grabbing, true);
  if (!take && view->note != INPUT_NOTE_FOCUS)
    warp_to_guest_pointer(input);
}

static void show_hint(struct viewer_input *input) {
  char text[INPUT_HINT_BYTES];
  input_hint_text(&input->view, window_kept_shortcuts(input->window), input->hud != HUD_OFF, text);
  window_post_hint(input->post, text);
  window_post_input(input->post, input_capture_state_name(input->view.state), input->view.sink ? input->view.sink : "null",
                    input->view.leds);
}

static uint32_t do_commands(struct viewer_input *input, uint32_t commands) {
  uint32_t wishes = 0;
  if (commands & 1u << HOTKEY_FULLSCREEN)
    window_toggle_fullscreen(input->window);
  if (commands & 1u << HOTKEY_HUD) {
    input->hud = hud_next_mode(input->hud);
    wishes |= VIEWER_INPUT_HUD;
  }
  if (commands & 1u << HOTKEY_SCREENSHOT)
    wishes |= VIEWER_INPUT_SCREENSHOT;
  if (commands & 1u << HOTKEY_QUIT)
    wishes |= VIEWER_INPUT_QUIT;
  return wishes;
}

uint32_t viewer_input_turn(struct viewer_input *input) {
  if (!input->thread)
    return 0;
  struct input_view before = input->view;
  uint32_t commands = input_thread_look(input->thread, &input->view);
  uint32_t wishes = do_commands(input, commands);
  if (!commands && !input->anew && memcmp(&before, &input->view, sizeof before) == 0)
    return 0; /* only a sign of life was wanted */
  input->anew = false;
  follow_capture(input);
  if (before.awake != input->view.awake)
    window_keep_awake(input->window, input->view.awake);
  show_hint(input);
  return wishes | VIEWER_INPUT_PRESENT | VIEWER_INPUT_POINTER;
}

/* ---- what the guest does ---- */

void viewer_input_guest_lost(struct viewer_input *input) {
  if (input->thread)
    input_thread_step(input->thread, CAPTURE_RELEASE, INPUT_NOTE_AGENT);
}

void viewer_input_frame_shown(struct viewer_input *input) {
  if (input->thread)
    input_thread_frame_shown(input->thread);
}

void viewer_input_guest_pointer(struct viewer_input *input, bool visible, bool here, int32_t x, int32_t y) {
  bool hidden_now = input->guest_pointer && !visible;
  input->guest_pointer = visible;
  input->pointer_here = here;
  input->guest_x = x;
  input->guest_y = y;
  if (!hidden_now || !input->thread)
    return;
  if (input->settings->hidden_pointer == SETTINGS_HIDDEN_POINTER_CAPTURE)
    input_thread_step(input->thread, CAPTURE_ASK, INPUT_NOTE_GUEST_HID_POINTER);
  else if (input->settings->hidden_pointer == SETTINGS_HIDDEN_POINTER_HINT)
    input_thread_note(input->thread, INPUT_NOTE_GUEST_HID_POINTER);
}

bool viewer_input_hides_pointer(const struct viewer_input *input) { return input->taken; }
