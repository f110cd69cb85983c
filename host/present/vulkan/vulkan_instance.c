#define LOG_MODULE "vulkan"
#include "host/present/vulkan/vulkan_instance.h"

#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXTENSIONS_MAX (VULKAN_SURFACE_EXTENSIONS_MAX + 2)

const char *vulkan_result_name(VkResult result) {
  switch (result) {
  case VK_SUCCESS:
    return "VK_SUCCESS";
  case VK_TIMEOUT:
    return "VK_TIMEOUT";
  case VK_ERROR_OUT_OF_HOST_MEMORY:
    return "VK_ERROR_OUT_OF_HOST_MEMORY";
  case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    return "VK_ERROR_OUT_OF_DEVICE_MEMORY";
  case VK_ERROR_INITIALIZATION_FAILED:
    return "VK_ERROR_INITIALIZATION_FAILED";
  case VK_ERROR_DEVICE_LOST:
    return "VK_ERROR_DEVICE_LOST";
  case VK_ERROR_LAYER_NOT_PRESENT:
    return "VK_ERROR_LAYER_NOT_PRESENT";
  case VK_ERROR_EXTENSION_NOT_PRESENT:
    return "VK_ERROR_EXTENSION_NOT_PRESENT";
  case VK_ERROR_FEATURE_NOT_PRESENT:
    return "VK_ERROR_FEATURE_NOT_PRESENT";
  case VK_ERROR_INCOMPATIBLE_DRIVER:
    return "VK_ERROR_INCOMPATIBLE_DRIVER";
  case VK_ERROR_SURFACE_LOST_KHR:
    return "VK_ERROR_SURFACE_LOST_KHR";
  case VK_ERROR_OUT_OF_DATE_KHR:
    return "VK_ERROR_OUT_OF_DATE_KHR";
  case VK_ERROR_INVALID_EXTERNAL_HANDLE:
    return "VK_ERROR_INVALID_EXTERNAL_HANDLE";
  case VK_ERROR_FORMAT_NOT_SUPPORTED:
    return "VK_ERROR_FORMAT_NOT_SUPPORTED";
  default:
    return "another VkResult";
  }
}

static VkBool32 VKAPI_PTR on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT types,
                                     const VkDebugUtilsMessengerCallbackDataEXT *data, void *user_data) {
  (void)severity, (void)types, (void)user_data;
  log_error("validation: %s", data->pMessage);
  return VK_FALSE;
}

static const VkDebugUtilsMessengerCreateInfoEXT messenger_info = {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
                                                                  .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                                                                                     VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
                                                                  .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
                                                                  .pfnUserCallback = on_message};

static bool wants_validation(void) {
  const char *wish = getenv("TRANSOM_VULKAN_VALIDATION");
  return wish && strcmp(wish, "1") == 0;
}

static void start_messenger(struct vulkan_instance *instance) {
  PFN_vkCreateDebugUtilsMessengerEXT create =
      (PFN_vkCreateDebugUtilsMessengerEXT)vkGetInstanceProcAddr(instance->handle, "vkCreateDebugUtilsMessengerEXT");
  if (create && create(instance->handle, &messenger_info, NULL, &instance->messenger) == VK_SUCCESS)
    log_info("the validation layer watches");
}

static VkResult try_create(struct vulkan_instance *instance, const char **extensions, uint32_t extension_count, bool validates) {
  static const char *const layer = "VK_LAYER_KHRONOS_validation";
  static const VkValidationFeatureEnableEXT more = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
  const VkValidationFeaturesEXT features = {.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
                                            .pNext = &messenger_info,
                                            .enabledValidationFeatureCount = 1,
                                            .pEnabledValidationFeatures = &more};
  const VkApplicationInfo application = {
      .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .pApplicationName = "transom", .apiVersion = VK_API_VERSION_1_2};
  if (validates)
    extensions[extension_count++] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
  const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                     .pNext = validates ? &features : NULL,
                                     .pApplicationInfo = &application,
                                     .enabledLayerCount = validates ? 1 : 0,
                                     .ppEnabledLayerNames = &layer,
                                     .enabledExtensionCount = extension_count,
                                     .ppEnabledExtensionNames = extensions};
  VkResult result = vkCreateInstance(&info, NULL, &instance->handle);
  if (result == VK_SUCCESS && validates)
    start_messenger(instance);
  return result;
}

static VkResult create_handle(struct vulkan_instance *instance, const char **extensions, uint32_t extension_count) {
  VkResult result = try_create(instance, extensions, extension_count, wants_validation());
  if (result != VK_ERROR_LAYER_NOT_PRESENT)
    return result;
  log_warning("TRANSOM_VULKAN_VALIDATION: the Khronos validation layer is not installed");
  return try_create(instance, extensions, extension_count, false);
}

void vulkan_instance_load_drivers(void) {
  uint32_t count = 0;
  vkEnumerateInstanceExtensionProperties(NULL, &count, NULL); /* the drivers are asked as well */
}

bool vulkan_instance_init(struct vulkan_instance *instance, void *window, char *error, size_t capacity) {
  const char *extensions[EXTENSIONS_MAX];
  uint32_t count = 0;
  *instance = (struct vulkan_instance){0};
  if (window && !vulkan_surface_extensions(window, extensions, &count)) {
    snprintf(error, capacity, "no Vulkan for this window: %s", vulkan_surface_error());
    return false;
  }
  VkResult result = create_handle(instance, extensions, count);
  if (result != VK_SUCCESS) {
    snprintf(error, capacity, "no Vulkan: vkCreateInstance says %s; is a Vulkan driver installed?", vulkan_result_name(result));
    return false;
  }
  if (window && !vulkan_surface_init(&instance->surface, window, instance->handle)) {
    snprintf(error, capacity, "no Vulkan for this window: %s", vulkan_surface_error());
    vulkan_instance_finish(instance);
    return false;
  }
  return true;
}

void vulkan_instance_finish(struct vulkan_instance *instance) {
  if (!instance->handle)
    return;
  vulkan_surface_finish(&instance->surface, instance->handle);
  if (instance->messenger) {
    PFN_vkDestroyDebugUtilsMessengerEXT destroy =
        (PFN_vkDestroyDebugUtilsMessengerEXT)vkGetInstanceProcAddr(instance->handle, "vkDestroyDebugUtilsMessengerEXT");
    destroy(instance->handle, instance->messenger, NULL);
  }
  vkDestroyInstance(instance->handle, NULL);
  *instance = (struct vulkan_instance){0};
}
