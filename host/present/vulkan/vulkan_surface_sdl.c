#include "host/present/vulkan/vulkan_surface_sdl.h"

#include <SDL.h>
#include <SDL_vulkan.h>

bool vulkan_surface_extensions(void *window, const char *names[VULKAN_SURFACE_EXTENSIONS_MAX], uint32_t *count) {
  unsigned found = VULKAN_SURFACE_EXTENSIONS_MAX;
  if (!SDL_Vulkan_GetInstanceExtensions(window, &found, names))
    return false;
  *count = found;
  return true;
}

bool vulkan_surface_create(void *window, VkInstance instance, VkSurfaceKHR *surface) {
  return SDL_Vulkan_CreateSurface(window, instance, surface);
}

const char *vulkan_surface_error(void) { return SDL_GetError(); }
