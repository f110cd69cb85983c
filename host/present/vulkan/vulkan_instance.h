/* A Vulkan instance and, where there is a window, its surface. Both outlive a lost device. Creation on the window's thread. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_INSTANCE_H
#define TRANSOM_HOST_PRESENT_VULKAN_INSTANCE_H

#include "host/present/vulkan/vulkan_surface_sdl.h"

#include <stdbool.h>
#include <stddef.h>

struct vulkan_instance {
  VkInstance handle;
  struct vulkan_surface surface; /* none without a window */
  VkDebugUtilsMessengerEXT messenger;
};

/* See presenter_vulkan.h. */
void vulkan_instance_load_drivers(void);

/* `window` is an SDL_Window made for Vulkan, or NULL. With TRANSOM_VULKAN_VALIDATION=1 in the environment the Khronos validation layer
 * watches, and each of its messages is logged as an error. False: `error` says why in one line; nothing is left to finish. */
bool vulkan_instance_init(struct vulkan_instance *instance, void *window, char *error, size_t capacity);
void vulkan_instance_finish(struct vulkan_instance *instance); /* all zero is fine */

/* "VK_ERROR_DEVICE_LOST", for messages. */
const char *vulkan_result_name(VkResult result);

#endif
