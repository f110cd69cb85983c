#define VK_USE_PLATFORM_XCB_KHR
#include "host/present/vulkan/vulkan_surface_sdl.h"

#include <SDL.h>
#include <SDL_syswm.h>
#include <SDL_vulkan.h>
#include <string.h>
#include <xcb/xcb.h>

static bool is_x11(void *window, SDL_SysWMinfo *info) {
  SDL_VERSION(&info->version);
  return SDL_GetWindowWMInfo(window, info) && info->subsystem == SDL_SYSWM_X11;
}

bool vulkan_surface_extensions(void *window, const char *names[VULKAN_SURFACE_EXTENSIONS_MAX], uint32_t *count) {
  unsigned found = VULKAN_SURFACE_EXTENSIONS_MAX;
  SDL_SysWMinfo info;
  if (!SDL_Vulkan_GetInstanceExtensions(window, &found, names)) /* also says whether the window was made for Vulkan */
    return false;
  *count = found;
  if (!is_x11(window, &info))
    return true;
  names[0] = VK_KHR_SURFACE_EXTENSION_NAME;
  names[1] = VK_KHR_XCB_SURFACE_EXTENSION_NAME;
  *count = 2;
  return true;
}

static bool create_on_x11(struct vulkan_surface *surface, VkInstance instance, xcb_window_t window) {
  PFN_vkCreateXcbSurfaceKHR create = (PFN_vkCreateXcbSurfaceKHR)vkGetInstanceProcAddr(instance, "vkCreateXcbSurfaceKHR");
  xcb_connection_t *connection = xcb_connect(NULL, NULL);
  surface->connection = connection;
  if (!create || xcb_connection_has_error(connection)) {
    SDL_SetError("the X server takes no second connection");
    return false;
  }
  const VkXcbSurfaceCreateInfoKHR info = {
      .sType = VK_STRUCTURE_TYPE_XCB_SURFACE_CREATE_INFO_KHR, .connection = connection, .window = window};
  if (create(instance, &info, NULL, &surface->handle) == VK_SUCCESS)
    return true;
  SDL_SetError("vkCreateXcbSurfaceKHR failed");
  return false;
}

bool vulkan_surface_init(struct vulkan_surface *surface, void *window, VkInstance instance) {
  SDL_SysWMinfo info;
  *surface = (struct vulkan_surface){0};
  bool good = is_x11(window, &info) ? create_on_x11(surface, instance, (xcb_window_t)info.info.x11.window)
                                    : SDL_Vulkan_CreateSurface(window, instance, &surface->handle);
  if (!good)
    vulkan_surface_finish(surface, instance);
  return good;
}

void vulkan_surface_finish(struct vulkan_surface *surface, VkInstance instance) {
  if (surface->handle)
    vkDestroySurfaceKHR(instance, surface->handle, NULL);
  if (surface->connection)
    xcb_disconnect(surface->connection);
  *surface = (struct vulkan_surface){0};
}

const char *vulkan_surface_error(void) { return SDL_GetError(); }
