#include "memory_order_scenarios.h"

#include "protocol/atomics.h"
#include "protocol/record.h"
#include "support/queue_fixture.h"

#include <string.h>

#define ROWS 6u
#define FRAMES 12u
#define READERS_MAX 2u
#define TRIES 60u
#define STEPS_MAX UINT64_C(400000)

struct world;

struct reader_actor {
  struct world *world;
  uint32_t index;
  enum transom_acquire what;
  bool hold;
  bool bell;      /* rung by the publisher */
  uint64_t held;  /* hold word between acquire and release: what the publisher must respect */
  uint64_t shown; /* sequence of `picture` */
  uint64_t picture[ROWS];
};

struct world {
  struct queue_fixture *fixture;
  struct scenario_result *result;
  uint32_t reader_count;
  struct reader_actor readers[READERS_MAX];
  bool abandons, pauses, bands; /* of the publisher */
  bool publisher_done;
  uint64_t screen[ROWS];
  uint64_t expected[FRAMES + 2][ROWS]; /* the picture of each sequence */
};

static void count(struct world *world, enum violation violation) { world->result->violations[violation]++; }

static void start(struct world *world, uint64_t seed, uint32_t fences_off, uint32_t slot_count, struct scenario_result *result) {
  static struct queue_fixture *fixture; /* one region for all runs */
  if (!fixture)
    queue_fixture_setup((void **)&fixture);
  simulated_memory_reset(seed, fences_off);
  queue_fixture_format(fixture, slot_count);
  queue_fixture_attach(fixture);
  memset(world, 0, sizeof *world);
  world->fixture = fixture;
  world->result = result;
}

static void run(struct world *world) {
  if (!simulated_memory_run(STEPS_MAX))
    count(world, VIOLATION_STUCK);
}

/* ---- publisher ---- */

static uint64_t stamp_of(uint64_t sequence) { return sequence * 1000; }

static bool covers(const struct transom_damage *damage, uint32_t row) {
  for (uint32_t i = 0; i < damage->count; i++) {
    if (row >= damage->rects[i].y && row < (uint32_t)damage->rects[i].y + damage->rects[i].height)
      return true;
  }
  return damage->full;
}

/* Changes a few rows of the screen and says which. */
static struct transom_damage change_screen(struct world *world, uint64_t version) {
  struct transom_damage damage = {0};
  for (uint32_t i = simulated_memory_random(4); i > 0; i--) {
    uint32_t row = simulated_memory_random(ROWS);
    world->screen[row] = version << 8 | row;
    damage_add(&damage, (struct transom_rect){0, (uint16_t)row, 1, 1});
  }
  return damage;
}

static void check_holds(struct world *world) {
  const struct transom_frame_writer *writer = &world->fixture->writer;
  for (uint32_t i = 0; i < world->reader_count; i++) {
    uint64_t held = world->readers[i].held;
    if (held && transom_word_slot(held) == writer->slot && transom_word_sequence(held) != writer->sequence &&
        world->fixture->consumers.watch[i].revoked != held)
      count(world, VIOLATION_HELD_SLOT);
  }
}

static void copy_rows(struct world *world, volatile uint8_t *pixels, const struct transom_damage *copy) {
  for (uint32_t row = 0; row < ROWS; row++) {
    if (covers(copy, row))
      wire_store_body64((volatile uint64_t *)(pixels + row * TRANSOM_PITCH_ALIGN), world->screen[row]);
    if (world->bands && row == ROWS / 2)
      frame_writer_rows(&world->fixture->writer, row + 1);
  }
}

/* One frame; false when it was skipped or abandoned. */
static bool publish(struct world *world, uint64_t version) {
  struct queue_fixture *fixture = world->fixture;
  struct transom_damage damage = change_screen(world, version), copy;
  struct transom_frame_info info = queue_fixture_info(&damage);
  uint64_t sequence = fixture->writer.sequence + 1;
  volatile uint8_t *pixels;
  info.height = ROWS;
  info.acquired_ns = stamp_of(sequence);
  info.copy_started_ns = stamp_of(sequence) + 1;
  memcpy(world->expected[sequence], world->screen, sizeof world->screen);
  fixture->now_ns += world->pauses && simulated_memory_random(4) == 0 ? TRANSOM_HOLD_SILENT_NS : 1000000;
  if (frame_writer_begin(&fixture->writer, &info, fixture->now_ns, &pixels, &copy) < 0)
    return false;
  check_holds(world);
  copy_rows(world, pixels, &copy);
  if (world->abandons && simulated_memory_random(5) == 0) {
    frame_writer_abandon(&fixture->writer);
    return false;
  }
  frame_writer_complete(&fixture->writer, stamp_of(sequence) + 2, stamp_of(sequence) + 3);
  return true;
}

