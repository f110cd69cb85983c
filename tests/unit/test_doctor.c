/* Checks on machines and domains that the test makes up: each verdict can be reached, and each failure says what to do. */
#include "host/cli/doctor_json.h"
#include "host/doctor/doctor.h"
#include "protocol/layout.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static char root[64];
static struct doctor_report report;

static void put(const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", root, name);
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    mkdir(path, 0755);
    *slash = '/';
  }
  FILE *out = fopen(path, "w");
  assert_non_null(out);
  fputs(text, out);
  fclose(out);
}

static int make_root(void **state) {
  (void)state;
  strcpy(root, "/tmp/transom-doctor-XXXXXX");
  return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -r %s", root);
  return system(command);
}

static const struct check_result *result_of(const char *name) {
  for (unsigned i = 0; i < report.count; i++)
    if (strcmp(report.entries[i].check->name, name) == 0)
      return &report.entries[i].result;
  return NULL;
}

static void expect(const char *name, enum check_verdict verdict, const char *word) {
  const struct check_result *result = result_of(name);
  if (!result || result->verdict != verdict || (!strstr(result->evidence, word) && !strstr(result->fix, word)))
    fail_msg("%s: %s: %s -> %s", name, result ? check_verdict_name(result->verdict) : "none", result ? result->evidence : "",
             result ? result->fix : "");
  if (verdict == CHECK_FAILED)
    assert_true(result->fix[0]);
}

static struct check_context bare(void) {
  return (struct check_context){.root = root, .uri = "", .reason = "no such domain", .qemu_user = ""};
}

/* A domain that was set up and runs. */
static struct check_context healthy(void) {
  struct check_context context = bare();
  context.domain = context.facts.name;
  context = (struct check_context){.root = root,
                                   .domain = "win11",
                                   .uri = "qemu:///system",
                                   .reason = "",
                                   .qemu_user = "",
                                   .state = DOMAIN_STATE_RUNNING,
                                   .has_facts = true,
                                   .facts = {.name = "win11",
                                             .uuid = "1-2",
                                             .directory = "win11",
                                             .has_region = true,
                                             .region_is_ours = true,
                                             .region = "server:/nowhere/region.sock",
                                             .has_usb_input = true,
                                             .has_usb_audio = true,
                                             .has_vnc = true,
                                             .has_video = true},
                                   .region = {.state = REGION_PROBE_ALIVE, .bytes = 128 << 20, .agent = "transom-agent 9", .heads = 1}};
  return context;
}

static void test_machine(void **state) {
  (void)state;
  struct check_context context = bare();
  put("proc/cpuinfo", "flags\t\t: fpu vme\n");
  doctor_run(&context, &report);
  expect("kvm", CHECK_FAILED, "firmware");
  expect("iommu", CHECK_WARNING, "intel_iommu=on");
  assert_null(result_of("domain"));
  put("proc/cpuinfo", "flags\t\t: fpu vme svm\n");
  doctor_run(&context, &report);
  expect("kvm", CHECK_FAILED, "kvm_amd");
  put("dev/kvm", "");
  put("sys/kernel/iommu_groups/0/x", "");
  put("sys/kernel/iommu_groups/1/x", "");
  put("sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list", "0-7,16-23\n");
  put("sys/devices/system/cpu/cpu8/cache/index3/shared_cpu_list", "8-15,24-31\n");
  put("sys/devices/system/cpu/cpu9/cache/index3/shared_cpu_list", "8-15,24-31\n");
  doctor_run(&context, &report);
  expect("kvm", CHECK_FINE, "AMD-V");
  expect("iommu", CHECK_FINE, "2 groups");
  expect("cache", CHECK_FINE, "0-7,16-23; 8-15,24-31 (");
  assert_true(report.ok);
}

static void test_domain_that_is_not_there(void **state) {
  (void)state;
  struct check_context context = bare();
  context.domain = "win11";
  doctor_run(&context, &report);
  expect("domain", CHECK_FAILED, "no such domain");
  assert_false(report.ok);
}

