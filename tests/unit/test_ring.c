/* Message rings: sessions, wrap, full, and peers that lie. */
#include "protocol/ring.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define DATA_BYTES TRANSOM_RING_CONTROL_BYTES
#define SESSION 0x5eed0001u

/* One ring as both sides see it: the host sends, the guest receives (or the other way round, see setup_to_host()). */
struct fixture {
  _Alignas(64) struct transom_ring_line producer;
  _Alignas(64) struct transom_ring_line consumer;
  _Alignas(8) uint8_t data[DATA_BYTES];
  struct transom_ring_view view;
  struct transom_ring sender, receiver;
  uint8_t payload[RING_PAYLOAD_BYTES_MAX];
};

static struct fixture fixture;

static struct fixture *reset(void) {
  struct fixture *f = &fixture;
  memset(f, 0, sizeof(*f));
  f->view = (struct transom_ring_view){.producer = &f->producer, .consumer = &f->consumer, .data = f->data, .data_bytes = DATA_BYTES};
  return f;
}

static struct fixture *open_to_guest(void) {
  struct fixture *f = reset();
  ring_init(&f->receiver, &f->view, TRANSOM_RING_GUEST_RECEIVES, 0);
  ring_init(&f->sender, &f->view, TRANSOM_RING_HOST_SENDS, SESSION);
  assert_true(ring_is_open(&f->receiver));
  assert_true(ring_is_open(&f->sender));
  return f;
}

static int receive(struct fixture *f, uint32_t *type, uint32_t *bytes) {
  memset(f->payload, 0xee, sizeof(f->payload));
  return ring_receive(&f->receiver, type, f->payload, bytes);
}

static void expect_message(struct fixture *f, uint32_t type, const void *payload, uint32_t bytes) {
  uint32_t got_type = 0, got_bytes = 0;
  assert_true(ring_has_message(&f->receiver));
  assert_int_equal(receive(f, &got_type, &got_bytes), 0);
  assert_int_equal(got_type, type);
  assert_int_equal(got_bytes, bytes);
  if (bytes > 0)
    assert_memory_equal(f->payload, payload, bytes);
}

static void expect_none(struct fixture *f, int error) {
  uint32_t type = 77, bytes = 77;
  assert_int_equal(receive(f, &type, &bytes), error);
  assert_int_equal(type, 77);
  assert_int_equal(bytes, 77);
}

static void expect_closed_for_good(struct transom_ring *ring, const struct transom_ring_line *own) {
  assert_int_equal(ring->session, 0);
  assert_int_equal(own->session, 0);
  assert_false(ring_has_message(ring));
}

static void test_closed_until_the_guest_answers(void **state) {
  (void)state;
  struct fixture *f = reset();
  ring_init(&f->receiver, &f->view, TRANSOM_RING_GUEST_RECEIVES, 0);
  assert_false(ring_is_open(&f->receiver));
  ring_init(&f->sender, &f->view, TRANSOM_RING_HOST_SENDS, SESSION);
  assert_false(ring_is_open(&f->sender));
  assert_int_equal(ring_send(&f->sender, 1, "x", 1), -ENOTCONN);
  expect_none(f, -ENOTCONN);
  assert_true(ring_is_open(&f->receiver));
  assert_int_equal(f->consumer.session, SESSION);
  assert_true(ring_is_open(&f->sender));
  expect_none(f, -EAGAIN);
}

static void test_to_host_opens_the_same_way(void **state) {
  (void)state;
  struct fixture *f = reset();
  ring_init(&f->sender, &f->view, TRANSOM_RING_GUEST_SENDS, 0);
  ring_init(&f->receiver, &f->view, TRANSOM_RING_HOST_RECEIVES, SESSION);
  assert_int_equal(ring_send(&f->sender, 1, "x", 1), -ENOTCONN);
  assert_true(ring_is_open(&f->sender));
  assert_int_equal(f->producer.session, SESSION);
  assert_int_equal(ring_send(&f->sender, 9, "hello", 5), 0);
  expect_message(f, 9, "hello", 5);
}