static void publisher_free_running(void *user_data) {
  struct world *world = user_data;
  for (uint64_t version = 1; version <= FRAMES; version++)
    publish(world, version);
  world->publisher_done = true;
}

static void ring(struct world *world, uint32_t wake) {
  struct transom_bell bells[TRANSOM_CONSUMERS_MAX];
  uint32_t bell_count = consumers_signal(&world->fixture->consumers, wake, 0, bells);
  for (uint32_t i = 0; i < bell_count; i++)
    world->readers[bells[i].peer_id].bell = true;
}

static void publisher_with_bells(void *user_data) {
  struct world *world = user_data;
  for (uint64_t version = 1; version <= FRAMES; version++) {
    if (publish(world, version))
      ring(world, TRANSOM_WAKE_COMPLETE);
  }
  world->publisher_done = true;
}

/* ---- consumers ---- */

static void add_reader(struct world *world, enum transom_acquire what, bool hold) {
  uint32_t index = world->reader_count++;
  world->readers[index] = (struct reader_actor){.world = world, .index = index, .what = what, .hold = hold};
  queue_fixture_consumer(world->fixture, index);
}

static void check_record(struct world *world, const struct transom_frame *frame) {
  const struct transom_descriptor *descriptor = &frame->descriptor;
  if (descriptor->acquired_ns != stamp_of(frame->sequence) || descriptor->copy_started_ns != stamp_of(frame->sequence) + 1 ||
      descriptor->width != QUEUE_FIXTURE_WIDTH || descriptor->height != ROWS)
    count(world, VIOLATION_TORN_RECORD);
}

/* Reads damaged rows as they become valid. False: abandoned, or it took too long. */
static bool copy_bands(struct transom_frame_reader *reader, struct transom_frame *frame, const struct transom_damage *damage,
                       uint64_t picture[ROWS]) {
  uint32_t done = 0;
  for (uint32_t i = 0; i < TRIES; i++) {
    uint32_t rows;
    enum transom_frame_state state = frame_reader_progress(reader, frame, &rows);
    for (; done < rows; done++) {
      if (covers(damage, done))
        picture[done] = wire_load_body64((const volatile uint64_t *)(frame->pixels + done * TRANSOM_PITCH_ALIGN));
    }
    if (state != TRANSOM_FRAME_WRITING)
      return state == TRANSOM_FRAME_COMPLETE;
    simulated_memory_yield();
  }
  return false;
}

static void check_picture(struct reader_actor *actor, const struct transom_frame *frame, const uint64_t picture[ROWS]) {
  struct world *world = actor->world;
  if (memcmp(picture, world->expected[frame->sequence], sizeof actor->picture) != 0)
    count(world, VIOLATION_TORN_PIXELS);
  if (frame->copy_done_ns != stamp_of(frame->sequence) + 2 || frame->complete_ns != stamp_of(frame->sequence) + 3)
    count(world, VIOLATION_TORN_RECORD);
  memcpy(actor->picture, picture, sizeof actor->picture);
  actor->shown = frame->sequence;
  world->result->checked++;
}

/* Acquires, updates a private picture by damage alone, and shows it if it is intact. */
static bool look(struct reader_actor *actor) {
  struct world *world = actor->world;
  struct transom_frame_reader *reader = &world->fixture->readers[actor->index];
  struct transom_frame frame;
  struct transom_damage damage;
  uint64_t picture[ROWS];
  int rc = frame_reader_acquire(reader, actor->what, actor->hold, actor->shown, &frame);
  if (rc == -EBADMSG)
    count(world, VIOLATION_TORN_RECORD);
  if (rc < 0)
    return false;
  actor->held = frame.hold;
  check_holds(world);
  check_record(world, &frame);
  frame_reader_damage(reader, &frame, actor->shown, &damage);
  memcpy(picture, actor->picture, sizeof picture);
  if (copy_bands(reader, &frame, &damage, picture) && frame_reader_intact(reader, &frame))
    check_picture(actor, &frame, picture);
  else
    world->result->dropped++;
  actor->held = 0;
  frame_reader_release(reader, &frame);
  return true;
}

