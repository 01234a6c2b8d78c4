#!/usr/bin/env bash
# Feeds damaged input to every parser and verifier at the door, each for so many seconds.
#
#   tools/fuzz.sh 60            every target of fuzz/
#   tools/fuzz.sh 600 verify    one of them
#
# Does what `cargo fuzz` does without its sanitizer, and so needs no nightly compiler: coverage-guided, from the
# committed corpus. What is found new stays in fuzz/target; an input that does harm is kept there and ends the run.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

seconds=${1:?seconds for each target}
targets=${2:-outline verify read diagnose calendar}
folder=${CARGO_TARGET_DIR:-target}/fuzz
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
 -Cllvm-args=-sanitizer-coverage-pc-table -Cdebug-assertions -Ccodegen-units=1 --cfg fuzzing"

RUSTFLAGS=$coverage CARGO_TARGET_DIR=$folder cargo build --quiet --release --locked --bins \
  --target "$(rustc --version --verbose | sed -n 's/^host: //p')"
for target in $targets; do
  mkdir -p "$folder/found/$target"
  "$folder"/*/release/"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$folder/$target-" "$folder/found/$target" "corpus/$target" >"$folder/$target.log" 2>&1 || {
    tail -40 "$folder/$target.log" >&2
    echo "fuzz: $target came to harm" >&2
    exit 1
  }
  echo "fuzz: $target held for $seconds s, $(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$target.log") inputs"
done
