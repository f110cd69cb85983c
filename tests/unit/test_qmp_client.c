#include "host/vm/qmp_client.h"

#include "support/fake_qmp.h"
#include "support/manual_event_loop.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
  struct event_loop *loop;
  struct fake_qmp fake;
  struct qmp_client *client;
  int ready, lost, events;
  char event[32];
  int replies, status;
  char error[64];
};

static void on_ready(void *user_data) { ((struct fixture *)user_data)->ready++; }

static void on_lost(void *user_data) { ((struct fixture *)user_data)->lost++; }

static void on_event(const char *name, const struct qmp_value *data, void *user_data) {
  (void)data;
  struct fixture *fixture = user_data;
  fixture->events++;
  snprintf(fixture->event, sizeof(fixture->event), "%s", name);
}

static void on_reply(int status, const struct qmp_value *result, const char *error, void *user_data) {
  struct fixture *fixture = user_data;
  fixture->replies++;
  fixture->status = status;
  snprintf(fixture->error, sizeof(fixture->error), "%s", error ? error : "");
  assert_int_equal(status == 0, result != NULL);
}

static int set_up(void **state) {
  struct fixture *fixture = calloc(1, sizeof(*fixture));
  fixture->loop = event_loop_create(EVENT_LOOP_AUTO);
  fake_qmp_start(&fixture->fake, fixture->loop);
  static const struct qmp_client_events events = {.ready = on_ready, .lost = on_lost, .event = on_event};
  fixture->client = qmp_client_create(fixture->loop, fixture->fake.path, &events, fixture);
  assert_non_null(fixture->client);
  fake_qmp_accept(&fixture->fake);
  *state = fixture;
  return 0;
}

static int tear_down(void **state) {
  struct fixture *fixture = *state;
  qmp_client_destroy(fixture->client);
  fake_qmp_stop(&fixture->fake);
  event_loop_destroy(fixture->loop);
  free(fixture);
  return 0;
}

static void greets_and_becomes_ready(void **state) {
  struct fixture *f = *state;
  assert_int_equal(qmp_client_execute(f->client, "stop", NULL, NULL, NULL), -ENOTCONN);
  assert_null(fake_qmp_next(&f->fake)); /* nothing before the greeting */
  fake_qmp_greet(&f->fake);
  assert_int_equal(f->ready, 1);
  assert_true(qmp_client_is_ready(f->client));
}

static void matches_replies_and_events(void **state) {
  struct fixture *f = *state;
  fake_qmp_greet(&f->fake);
  assert_int_equal(qmp_client_execute(f->client, "query-status", NULL, on_reply, f), 0);
  assert_int_equal(qmp_client_execute(f->client, "bad", "{\"x\":1}", on_reply, f), 0);
  char first[256];
  snprintf(first, sizeof(first), "%s", fake_qmp_next(&f->fake));
  assert_non_null(strstr(first, "\"execute\":\"query-status\""));
  const char *second = fake_qmp_next(&f->fake);
  assert_non_null(strstr(second, "\"arguments\":{\"x\":1}"));
  fake_qmp_send(&f->fake, "{\"event\": \"STOP\", \"timestamp\": {}}\r\n");
  assert_int_equal(f->events, 1);
  assert_string_equal(f->event, "STOP");
  fake_qmp_refuse(&f->fake, second, "no such command"); /* out of order */
  assert_int_equal(f->status, -EREMOTEIO);
  assert_string_equal(f->error, "no such command");
  fake_qmp_reply(&f->fake, first, "{}");
  assert_int_equal(f->status, 0);
  fake_qmp_reply(&f->fake, first, "{}"); /* twice, and never asked: ignored */
  fake_qmp_send(&f->fake, "{\"return\": {}, \"id\": -1}\r\n{\"return\": {}, \"id\": \"x\"}\r\n{\"return\": {}}\r\n");
  assert_int_equal(f->replies, 2);
  assert_int_equal(f->lost, 0);
}