static void reader_polling(void *user_data) {
  struct reader_actor *actor = user_data;
  for (uint32_t i = 0; i < TRIES && !actor->world->publisher_done; i++) {
    look(actor);
    simulated_memory_yield();
  }
}

static void reader_sleeping(void *user_data) {
  struct reader_actor *actor = user_data;
  struct queue_fixture *fixture = actor->world->fixture;
  struct transom_consumer *consumer = &fixture->lines[actor->index];
  for (;;) {
    if (look(actor))
      continue;
    actor->bell = false;
    consumer_arm_frame(consumer);
    if (frame_reader_has_newer(&fixture->readers[actor->index], actor->what, actor->shown))
      continue;
    if (!simulated_memory_sleep(&actor->bell))
      break;
    actor->world->result->checked++;
  }
  if (transom_word_sequence(fixture->writer.complete) > actor->shown)
    count(actor->world, VIOLATION_LOST_WAKE_UP);
}

/* ---- the scenarios ---- */

/* One or two consumers, with and without holds, by bands or complete, while frames come, are skipped and abandoned, and holds revoked. */
static void run_frames(uint64_t seed, uint32_t fences_off, struct scenario_result *result) {
  struct world world;
  start(&world, seed, fences_off, 2 + (uint32_t)(seed % 3), result);
  world.abandons = seed / 3 % 3 == 0;
  world.pauses = seed / 9 % 3 == 0;
  world.bands = seed / 2 % 2;
  simulated_memory_add_actor(publisher_free_running, &world);
  uint32_t readers = 1 + simulated_memory_random(2);
  for (uint32_t i = 0; i < readers; i++)
    add_reader(&world, simulated_memory_random(2) ? TRANSOM_ACQUIRE_ANNOUNCED : TRANSOM_ACQUIRE_COMPLETE, simulated_memory_random(2));
  for (uint32_t i = 0; i < readers; i++)
    simulated_memory_add_actor(reader_polling, &world.readers[i]);
  run(&world);
}

static void run_bells(uint64_t seed, uint32_t fences_off, struct scenario_result *result) {
  struct world world;
  start(&world, seed, fences_off, 4, result);
  simulated_memory_add_actor(publisher_with_bells, &world);
  uint32_t readers = 1 + simulated_memory_random(2);
  for (uint32_t i = 0; i < readers; i++)
    add_reader(&world, TRANSOM_ACQUIRE_COMPLETE, true);
  for (uint32_t i = 0; i < readers; i++)
    simulated_memory_add_actor(reader_sleeping, &world.readers[i]);
  run(&world);
}

/* A publisher whose copy takes long stores nothing more; a consumer that has let go does nothing more. */
static void publisher_that_stops(void *user_data) {
  struct world *world = user_data;
  struct transom_frame_info info = queue_fixture_info(NULL);
  volatile uint8_t *pixels;
  frame_writer_begin(&world->fixture->writer, &info, 0, &pixels, &world->fixture->copy);
  frame_writer_rows(&world->fixture->writer, ROWS);
  world->publisher_done = true;
}

static void reader_of_stopped_publisher(void *user_data) {
  struct reader_actor *actor = user_data;
  struct transom_frame_reader *reader = &actor->world->fixture->readers[0];
  struct transom_frame frame;
  uint32_t rows;
  simulated_memory_sleep(&actor->world->publisher_done);
  wire_fence_load(WIRE_FENCE_PIXELS_READ); /* look at what is there now */
  if (frame_reader_acquire(reader, TRANSOM_ACQUIRE_ANNOUNCED, true, 0, &frame) < 0)
    count(actor->world, VIOLATION_LATE);
  else if (frame_reader_progress(reader, &frame, &rows), rows != ROWS)
    count(actor->world, VIOLATION_LATE);
  actor->world->result->checked++;
}

static void run_idle(uint64_t seed, uint32_t fences_off, struct scenario_result *result) {
  struct world world;
  start(&world, seed, fences_off, 3, result);
  add_reader(&world, TRANSOM_ACQUIRE_ANNOUNCED, true);
  simulated_memory_add_actor(publisher_that_stops, &world);
  simulated_memory_add_actor(reader_of_stopped_publisher, &world.readers[0]);
  run(&world);
}

/* One record, rewritten in place. */
#define RECORD_WORDS 6u