static void test_region_and_server(void **state) {
  (void)state;
  struct check_context context = healthy();
  doctor_run(&context, &report);
  expect("region", CHECK_FINE, "/nowhere/region.sock");
  expect("server", CHECK_FINE, "128 MiB");
  expect("agent", CHECK_FINE, "transom-agent 9");
  expect("output", CHECK_FINE, "1 screen");
  context.region = (struct region_probe){.state = REGION_PROBE_UNREACHABLE, .error = -ENOENT};
  context.state = DOMAIN_STATE_OFF;
  doctor_run(&context, &report);
  expect("server", CHECK_FAILED, "does not start without it");
  context.region.error = -EACCES;
  doctor_run(&context, &report);
  expect("server", CHECK_FAILED, "usermod -aG transom");
  context.facts.has_region = false;
  context.facts.region[0] = 0;
  doctor_run(&context, &report);
  expect("region", CHECK_FAILED, "transom setup");
}

static void test_agent_and_output(void **state) {
  (void)state;
  struct check_context context = healthy();
  static const struct {
    enum region_probe_state state;
    const char *word;
  } cases[] = {{REGION_PROBE_EMPTY, "no agent"},
               {REGION_PROBE_SILENT, "does not answer"},
               {REGION_PROBE_FOREIGN, "Looking Glass"},
               {REGION_PROBE_INCOMPATIBLE, "another major"}};
  for (unsigned i = 0; i < 4; i++) {
    context.region.state = cases[i].state;
    doctor_run(&context, &report);
    expect("agent", CHECK_FAILED, cases[i].word);
  }
  context.region = (struct region_probe){
      .state = REGION_PROBE_ALIVE, .has_report = true, .agent_state = TRANSOM_AGENT_NO_DISPLAY, .report = "no output is on"};
  doctor_run(&context, &report);
  expect("output", CHECK_FAILED, "dummy plug");
}

static void test_what_setup_would_add(void **state) {
  (void)state;
  struct check_context context = healthy();
  context.facts.has_vnc = context.facts.has_usb_input = false;
  doctor_run(&context, &report);
  expect("display", CHECK_WARNING, "transom setup");
  expect("usb_channels", CHECK_WARNING, "transom setup");
  expect("input_rights", CHECK_WARNING, "window");
  context.host.no_usb_redir = true;
  doctor_run(&context, &report);
  expect("usb_channels", CHECK_WARNING, "qemu-hw-usb-redirect");
}

static void test_denials(void **state) {
  (void)state;
  struct check_context context = healthy();
  doctor_run(&context, &report);
  expect("denials", CHECK_UNKNOWN, "journalctl");
  put("var/log/kern.log", "apparmor=\"DENIED\" operation=\"connect\" name=\"/run/other\"\n");
  doctor_run(&context, &report);
  expect("denials", CHECK_FINE, "neither");
  put("var/log/kern.log",
      "audit: apparmor=\"DENIED\" operation=\"connect\" profile=\"libvirt-1-2\" name=\"/run/transom/win11/region.sock\"\n");
  doctor_run(&context, &report);
  expect("denials", CHECK_FAILED, "apparmor.d");
  put("var/log/kern.log", "x\n");
  put("var/log/audit/audit.log", "type=AVC msg=audit(1): avc:  denied  { connectto } for path=\"/run/transom/win11/region.sock\"\n");
  doctor_run(&context, &report);
  expect("denials", CHECK_FAILED, "semanage");
}

static void test_json(void **state) {
  (void)state;
  struct check_context context = healthy();
  doctor_run(&context, &report);
  char *text = doctor_json(&report, "win11");
  cJSON *root_object = cJSON_Parse(text);
  assert_int_equal(cJSON_GetObjectItem(root_object, "schema")->valueint, 1);
  assert_string_equal(cJSON_GetObjectItem(root_object, "domain")->valuestring, "win11");
  const cJSON *checks = cJSON_GetObjectItem(root_object, "checks");
  assert_int_equal(cJSON_GetArraySize(checks), report.count);
  assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(checks, 0), "name")->valuestring, "kvm");
  cJSON_Delete(root_object);
  free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_machine),
      TEST(test_domain_that_is_not_there),
      TEST(test_region_and_server),
      TEST(test_agent_and_output),
      TEST(test_what_setup_would_add),
      TEST(test_denials),
      TEST(test_json),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
