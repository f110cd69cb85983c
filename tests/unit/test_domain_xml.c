/* What the set-up knows of a definition, where an edit lands, which lines a diff shows and takes back, how large a region is. */
#include "host/vm/domain_xml.h"
#include "host/vm/setup_apply.h"
#include "host/vm/setup_plan.h"
#include "host/vm/text_diff.h"
#include "host/vm/text_edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct setup_options plain = {.tune = true, .display = true};
static const struct setup_host host = {.run_directory = "/run/transom"};

static struct setup_plan *plan_with(const char *text, const struct setup_options *options, const struct setup_host *facts) {
  char error[256] = "";
  struct setup_plan *plan = setup_plan_create(text, strlen(text), options, facts, error, sizeof error);
  if (!plan)
    fail_msg("%s", error);
  return plan;
}

#define HEAD "<domain type='kvm'><name>n</name><os><type machine='q35'>hvm</type></os>"
#define WINDOWS                                                                                                                            \
  "<metadata><l:libosinfo xmlns:l='http://libosinfo.org/xmlns/libvirt/domain/1.0'><l:os id='http://microsoft.com/win/11'/></l:libosinfo>"  \
  "</metadata>"

static void test_index(void **state) {
  (void)state;
  static const char text[] = "<domain a='1' b = \"x'y\"><devices ><e/>t<f>u&amp;v</f></devices></domain>";
  char error[128];
  struct domain_xml *xml = domain_xml_create(text, strlen(text), error, sizeof error);
  assert_non_null(xml);
  uint32_t f = domain_xml_path(xml, "devices/f"), e = domain_xml_path(xml, "devices/e");
  assert_string_equal(domain_xml_text(xml, "devices/f"), "u&v");
  assert_memory_equal(text + xml->elements[f].begin, "<f>u&amp;v</f>", xml->elements[f].end - xml->elements[f].begin);
  assert_memory_equal(text + xml->elements[f].content_begin, "u&amp;v", 7);
  assert_int_equal(xml->elements[e].content_begin, xml->elements[e].end);
  assert_memory_equal(text + xml->elements[e].begin, "<e/>", 4);
  size_t begin, end;
  assert_true(domain_xml_attribute_place(xml, 0, "b", &begin, &end));
  assert_memory_equal(text + begin, "x'y", 3);
  assert_int_equal(end - begin, 3);
  assert_false(domain_xml_attribute_place(xml, 0, "c", &begin, &end));
  assert_int_equal(domain_xml_path(xml, "devices/g"), DOMAIN_XML_NONE);
  domain_xml_destroy(xml);
}

static void test_edits(void **state) {
  (void)state;
  struct text_edits edits = {0};
  size_t length;
  text_edits_add(&edits, 5, 0, strdup("B"));
  text_edits_add(&edits, 0, 1, strdup("A"));
  text_edits_add(&edits, 5, 0, strdup("C"));
  char *text = text_edits_apply(&edits, "01234", 5, &length);
  assert_string_equal(text, "A1234BC");
  free(text);
  text_edits_add(&edits, 0, 2, strdup("overlaps"));
  assert_null(text_edits_apply(&edits, "01234", 5, &length));
  text_edits_finish(&edits);
}

static void test_region_size(void **state) {
  (void)state;
  assert_int_equal(setup_region_bytes(3840, 2160, 1, 1), 128u << 20);
  assert_int_equal(setup_region_bytes(3840, 2160, 1, 2), 256u << 20);
  assert_int_equal(setup_region_bytes(2560, 1440, 1, 1), 64u << 20);
  assert_int_equal(setup_region_bytes(32768, 32768, 8, 8), 0);
}

static bool has(const struct setup_plan *plan, const char *text) { return strstr(plan->text, text) != NULL; }

static bool notes(const struct setup_plan *plan, enum setup_note_kind kind, const char *text) {
  for (unsigned i = 0; i < plan->note_count; i++)
    if (plan->notes[i].kind == kind && strstr(plan->notes[i].text, text))
      return true;
  return false;
}