static void test_messages_keep_order_and_size(void **state) {
  (void)state;
  struct fixture *f = open_to_guest();
  uint8_t payload[RING_PAYLOAD_BYTES_MAX];
  for (uint32_t i = 0; i < sizeof(payload); i++)
    payload[i] = (uint8_t)(i * 7);
  static const uint32_t sizes[] = {0, 1, 7, 8, 9, 4096};
  for (uint32_t i = 0; i < 6; i++)
    assert_int_equal(ring_send(&f->sender, i + 1, sizes[i] > 0 ? payload + i % 2 : NULL, sizes[i] - i % 2 * (sizes[i] > 0)), 0);
  for (uint32_t i = 0; i < 6; i++)
    expect_message(f, i + 1, payload + i % 2, sizes[i] - i % 2 * (sizes[i] > 0));
  expect_none(f, -EAGAIN);
}

static void test_wraps_with_pads_for_ever(void **state) {
  (void)state;
  struct fixture *f = open_to_guest();
  uint8_t payload[RING_PAYLOAD_BYTES_MAX];
  uint32_t sent_bytes = 0, pads = 0;
  for (uint32_t i = 0; i < 4000; i++) {
    uint32_t bytes = i * 613 % (RING_PAYLOAD_BYTES_MAX + 1);
    memset(payload, (int)(i & 0xff), bytes);
    uint32_t before = f->sender.index;
    assert_int_equal(ring_send(&f->sender, i + 1, payload, bytes), 0);
    pads += f->sender.index - before > 8 + bytes + 7;
    sent_bytes += bytes;
    expect_message(f, i + 1, payload, bytes);
  }
  assert_true(sent_bytes / DATA_BYTES > 100);
  assert_true(pads > 100);
}

static void test_index_wraps_at_32_bits(void **state) {
  (void)state;
  struct fixture *f = open_to_guest();
  uint32_t near_end = (uint32_t)0 - 16;
  f->sender.index = f->receiver.index = f->producer.index = f->consumer.index = near_end;
  for (uint32_t i = 0; i < 10; i++) {
    assert_int_equal(ring_send(&f->sender, 3, "across", 6), 0);
    expect_message(f, 3, "across", 6);
  }
  assert_int_equal(f->producer.index, near_end + 160);
}

static void test_full_leaves_indices_and_data_alone(void **state) {
  (void)state;
  struct fixture *f = open_to_guest();
  uint8_t payload[1016] = {1};
  for (uint32_t i = 0; i < DATA_BYTES / 1024; i++)
    assert_int_equal(ring_send(&f->sender, 1, payload, sizeof(payload)), 0);
  static struct fixture before;
  before = *f;
  assert_int_equal(ring_send(&f->sender, 2, NULL, 0), -EAGAIN);
  assert_int_equal(ring_send(&f->sender, 2, payload, sizeof(payload)), -EAGAIN);
  assert_memory_equal(f, &before, sizeof(before));
  expect_message(f, 1, payload, sizeof(payload));
  assert_int_equal(ring_send(&f->sender, 2, payload, sizeof(payload)), 0);
}

static void test_full_counts_the_pad(void **state) {
  (void)state;
  struct fixture *f = open_to_guest();
  uint8_t payload[4096] = {0};
  for (uint32_t i = 0; i < 3; i++)
    assert_int_equal(ring_send(&f->sender, 1, payload, 4096), 0);
  /* 12312 used, 4072 to the end: the fourth needs a pad and the start, which is not free yet */
  static struct fixture before;
  before = *f;
  assert_int_equal(ring_send(&f->sender, 2, payload, 4096), -EAGAIN);
  assert_memory_equal(f, &before, sizeof(before));
  expect_message(f, 1, payload, 4096);
  assert_int_equal(ring_send(&f->sender, 2, payload, 4096), 0);
  expect_message(f, 1, payload, 4096);
  expect_message(f, 1, payload, 4096);
  expect_message(f, 2, payload, 4096);
  expect_none(f, -EAGAIN);
}

