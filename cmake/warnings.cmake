# Strict everywhere; an error only where TRANSOM_WERROR says so (CI and ./check), so that a newer compiler never breaks a user's build.
option(TRANSOM_WERROR "Treat warnings as errors" OFF)
add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Wpointer-arith -Wwrite-strings)
if(TRANSOM_WERROR)
  add_compile_options(-Werror)
endif()
