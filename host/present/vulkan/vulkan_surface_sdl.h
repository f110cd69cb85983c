/* The two questions that Vulkan has for SDL. The window's thread. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_SURFACE_SDL_H
#define TRANSOM_HOST_PRESENT_VULKAN_SURFACE_SDL_H

#include <stdbool.h>
#include <stdint.h>
#include <vulkan/vulkan.h>

#define VULKAN_SURFACE_EXTENSIONS_MAX 8u

/* Names of the instance extensions that `window` needs; they live as long as SDL does. */
bool vulkan_surface_extensions(void *window, const char *names[VULKAN_SURFACE_EXTENSIONS_MAX], uint32_t *count);
bool vulkan_surface_create(void *window, VkInstance instance, VkSurfaceKHR *surface);
const char *vulkan_surface_error(void); /* why the last call failed */

#endif
