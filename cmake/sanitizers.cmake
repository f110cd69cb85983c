# TRANSOM_SANITIZE: "", "address" (with undefined behaviour) or "thread".
set(TRANSOM_SANITIZE "" CACHE STRING "Sanitizer: empty, address (and undefined) or thread")
if(TRANSOM_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TRANSOM_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(TRANSOM_SANITIZE)
  message(FATAL_ERROR "TRANSOM_SANITIZE is '${TRANSOM_SANITIZE}': use address or thread")
endif()
if(TRANSOM_FUZZ) # everything is instrumented, so that libFuzzer finds its way through our libraries as well
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
