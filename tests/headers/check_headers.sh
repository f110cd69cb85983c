#!/bin/sh
# usage: check_headers.sh SOURCE_DIR [FLAG...]     (FLAGs: include paths of third-party libraries)
# Every header compiles alone, and twice: protocol/ as C11 and C++17 by each compiler that a consumer or driver may use, the rest as C11.
# Every source of protocol/ compiles without a warning by each compiler. Prints what failed. 77 when a compiler is not installed (and what
# the others say is fine).
set -u
cd "$1" || exit 1
shift
strict="-fsyntax-only -Wall -Wextra -pedantic -Werror -I. -Itests"
failed=0 tried=0 missing=

try() { # WHAT COMPILER... (source on standard input)
  what=$1
  shift
  tried=$((tried + 1))
  if ! report=$("$@" - 2>&1); then
    failed=$((failed + 1))
    printf 'FAILED %s: %s\n%s\n' "$what" "$*" "$report"
  fi
}

alone() { # HEADER COMPILER...
  header=$1
  shift
  try "$header" "$@" <<EOF
#include "$header"
#include "$header"
extern int header_compiles_alone;
EOF
}

have() { command -v "$1" >/dev/null || { case " $missing " in *" $1 "*) ;; *) missing="$missing $1" ;; esac; false; }; }

for compiler in gcc clang x86_64-w64-mingw32-gcc; do
  have $compiler || continue
  case $compiler in
  gcc) cpp=g++ ;;
  clang) cpp=clang++ ;;
  *) cpp="clang++ --target=x86_64-w64-windows-gnu" ;; # on MinGW's C library; its own g++ is one more package
  esac
  for header in protocol/*.h; do
    alone "$header" $compiler $strict -Wconversion -std=c11 -x c
    have ${cpp%% *} && alone "$header" $cpp $strict -Wconversion -std=c++17 -x c++
  done
  for source in protocol/*.c; do
    try "$source" $compiler $strict -Wconversion -std=c11 -x c <"$source"
  done
done

# simulated_memory.h is a part of atomics.h, which includes it. Windows' own headers are for MinGW.
for header in $(find common guest host tests -name '*.h' ! -name simulated_memory.h | sort); do
  case $header in
  guest/windows/* | *_windows.h) have x86_64-w64-mingw32-gcc && alone "$header" x86_64-w64-mingw32-gcc $strict -std=c11 -x c ;;
  *) alone "$header" gcc $strict -std=c11 -D_GNU_SOURCE "$@" -x c ;;
  esac
done

echo "$tried compilations, $failed failed${missing:+, not installed:$missing}"
[ $failed -eq 0 ] || exit 1
[ -z "$missing" ] || exit 77
