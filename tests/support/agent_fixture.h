/* An agent on memory, a clock and a screen of the test's own, and consumers that watch it. For cmocka tests, one thread, one at a time. */
#ifndef TRANSOM_TESTS_AGENT_FIXTURE_H
#define TRANSOM_TESTS_AGENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guest/core/agent.h"
#include "protocol/frame_reader.h"

#define AGENT_FIXTURE_BYTES (UINT64_C(8) << 20)
#define AGENT_FIXTURE_EDGE_MAX 1024u
#define AGENT_FIXTURE_CONSUMERS 3u

struct agent_fixture {
  struct region_device device;
  struct screen_capture capture;
  struct screen_mode mode;
  int result; /* of acquire() */
  struct screen_cursor cursor;
  uint8_t *screen;
  uint64_t looks;              /* calls of acquire() */
  struct frame_copier *copier; /* NULL = the processor copies; else every frame is all damage */
  struct agent_options options;
  struct agent_ports ports;
  struct agent *agent;
  struct transom_region region; /* the consumers' */
  struct transom_consumer consumers[AGENT_FIXTURE_CONSUMERS];
  struct transom_frame_reader readers[AGENT_FIXTURE_CONSUMERS];
  uint32_t rings;
  uint32_t last_peer, last_vector;
};

int agent_fixture_setup(void **state); /* 320x200 BGRA8, nothing drawn, no step taken */
int agent_fixture_teardown(void **state);

uint64_t agent_fixture_now_ns(void);
void agent_fixture_step(struct agent_fixture *fixture);                    /* sleeps till the agent is due, steps once */
void agent_fixture_run(struct agent_fixture *fixture, uint64_t length_ns); /* steps as long as due within the time */

void agent_fixture_attach(struct agent_fixture *fixture);
struct transom_frame_reader *agent_fixture_consumer(struct agent_fixture *fixture, uint32_t index);
void agent_fixture_touch(struct agent_fixture *fixture, uint32_t x, uint32_t y);

/* The region's status record. */
struct transom_agent_status agent_fixture_status(const struct agent_fixture *fixture);

/* Does the frame hold what the screen shows? */
bool agent_fixture_shows(const struct agent_fixture *fixture, const struct transom_frame *frame);

#endif