static void test_windows_is_tuned(void **state) {
  (void)state;
  struct setup_options options = plain;
  struct setup_host facts = host;
  facts.invariant_tsc = true;
  struct setup_plan *plan = plan_with(HEAD WINDOWS "<devices/></domain>", &options, &facts);
  assert_true(has(plan, "<hyperv mode='custom'>") && has(plan, "hypervclock") && has(plan, "host-passthrough"));
  assert_false(has(plan, "invtsc")); /* it could be saved and moved */
  setup_plan_destroy(plan);
  options.hostdevs[options.hostdev_count++] = (struct pci_address){0, 0xa, 0, 1};
  plan = plan_with(HEAD WINDOWS "<devices/></domain>", &options, &facts);
  assert_true(has(plan, "invtsc") && has(plan, "migratable='off'") && has(plan, "bus='0x0a' slot='0x00' function='0x1'"));
  assert_true(notes(plan, SETUP_NOTE_WARNING, "BIOS"));
  setup_plan_destroy(plan);
  options.tune = false;
  plan = plan_with(HEAD WINDOWS "<devices/></domain>", &options, &facts);
  assert_false(has(plan, "hyperv"));
  setup_plan_destroy(plan);
}

static void test_sound(void **state) {
  (void)state;
  static const char text[] = HEAD "<devices><sound model='ich9'/><audio id='3' type='spice'/></devices></domain>";
  struct setup_host facts = {.run_directory = "/run/transom", .runtime_dir = "/run/user/1000", .qemu = 8001000};
  static const struct {
    unsigned libvirt;
    bool is_caller;
    const char *reason;
  } cases[] = {{9000000, true, "9.10"}, {9010000, false, "another user"}, {9010000, true, NULL}};
  for (unsigned i = 0; i < 3; i++) {
    facts.libvirt = cases[i].libvirt;
    facts.qemu_is_caller = cases[i].is_caller;
    struct setup_plan *plan = plan_with(text, &plain, &facts);
    if (cases[i].reason)
      assert_true(notes(plan, SETUP_NOTE_WARNING, cases[i].reason) && has(plan, "type='spice'"));
    else
      assert_true(has(plan, "<audio id='3' type='pipewire' runtimeDir='/run/user/1000'/>"));
    setup_plan_destroy(plan);
  }
}

static void test_existing_regions_are_left(void **state) {
  (void)state;
  static const struct {
    const char *devices, *tail, *region;
  } cases[] = {
      {"<shmem name='looking-glass'><model type='ivshmem-plain'/><size unit='M'>64</size></shmem>", "", "/dev/shm/looking-glass"},
      {"<shmem name='x'><model type='ivshmem-doorbell'/><server path='/a/b.sock'/></shmem>", "", "server:/a/b.sock"},
      {"<shmem name='x'><model type='ivshmem-doorbell'/></shmem>", "", "server:/var/lib/libvirt/shmem-x-sock"},
      {"",
       "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-device'/><q:arg value='ivshmem-plain,memdev=i'/>"
       "<q:arg value='memory-backend-file,id=i,mem-path=/dev/kvmfr0,size=64M'/></q:commandline>",
       "/dev/kvmfr0"},
      {"",
       "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg "
       "value='{\"qom-type\":\"memory-backend-file\",\"mem-path\":"
       "\"/dev/shm/lg\"}'/><q:arg value='{\"driver\":\"ivshmem-plain\"}'/></q:commandline>",
       "/dev/shm/lg"},
  };
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[1024];
    snprintf(text, sizeof text, HEAD "<devices>%s</devices>%s</domain>", cases[i].devices, cases[i].tail);
    struct setup_plan *plan = plan_with(text, &plain, &host);
    assert_true(plan->facts.has_region);
    assert_string_equal(plan->facts.region, cases[i].region);
    assert_false(has(plan, "ua-transom-region"));
    setup_plan_destroy(plan);
  }
}

