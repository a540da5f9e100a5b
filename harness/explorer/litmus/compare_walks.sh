#!/usr/bin/env bash
# How fast random walks are beside Relacy's: the same programs (pidmap_model.hpp), on one core, by
# CPU time, in turns; medians of the pairs.
#
# usage: compare_walks.sh FOLDER [PAIRS]
#   FOLDER  a checkout of Relacy (github.com/dvyukov/relacy), which is not part of this project
#   PAIRS   how often each is run; 5 if it is not given
#
# It takes explorer_bench as `./run_stress.sh bench --benchmark_filter=none` builds it.
set -euo pipefail
root=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../../..
readonly root walks=200000
readonly bench=$root/build/release/harness/explorer/explorer_bench

[[ $# -ge 1 && -r $1/relacy/relacy.hpp ]] || {
    echo "compare_walks.sh: give a checkout of Relacy: compare_walks.sh FOLDER [PAIRS]" >&2
    exit 1
}
[[ ${2:-5} =~ ^[1-9][0-9]*$ ]] || {
    echo "compare_walks.sh: PAIRS is a number above 0, not '$2'" >&2
    exit 1
}
[[ -x $bench ]] || {
    echo "compare_walks.sh: there is no $bench; ./run_stress.sh bench builds it" >&2
    exit 3
}
readonly other=$1 pairs=${2:-5}
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

printf '%-10s %14s %14s %7s\n' case 'Relacy, per s' 'ours, per s' ratio
for case in 3121 3131 1222; do
    theirs=$folder/$case
    "${CXX_OF_RELACY:-g++}" -O2 -w -std=c++20 -DHOW="${case:0:1}" -DSCENE="${case:1:1}" \
        -DTHREADS="${case:2:1}" -DTURNS="${case:3:1}" -I"$other" -I"$root" \
        "$root/harness/explorer/litmus/walks_elsewhere.cpp" -o "$theirs"
    for ((n = 0; n < pairs; ++n)); do
        TIMEFORMAT=%U
        seconds=$({ time "$theirs" "$walks" >"$folder/out" 2>&1; } 2>&1)
        awk -v w="$walks" -v s="$seconds" 'BEGIN { print w / s }' >>"$theirs.theirs"
        "$bench" --benchmark_filter="^walks/$case/" --benchmark_format=csv 2>/dev/null |
            awk -F, '/^"walks/ { print $NF }' >>"$theirs.ours"
    done
    paste "$theirs.theirs" "$theirs.ours" | awk '{ print $2 / $1 }' >"$theirs.ratio"
    printf '%-10s %14.0f %14.0f %7.2f\n' "$case" "$(median <"$theirs.theirs")" \
        "$(median <"$theirs.ours")" "$(median <"$theirs.ratio")"
done
