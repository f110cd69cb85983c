#!/bin/sh
# usage: run_model.sh MODEL.pml      (reads MODEL.runs beside it; works in the current directory)
# Each line of MODEL.runs is one search of the whole state space: `holds` must end without an error, `breaks` must find one. 77 without spin.
set -u
model=$1
runs=${model%.pml}.runs
for tool in spin gcc; do
  command -v $tool >/dev/null || { echo "not installed: $tool"; exit 77; }
done
runs=$(realpath "$runs")
work=$(mktemp -d ./model.XXXXXX) && cp "$(dirname "$model")"/*.pml "$work" && cd "$work" || exit 1
trap 'cd ..; rm -rf "$work"' EXIT

failed=0
while read -r verdict name switches; do
  case $verdict in '' | '#') continue ;; esac
  optimise=-O0
  [ "$verdict" = holds ] && optimise=-O2
  # shellcheck disable=SC2086
  spin $switches -a "$(basename "$model")" >spin.log 2>&1 && gcc $optimise -DSAFETY -w -o pan pan.c || {
    echo "FAILED $name: spin or gcc refuse the model"
    cat spin.log
    failed=1
    continue
  }
  ./pan -m100000 >pan.log 2>&1
  errors=$(sed -n 's/.*errors: \([0-9]*\)$/\1/p' pan.log)
  states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored$/\1/p' pan.log)
  case $verdict,${errors:-none} in
  holds,0) ;;
  breaks,[1-9]*) ;;
  *) failed=1 && echo "FAILED $name: should say '$verdict'" && cat pan.log ;;
  esac
  # A search that was cut short proves nothing.
  if grep -q 'max search depth too small\|out of memory' pan.log; then
    failed=1
    echo "FAILED $name: the search was cut short"
  fi
  echo "$verdict $name: $errors errors, $states states"
done <<EOF
$(cat "$runs")
EOF
exit $failed
