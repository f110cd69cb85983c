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
  bool placed = window_post_get_layout(input->post, &layout);
  size_t count = window_input_translate(&input->translator, event, placed ? &layout : NULL, report);
  if (count)
    input_thread_report(input->thread, report, count);
}

void viewer_input_event(struct viewer_input *input, const struct window_event *event) {
  if (!input->thread)
    return;
  pass_report(input, event);
  if (event->kind == WINDOW_FOCUS)
    input_thread_step(input->thread, CAPTURE_FOCUS, INPUT_NOTE_NONE);
  else if (event->kind == WINDOW_LEFT || event->kind == WINDOW_CLOSE)
    input_thread_step(input->thread, CAPTURE_LEAVE, INPUT_NOTE_FOCUS);
}

/* ---- what the input thread decided ---- */

/* The host's pointer comes back where the guest's was, so that the eye need not look for it. */
static void warp_to_guest_pointer(struct viewer_input *input) {
  struct picture_layout at;
  if (!input->guest_pointer || !window_post_get_layout(input->post, &at))
    return;
  window_warp_pointer(input->window, at.x + (int32_t)((int64_t)input->guest_x * at.width / at.picture_width),
                      at.y + (int32_t)((int64_t)input->guest_y * at.height / at.picture_height));
}

static void follow_capture(struct viewer_input *input, const struct input_view *before) {
  const struct input_view *view = &input->view;
  bool take = view->state == CAPTURE_CAPTURED;
  if (take == input->taken)
    return;
  input->taken = take;
  bool by_window = (take ? view : before)->grabbed == INPUT_ORIGIN_WINDOW;
  if (by_window)
    window_take_input(input->window, take);
  if (!take && view->note != INPUT_NOTE_FOCUS)
    warp_to_guest_pointer(input);
}

static void show_hint(struct viewer_input *input) {
  char text[INPUT_HINT_BYTES];
  input_hint_text(&input->view, window_kept_shortcuts(input->window), input->hud != HUD_OFF, text);
  window_post_hint(input->post, text);
  window_post_input(input->post, input_capture_state_name(input->view.state), input->view.sink ? input->view.sink : "null");
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
  if (!commands && memcmp(&before, &input->view, sizeof before) == 0)
    return 0; /* only a sign of life was wanted */
  follow_capture(input, &before);
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

void viewer_input_guest_pointer(struct viewer_input *input, bool visible, int32_t x, int32_t y) {
  bool hidden_now = input->guest_pointer && !visible;
  input->guest_pointer = visible;
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