static void test_oversize_is_refused(void **state) {
  (void)state;
  struct fixture *f = open_to_guest();
  uint8_t payload[RING_PAYLOAD_BYTES_MAX + 1] = {0};
  static struct fixture before;
  before = *f;
  assert_int_equal(ring_send(&f->sender, 1, payload, RING_PAYLOAD_BYTES_MAX + 1), -EMSGSIZE);
  assert_int_equal(ring_send(&f->sender, 1, payload, UINT32_MAX), -EMSGSIZE);
  assert_memory_equal(f, &before, sizeof(before));
}

static void test_new_controller_replaces_the_session(void **state) {
  (void)state;
  struct fixture *f = open_to_guest();
  assert_int_equal(ring_send(&f->sender, 1, "old", 3), 0);
  struct transom_ring old = f->sender;
  ring_init(&f->sender, &f->view, TRANSOM_RING_HOST_SENDS, SESSION + 1);
  assert_false(ring_is_open(&f->sender));
  expect_none(f, -ENOTCONN); /* the old one's message is gone */
  assert_true(ring_is_open(&f->receiver));
  assert_int_equal(f->receiver.session, SESSION + 1);
  assert_true(ring_is_open(&f->sender));
  assert_int_equal(ring_send(&old, 1, "late", 4), -ENOTCONN);
  assert_int_equal(ring_send(&f->sender, 2, "new", 3), 0);
  expect_message(f, 2, "new", 3);
}

static void test_restarted_agent_ignores_the_remnant(void **state) {
  (void)state;
  struct fixture *f = open_to_guest();
  assert_int_equal(ring_send(&f->sender, 1, "said to the agent before", 24), 0);
  memset(&f->consumer, 0, sizeof(f->consumer)); /* the guest formats its own half; the host's still stands */
  ring_init(&f->receiver, &f->view, TRANSOM_RING_GUEST_RECEIVES, 0);
  assert_false(ring_is_open(&f->receiver));
  expect_none(f, -ENOTCONN);
  assert_false(ring_is_open(&f->sender));
  ring_init(&f->sender, &f->view, TRANSOM_RING_HOST_SENDS, SESSION + 2);
  assert_true(ring_is_open(&f->receiver));
  assert_true(ring_is_open(&f->sender));
  expect_none(f, -EAGAIN);
}

static void test_host_that_left_closes(void **state) {
  (void)state;
  struct fixture *f = open_to_guest();
  f->producer.session = f->producer.index = 0; /* transom-serve clears the line of the dead */
  assert_false(ring_is_open(&f->receiver));
  assert_false(ring_has_message(&f->receiver));
  expect_none(f, -ENOTCONN);
}

static void test_impossible_consumer_index_closes(void **state) {
  (void)state;
  static const uint32_t lies[] = {8, DATA_BYTES, 0x80000000u, (uint32_t)0 - DATA_BYTES - 8, 3, (uint32_t)0 - 4};
  for (uint32_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
    struct fixture *f = open_to_guest();
    f->consumer.index = lies[i];
    assert_int_equal(ring_send(&f->sender, 1, "x", 1), -EBADMSG);
    expect_closed_for_good(&f->sender, &f->producer);
    assert_int_equal(ring_send(&f->sender, 1, "x", 1), -ENOTCONN);
    assert_false(ring_is_open(&f->sender));
  }
}

static void test_impossible_producer_index_closes(void **state) {
  (void)state;
  static const uint32_t lies[] = {DATA_BYTES + 8, 0x80000000u, (uint32_t)0 - 8, 1, 12};
  for (uint32_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
    struct fixture *f = open_to_guest();
    f->producer.index = lies[i];
    expect_none(f, -EBADMSG);
    expect_closed_for_good(&f->receiver, &f->consumer);
    expect_none(f, -ENOTCONN);
  }
}

/* A header at byte `at`, the producer's index `ahead` bytes beyond it: nothing but 0 (unread) or a closed ring may come of it. */
static void expect_bad_header(uint32_t at, uint32_t ahead, uint32_t type, uint32_t payload_bytes) {
  struct fixture *f = open_to_guest();
  f->receiver.index = f->consumer.index = at;
  f->producer.index = at + ahead;
  struct transom_message message = {.type = type, .payload_bytes = payload_bytes};
  memcpy(f->data + at % DATA_BYTES, &message, sizeof(message));
  expect_none(f, -EBADMSG);
  expect_closed_for_good(&f->receiver, &f->consumer);
}