/* What the user names comes back from the new definition as he wrote it. */
static void test_guest_iso(void **state) {
  (void)state;
  static const char path[] = "/isos/o'brien & <sons>.iso", text[] = HEAD "<devices><disk><target dev='sda'/></disk></devices></domain>";
  struct setup_options options = plain;
  char error[128];
  strcpy(options.guest_iso, path);
  struct setup_plan *plan = plan_with(text, &options, &host);
  struct domain_xml *xml = domain_xml_create(plan->text, plan->length, error, sizeof error);
  assert_non_null(xml);
  uint32_t devices = domain_xml_path(xml, "devices"), disk = domain_xml_child(xml, devices, "disk", domain_xml_path(xml, "devices/disk"));
  assert_string_equal(domain_xml_attribute(xml, domain_xml_child(xml, disk, "source", DOMAIN_XML_NONE), "file"), path);
  assert_string_equal(domain_xml_attribute(xml, domain_xml_child(xml, disk, "target", DOMAIN_XML_NONE), "dev"), "sdb");
  domain_xml_destroy(xml);
  setup_plan_destroy(plan);
}

static void test_names(void **state) {
  (void)state;
  static const struct {
    const char *name, *directory;
  } cases[] = {{"win11", "win11"}, {"my vm", "0-1"}, {"../../etc", "0-1"}, {"Büchse", "0-1"}, {"a.b-c_d+1", "a.b-c_d+1"}};
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[256], error[128];
    struct setup_facts facts;
    snprintf(text, sizeof text, "<domain><name>%s</name><uuid>0-1</uuid><devices/></domain>", cases[i].name);
    assert_true(setup_facts_read(text, strlen(text), &facts, error, sizeof error));
    assert_string_equal(facts.name, cases[i].name);
    assert_string_equal(facts.directory, cases[i].directory);
  }
}

static void test_accelerated_display_is_left(void **state) {
  (void)state;
  struct setup_plan *plan = plan_with(
      HEAD "<devices><graphics type='spice'><gl enable='yes'/></graphics><video><model type='virtio'/></video></devices></domain>", &plain,
      &host);
  assert_false(has(plan, "type='vnc'"));
  assert_true(notes(plan, SETUP_NOTE_WARNING, "3D"));
  setup_plan_destroy(plan);
}

