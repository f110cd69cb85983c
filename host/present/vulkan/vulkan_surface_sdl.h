/* What Vulkan has to ask of SDL and of the X server. The window's thread.
 *
 * On X11 the surface gets a connection to the X server of its own. On the window's connection, the driver would read events on the
 * presenting thread while SDL sleeps on the socket: a key press would lie there until something else came. */
#ifndef TRANSOM_HOST_PRESENT_VULKAN_SURFACE_SDL_H
#define TRANSOM_HOST_PRESENT_VULKAN_SURFACE_SDL_H

#include <stdbool.h>
#include <stdint.h>
#include <vulkan/vulkan.h>

#define VULKAN_SURFACE_EXTENSIONS_MAX 8u

struct vulkan_surface {
  VkSurfaceKHR handle; /* VK_NULL_HANDLE: none */
  void *connection;    /* ours, on X11 */
};

/* Names of the instance extensions that `window` needs; they live as long as SDL does. */
bool vulkan_surface_extensions(void *window, const char *names[VULKAN_SURFACE_EXTENSIONS_MAX], uint32_t *count);
bool vulkan_surface_init(struct vulkan_surface *surface, void *window, VkInstance instance);
void vulkan_surface_finish(struct vulkan_surface *surface, VkInstance instance); /* all zero is fine */
const char *vulkan_surface_error(void);                                          /* why the last call failed */

#endif