static void test_impossible_headers_close(void **state) {
  (void)state;
  expect_bad_header(0, 16, 1, 9);                                           /* longer than what was produced */
  expect_bad_header(0, DATA_BYTES, 1, RING_PAYLOAD_BYTES_MAX + 1);          /* longer than any message */
  expect_bad_header(0, DATA_BYTES, 1, UINT32_MAX);                          /* wraps in 32 bits */
  expect_bad_header(0, DATA_BYTES, 1, UINT32_MAX - 7);                      /* wraps to 0 when the header is added */
  expect_bad_header(DATA_BYTES - 16, 64, 1, 16);                            /* split at the end */
  expect_bad_header(0, DATA_BYTES, TRANSOM_MESSAGE_PAD, DATA_BYTES - 8);    /* a pad of the whole ring */
  expect_bad_header(DATA_BYTES - 64, 128, TRANSOM_MESSAGE_PAD, 48);         /* a pad that ends before the end */
  expect_bad_header(DATA_BYTES - 64, 128, TRANSOM_MESSAGE_PAD, 64);         /* and one beyond it */
  expect_bad_header(DATA_BYTES - 64, 64, TRANSOM_MESSAGE_PAD, 56);          /* a pad without its message */
  expect_bad_header(DATA_BYTES - 64, 32, TRANSOM_MESSAGE_PAD, 56);          /* more pad than was produced */
  expect_bad_header(DATA_BYTES - 64, 128, TRANSOM_MESSAGE_PAD, UINT32_MAX); /* wraps */
}

static void test_pad_after_pad_closes(void **state) {
  (void)state;
  struct fixture *f = open_to_guest();
  f->receiver.index = f->consumer.index = DATA_BYTES - 64;
  f->producer.index = DATA_BYTES + 64;
  struct transom_message pad = {.type = TRANSOM_MESSAGE_PAD, .payload_bytes = 56};
  memcpy(f->data + DATA_BYTES - 64, &pad, sizeof(pad));
  memcpy(f->data, &pad, sizeof(pad));
  expect_none(f, -EBADMSG);
}

/* Whatever the data and index are, a receiver never reads beyond the data (address sanitizer) and never loops. */
static void test_noise_never_harms(void **state) {
  (void)state;
  uint32_t random = 12345;
  for (uint32_t round = 0; round < 2000; round++) {
    struct fixture *f = open_to_guest();
    for (uint32_t i = 0; i < DATA_BYTES; i += 4) {
      random = random * 1664525u + 1013904223u;
      uint32_t word = random >> 24 & 1 ? random >> 20 : random % 5;
      memcpy(f->data + i, &word, 4);
    }
    f->receiver.index = f->consumer.index = random & ~7u;
    f->producer.index = f->receiver.index + (random >> 12 & (DATA_BYTES - 1) & ~7u);
    uint32_t type = 0, bytes = 0, messages = 0;
    while (receive(f, &type, &bytes) == 0) {
      assert_true(bytes <= RING_PAYLOAD_BYTES_MAX);
      assert_true(++messages <= DATA_BYTES / 8);
    }
  }
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_closed_until_the_guest_answers),
      cmocka_unit_test(test_to_host_opens_the_same_way),
      cmocka_unit_test(test_messages_keep_order_and_size),
      cmocka_unit_test(test_wraps_with_pads_for_ever),
      cmocka_unit_test(test_index_wraps_at_32_bits),
      cmocka_unit_test(test_full_leaves_indices_and_data_alone),
      cmocka_unit_test(test_full_counts_the_pad),
      cmocka_unit_test(test_oversize_is_refused),
      cmocka_unit_test(test_new_controller_replaces_the_session),
      cmocka_unit_test(test_restarted_agent_ignores_the_remnant),
      cmocka_unit_test(test_host_that_left_closes),
      cmocka_unit_test(test_impossible_consumer_index_closes),
      cmocka_unit_test(test_impossible_producer_index_closes),
      cmocka_unit_test(test_impossible_headers_close),
      cmocka_unit_test(test_pad_after_pad_closes),
      cmocka_unit_test(test_noise_never_harms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