static void test_diff(void **state) {
  (void)state;
  char *diff = text_diff_unified("a\nb\nc\n", "a\nB\nc\n", "x", "y");
  assert_string_equal(diff, "--- x\n+++ y\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
  free(diff);
  diff = text_diff_unified("same\n", "same\n", "x", "y");
  assert_string_equal(diff, "");
  free(diff);
  diff = text_diff_unified("<g passwd='geheim'/>\n", "<g passwd='geheim' a='1'/>\n", "x", "y");
  assert_null(strstr(diff, "geheim"));
  assert_non_null(strstr(diff, "passwd='***' a='1'"));
  free(diff);
}

static void test_take_back(void **state) {
  (void)state;
  unsigned missed;
  char *text = text_diff_take_back("a\nb\nc\n", "a\nb\nNEW\nc\n", "0\na\nb\nNEW\nc\nd\n", &missed);
  assert_string_equal(text, "0\na\nb\nc\nd\n");
  assert_int_equal(missed, 0);
  free(text);
  text = text_diff_take_back("a\nold\nc\n", "a\nnew\nc\n", "x\ny\n", &missed);
  assert_null(text);
  assert_int_equal(missed, 1);
  free(text);
}

/* A source whose writes fail when told to, as a daemon that goes away does. */
struct fake_source {
  struct setup_source base;
  char *text;
  int writes_until_failure; /* -1 = never */
};

static char *fake_read(struct setup_source *source, char *error, size_t capacity) {
  (void)error, (void)capacity;
  return strdup(((struct fake_source *)source)->text);
}

static bool fake_accepts(struct setup_source *source, const char *xml, char *error, size_t capacity) {
  (void)source;
  snprintf(error, capacity, "refused");
  return strstr(xml, "unacceptable") == NULL;
}

static bool fake_write(struct setup_source *base, const char *xml, char *error, size_t capacity) {
  struct fake_source *source = (struct fake_source *)base;
  if (source->writes_until_failure == 0) {
    snprintf(error, capacity, "the daemon is gone");
    return false;
  }
  source->writes_until_failure -= source->writes_until_failure > 0;
  free(source->text);
  source->text = strdup(xml);
  return true;
}

static const struct setup_source_impl fake_impl = {.read = fake_read, .accepts = fake_accepts, .write = fake_write};

static void backup_in(struct setup_backup *backup, const char *directory) {
  snprintf(backup->before, sizeof backup->before, "%s/before", directory);
  snprintf(backup->after, sizeof backup->after, "%s/after", directory);
}

static void test_apply_leaves_things_as_they_were(void **state) {
  (void)state;
  char directory[] = "/tmp/transom-apply-XXXXXX", error[256];
  assert_non_null(mkdtemp(directory));
  struct setup_backup backup;
  backup_in(&backup, directory);
  struct fake_source source = {.base.impl = &fake_impl, .text = strdup("old\n"), .writes_until_failure = 0};
  assert_false(setup_apply(&source.base, &backup, "old\n", "new\n", error, sizeof error));
  assert_string_equal(source.text, "old\n");
  assert_int_equal(access(backup.before, F_OK), -1); /* no backup of nothing */
  source.writes_until_failure = -1;
  assert_false(setup_apply(&source.base, &backup, "old\n", "unacceptable\n", error, sizeof error));
  assert_string_equal(error, "refused");
  assert_string_equal(source.text, "old\n");
  mkdir(backup.after, 0700); /* in the way: what it became cannot be recorded */
  assert_false(setup_apply(&source.base, &backup, "old\n", "new\n", error, sizeof error));
  assert_string_equal(source.text, "old\n");
  rmdir(backup.after);
  assert_true(setup_apply(&source.base, &backup, "old\n", "new\n", error, sizeof error));
  assert_string_equal(source.text, "new\n");
  struct setup_undo undo;
  assert_true(setup_undo_plan(&backup, source.text, &undo, error, sizeof error));
  assert_true(setup_undo_apply(&source.base, &backup, &undo, error, sizeof error));
  assert_string_equal(source.text, "old\n");
  free(undo.text);
  free(source.text);
  assert_int_equal(rmdir(directory), 0); /* and nothing is left */
}

/* Whoever may write where the backups are must not choose what another user's undo defines. */
static void test_backup_of_another_user_is_refused(void **state) {
  (void)state;
  char directory[] = "/tmp/transom-apply-XXXXXX", error[256];
  if (geteuid() != 0)
    skip();
  assert_non_null(mkdtemp(directory));
  struct setup_backup backup;
  struct setup_undo undo;
  backup_in(&backup, directory);
  assert_true(setup_text_write(backup.before, "planted", NULL, error, sizeof error));
  assert_true(setup_text_write(backup.after, "now", NULL, error, sizeof error));
  assert_int_equal(chown(backup.before, 65534, 65534), 0);
  assert_false(setup_undo_plan(&backup, "now", &undo, error, sizeof error));
  assert_non_null(strstr(error, "belongs to user 65534"));
  assert_int_equal(chown(backup.before, 0, 0), 0);
  assert_true(setup_undo_plan(&backup, "now", &undo, error, sizeof error));
  free(undo.text);
  setup_backup_remove(&backup);
  assert_int_equal(symlink("/etc/hostname", backup.before), 0);
  assert_false(setup_undo_plan(&backup, "now", &undo, error, sizeof error));
  setup_backup_remove(&backup);
  rmdir(directory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_index),
      cmocka_unit_test(test_edits),
      cmocka_unit_test(test_region_size),
      cmocka_unit_test(test_windows_is_tuned),
      cmocka_unit_test(test_sound),
      cmocka_unit_test(test_existing_regions_are_left),
      cmocka_unit_test(test_guest_iso),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_accelerated_display_is_left),
      cmocka_unit_test(test_diff),
      cmocka_unit_test(test_take_back),
      cmocka_unit_test(test_apply_leaves_things_as_they_were),
      cmocka_unit_test(test_backup_of_another_user_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
