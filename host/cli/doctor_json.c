#include "host/cli/doctor_json.h"

#include <cjson/cJSON.h>
#include <string.h>

static void add_check(cJSON *checks, const struct doctor_entry *entry) {
  cJSON *check = cJSON_CreateObject();
  cJSON_AddStringToObject(check, "name", entry->check->name);
  cJSON_AddStringToObject(check, "verdict", check_verdict_name(entry->result.verdict));
  cJSON_AddStringToObject(check, "evidence", entry->result.evidence);
  if (entry->result.fix[0])
    cJSON_AddStringToObject(check, "fix", entry->result.fix);
  else
    cJSON_AddNullToObject(check, "fix");
  cJSON_AddItemToArray(checks, check);
}

char *doctor_json(const struct doctor_report *report, const char *domain) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddNumberToObject(root, "schema", 1);
  if (domain)
    cJSON_AddStringToObject(root, "domain", domain);
  else
    cJSON_AddNullToObject(root, "domain");
  cJSON_AddBoolToObject(root, "ok", report->ok);
  cJSON *checks = cJSON_AddArrayToObject(root, "checks");
  for (unsigned i = 0; i < report->count; i++)
    add_check(checks, &report->entries[i]);
  char *text = cJSON_PrintUnformatted(root);
  cJSON_Delete(root);
  return text;
}
