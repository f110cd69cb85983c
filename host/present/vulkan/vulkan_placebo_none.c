#include "host/present/vulkan/vulkan_placebo.h"

#include <stdio.h>

struct vulkan_placebo *vulkan_placebo_create(const struct vulkan_device *device, char *error, size_t capacity) {
  (void)device;
  snprintf(error, capacity, "transom was built without it");
  return NULL;
}

void vulkan_placebo_destroy(struct vulkan_placebo *placebo) { (void)placebo; }

void vulkan_placebo_forget(struct vulkan_placebo *placebo, const struct vulkan_image *image) { (void)placebo, (void)image; }

bool vulkan_placebo_render(struct vulkan_placebo *placebo, const struct vulkan_placebo_job *job) {
  (void)placebo, (void)job;
  return false;
}
