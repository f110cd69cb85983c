/* --guest-mode window: what an agent is asked for when the user resizes the viewer's window. The test's agent reads its ring. */
#include "presented.h"

#include "protocol/control_message.h"
#include "protocol/ring.h"

#include <string.h>

/* The guest's end of the control channel, and what came through it. */
static struct {
  struct transom_ring send, receive;
  uint32_t session;                      /* greeted */
  struct transom_control_mode_wish wish; /* the last */
  unsigned wishes;
} agent;

static void agent_begin(uint64_t epoch) {
  current->publisher.talks = true;
  test_publisher_format(&current->publisher, epoch);
  memset(&agent, 0, sizeof agent);
  ring_init(&agent.send, &current->publisher.region.to_host[TRANSOM_CHANNEL_CONTROL], TRANSOM_RING_GUEST_SENDS, 0);
  ring_init(&agent.receive, &current->publisher.region.to_guest[TRANSOM_CHANNEL_CONTROL], TRANSOM_RING_GUEST_RECEIVES, 0);
  test_publisher_publish_whole(&current->publisher);
}

static void agent_greet(void) {
  const struct transom_control_hello hello = {.name = "test"};
  if (!ring_is_open(&agent.send) || agent.send.session == agent.session)
    return;
  agent.session = agent.send.session;
  assert_int_equal(ring_send(&agent.send, TRANSOM_CONTROL_HELLO, &hello, sizeof hello), 0);
}

/* Takes what has come; the number of wishes until now. */
static unsigned agent_wishes(void) {
  uint8_t payload[RING_PAYLOAD_BYTES_MAX];
  uint32_t type, bytes;
  agent_greet();
  while (ring_is_open(&agent.receive) && ring_receive(&agent.receive, &type, payload, &bytes) == 0) {
    if (type != TRANSOM_CONTROL_MODE_WISH)
      continue;
    assert_int_equal(bytes, sizeof agent.wish);
    memcpy(&agent.wish, payload, bytes);
    agent.wishes++;
  }
  return agent.wishes;
}

static void assert_asked_for(uint32_t width, uint32_t height, uint32_t refresh_mhz) {
  unsigned before = agent.wishes;
  WAIT_FOR(current, agent_wishes() > before && agent.wish.width == width && agent.wish.height == height);
  assert_int_equal(agent.wish.refresh_mhz, refresh_mhz);
  assert_int_equal(agent.wish.head, 0);
}

/* A second of the viewer's life: longer than a size has to stand still. */
static void pass_a_second(void) {
  uint64_t from_ms = current->viewers[0].elapsed_ms;
  WAIT_FOR(current, (agent_wishes(), current->viewers[0].elapsed_ms > from_ms + 1000));
}

static void resize(int32_t width, int32_t height) {
  x_display_place(&current->display, current->windows[0], 0, 0, (uint32_t)width, (uint32_t)height);
}

/* The guest does as it was asked, and the picture is one pixel for a pixel again. */
static void guest_obeys(uint32_t width, uint32_t height) {
  test_publisher_mode(&current->publisher, TRANSOM_FORMAT_BGRA8, agent.wish.width, agent.wish.height, 0);
  test_publisher_publish_whole(&current->publisher);
  window_assert_seen(current, 0, (struct placement){width, height, 0, 0, 1});
}

static void guest_is_asked_to_follow(void **state) {
  (void)state;
  agent_begin(0x6161);
  window_start_viewer(current, "followed", "--guest-mode=window@60");
  window_assert_seen(current, 0, window_one_to_one(current));
  pass_a_second();
  assert_int_equal(agent_wishes(), 0); /* the window follows the picture as yet */
  resize(801, 603);
  assert_asked_for(800, 602, 60000);
  guest_obeys(801, 603);
  pass_a_second();
  assert_int_equal(agent_wishes(), 1); /* that picture asks for nothing new */
  resize(1000, 700);
  assert_asked_for(1000, 700, 60000);
  guest_obeys(1000, 700);

  agent_begin(0x6262); /* starts anew, in a mode of its own */
  assert_asked_for(1000, 700, 60000);
  window_end_viewers(current);
}

static void nobody_is_asked_unless_the_user_wants(void **state) {
  (void)state;
  agent_begin(0x6363);
  window_start_viewer(current, "not followed", NULL);
  window_assert_seen(current, 0, window_one_to_one(current));
  resize(800, 600);
  WAIT_FOR(current, (agent_wishes(), agent.session != 0)); /* greeted: it would have been asked */
  pass_a_second();
  assert_int_equal(agent_wishes(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {PRESENTED_TEST(guest_is_asked_to_follow), PRESENTED_TEST(nobody_is_asked_unless_the_user_wants)};
  return presented_run("1280x1024x24", tests);
}