static void record_writer(void *user_data) {
  struct world *world = user_data;
  uint64_t record[RECORD_WORDS];
  for (uint64_t sequence = 1; sequence <= FRAMES; sequence++) {
    for (uint32_t i = 0; i < RECORD_WORDS; i++)
      record[i] = sequence;
    record_write(world->fixture->memory + TRANSOM_GUEST_AREA_OFFSET, record, sizeof record, sequence);
  }
  world->publisher_done = true;
}

static void record_reader(void *user_data) {
  struct world *world = user_data;
  uint64_t record[RECORD_WORDS];
  for (uint32_t i = 0; i < TRIES && !world->publisher_done; i++) {
    if (!record_read(record, sizeof record, world->fixture->memory + TRANSOM_GUEST_AREA_OFFSET, sizeof record))
      continue;
    world->result->checked++;
    for (uint32_t word = 1; word < RECORD_WORDS; word++) {
      if (record[word] != record[0])
        count(world, VIOLATION_TORN_RECORD);
    }
  }
}

static void run_record(uint64_t seed, uint32_t fences_off, struct scenario_result *result) {
  struct world world;
  start(&world, seed, fences_off, 2, result);
  memset(world.fixture->memory + TRANSOM_GUEST_AREA_OFFSET, 0, RECORD_WORDS * 8);
  simulated_memory_add_actor(record_writer, &world);
  simulated_memory_add_actor(record_reader, &world);
  run(&world);
}

/* An agent formats anew, with another layout, while a consumer reads: its queue comes to lie where the frame was. */
#define TALL_ROWS 128u
#define TALL_ROW_FIRST 64u /* below, the new layout leaves the old frame alone */

static void formatter(void *user_data) {
  struct world *world = user_data;
  struct transom_region_request request = {.head_count = 1,
                                           .slot_count = 2,
                                           .frame_bytes_max = {TRANSOM_SLOT_ALIGN},
                                           .features_offered =
                                               QUEUE_FIXTURE_FEATURES | TRANSOM_FEATURE_MESSAGES | TRANSOM_FEATURE_CLIPBOARD};
  struct transom_region_plan plan;
  struct transom_region region;
  region_plan(QUEUE_FIXTURE_BYTES, &request, &plan);
  for (uint32_t i = simulated_memory_random(100); i > 0; i--)
    simulated_memory_yield();
  region_format(world->fixture->memory, &request, &plan, ++world->fixture->epoch, &region);
  world->publisher_done = true;
}

static void reader_while_formatting(void *user_data) {
  struct reader_actor *actor = user_data;
  struct world *world = actor->world;
  struct transom_frame_reader *reader = &world->fixture->readers[0];
  struct transom_frame frame;
  while (!world->publisher_done && frame_reader_acquire(reader, TRANSOM_ACQUIRE_COMPLETE, true, 0, &frame) == 0) {
    bool torn = false;
    for (uint32_t row = TALL_ROW_FIRST; row < TALL_ROWS; row++)
      torn |= wire_load_body64((const volatile uint64_t *)(frame.pixels + row * TRANSOM_PITCH_ALIGN)) != UINT64_C(0x5555555555555555);
    if (frame_reader_intact(reader, &frame)) {
      world->result->checked++;
      if (torn)
        count(world, VIOLATION_TORN_PIXELS);
    } else {
      world->result->dropped++;
    }
    frame_reader_release(reader, &frame);
  }
}

static void run_format(uint64_t seed, uint32_t fences_off, struct scenario_result *result) {
  struct world world;
  start(&world, seed, fences_off, 2, result);
  struct transom_frame_info info = queue_fixture_info(NULL);
  volatile uint8_t *pixels;
  info.height = TALL_ROWS;
  frame_writer_begin(&world.fixture->writer, &info, 0, &pixels, &world.fixture->copy);
  memset((uint8_t *)pixels, 0x55, TALL_ROWS * TRANSOM_PITCH_ALIGN);
  frame_writer_complete(&world.fixture->writer, 0, 0);
  add_reader(&world, TRANSOM_ACQUIRE_COMPLETE, true);
  simulated_memory_add_actor(formatter, &world);
  simulated_memory_add_actor(reader_while_formatting, &world.readers[0]);
  run(&world);
}

const struct scenario memory_order_scenarios[] = {
    {"frames", run_frames}, {"bells", run_bells}, {"idle", run_idle}, {"record", run_record}, {"format", run_format},
};
const uint32_t memory_order_scenario_count = sizeof memory_order_scenarios / sizeof memory_order_scenarios[0];