static void connects_again_once_a_second(void **state) {
  struct fixture *f = *state;
  fake_qmp_greet(&f->fake);
  assert_int_equal(qmp_client_execute(f->client, "query-status", NULL, on_reply, f), 0);
  fake_qmp_hang_up(&f->fake);
  assert_int_equal(f->lost, 1);
  assert_int_equal(f->replies, 1);
  assert_int_equal(f->status, -EPIPE);
  manual_event_loop_advance(f->loop, QMP_RETRY_NS - 1);
  assert_int_equal(qmp_client_execute(f->client, "query-status", NULL, on_reply, f), -ENOTCONN);
  manual_event_loop_advance(f->loop, 1);
  fake_qmp_accept(&f->fake);
  fake_qmp_greet(&f->fake);
  assert_int_equal(f->ready, 2);
}

static void waits_for_a_socket_that_is_not_there_yet(void **state) {
  struct fixture *f = *state;
  struct fixture other = {.loop = f->loop};
  fake_qmp_start(&other.fake, f->loop);
  fake_qmp_stop(&other.fake);
  static const struct qmp_client_events events = {.ready = on_ready};
  other.client = qmp_client_create(f->loop, other.fake.path, &events, &other);
  assert_non_null(other.client);
  manual_event_loop_advance(f->loop, 3 * QMP_RETRY_NS);
  assert_false(qmp_client_is_ready(other.client));
  qmp_client_destroy(other.client);
}

static void gives_up_on_silence(void **state) {
  struct fixture *f = *state;
  manual_event_loop_advance(f->loop, QMP_HANDSHAKE_NS);
  fake_qmp_hang_up(&f->fake);
  assert_int_equal(f->lost, 0); /* it never was ready */
  manual_event_loop_advance(f->loop, QMP_RETRY_NS);
  fake_qmp_accept(&f->fake);
  fake_qmp_greet(&f->fake);
  manual_event_loop_advance(f->loop, 10 * QMP_HANDSHAKE_NS);
  assert_int_equal(f->lost, 0); /* a ready connection has no deadline */
}

static void leaves_a_peer_that_talks_nonsense(void **state) {
  struct fixture *f = *state;
  const char *nonsense[] = {"SSH-2.0-hello\r\n", "{\"event\": \"NO GREETING\"}\n", "{\"QMP\": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};
  for (size_t i = 0; i < 3; i++) {
    fake_qmp_send(&f->fake, nonsense[i]);
    fake_qmp_send(&f->fake, "\n");
    manual_event_loop_advance(f->loop, QMP_RETRY_NS);
    close(f->fake.peer);
    fake_qmp_accept(&f->fake);
  }
  fake_qmp_greet(&f->fake);
  assert_int_equal(f->ready, 1);
  fake_qmp_send(&f->fake, "]\n");
  assert_int_equal(f->lost, 1);
}

static void bounds_what_is_pending(void **state) {
  struct fixture *f = *state;
  fake_qmp_greet(&f->fake);
  for (unsigned i = 0; i < QMP_PENDING_MAX; i++)
    assert_int_equal(qmp_client_execute(f->client, "x", NULL, on_reply, f), 0);
  assert_int_equal(qmp_client_execute(f->client, "x", NULL, on_reply, f), -EAGAIN);
  fake_qmp_reply(&f->fake, fake_qmp_next(&f->fake), "{}");
  char huge[QMP_COMMAND_BYTES_MAX];
  memset(huge, ' ', sizeof(huge));
  huge[sizeof(huge) - 1] = '\0';
  assert_int_equal(qmp_client_execute(f->client, "x", huge, on_reply, f), -EMSGSIZE);
  assert_int_equal(qmp_client_execute(f->client, "x", NULL, on_reply, f), 0); /* the refused one took no room */
}

static void refuses_a_path_that_is_too_long(void **state) {
  struct fixture *f = *state;
  char path[200];
  memset(path, 'x', sizeof(path));
  path[sizeof(path) - 1] = '\0';
  static const struct qmp_client_events none = {0};
  assert_null(qmp_client_create(f->loop, path, &none, NULL));
  assert_int_equal(errno, ENAMETOOLONG);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(greets_and_becomes_ready),     TEST(matches_replies_and_events),
      TEST(connects_again_once_a_second), TEST(waits_for_a_socket_that_is_not_there_yet),
      TEST(gives_up_on_silence),          TEST(leaves_a_peer_that_talks_nonsense),
      TEST(bounds_what_is_pending),       TEST(refuses_a_path_that_is_too_long),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
