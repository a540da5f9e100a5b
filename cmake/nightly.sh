# shellcheck shell=bash
# A night: everything that the project can do, within one time, with one report. Sourced by
# run_stress.sh, whose own profiles do the work.
#
# DIR/nights/BEGIN/   a night: the folders of its soaks, the results of its other parts
#                     plan      how many seconds each part gets; complete  once it is done
# DIR/report.html, junit.xml, report.json, report.md   of the last night, compared with those before
# DIR/ledger.json     the findings of all nights

# Hundredths of the time. The native soak comes last and gets what is left.
readonly nightly_parts=(explorer mutants asan tsan jitter native)
declare -rA nightly_share=([explorer]=6 [mutants]=10 [asan]=20 [tsan]=22 [jitter]=14 [native]=28)

# The night to go on with: the last one, if it is not complete; else a new one.
choose_night() {  # choose_night DIR
    local last
    last=$(find "$1/nights" -mindepth 1 -maxdepth 1 -type d | sort | tail -n 1)
    if [[ -n $last && ! -e $last/complete ]]; then
        printf '%s\n' "$last"
    else
        printf '%s\n' "$1/nights/$(date -u +%Y%m%dT%H%M%SZ)"
    fi
}

build_for_the_night() {
    build release "$program"
    if is_clang "$compiler"; then
        # In processes of their own: what is set for one sanitizer must not reach the other.
        (prepare_tsan && build_sanitized tsan) || exit
        (prepare_asan && build_sanitized asan-ubsan) || exit
    else
        say "no soaks under sanitizers: they need Clang, and CXX is $compiler"
    fi
}

# nightly_part NAME SECONDS NIGHT ARGUMENT...: its output goes to NIGHT/NAME.log, its exit code to
# $watched.
nightly_part() {
    local name=$1 seconds=$2 night=$3 file part
    local -a shard=()
    shift 3
    part=$(value_of --shard "$@")
    [[ -z $part ]] || shard=(--shard "$part")
    say "$name, $seconds s; its output is in $night/$name.log"
    file=$(program_of release)
    case $name in
        explorer)
            watch_over "$file" explore --clients random --for "${seconds}s" \
                --jobs "$(nproc)" --seed "$(date -u +%j%H%M)" --json "$night/explorer.json" \
                "${shard[@]}" >"$night/$name.log" 2>&1
            ;;
        mutants)
            watch_over timeout --signal=TERM "$seconds" "$file" mutants --short \
                --seed "$(date -u +%j%H%M)" --json "$night/mutants.json" "${shard[@]}" \
                >"$night/$name.log" 2>&1
            # What time was left for is enough: the soaks have canaries of their own.
            ((watched != exit_cut_short && watched != 124)) || [[ $asked_to_end == yes ]] || watched=0
            ;;
        *)
            watch_over "$root/run_stress.sh" soak --dir "$night/$name" --world "$name" \
                --duration "${seconds}s" "$@" >"$night/$name.log" 2>&1
            ;;
    esac
}

# The last thing that a part said of itself, for the report.
nightly_sentence() {  # nightly_sentence LOG
    local sentence
    sentence=$(grep -aE '^([0-9]+ of [0-9]+|cut short)' "$1" | tail -n 1 | cut -c1-300)
    printf '%s' "${sentence:-see $(basename -- "$1")}"
}

profile_nightly() {
    local duration folder night total started name seconds code=0 fresh=yes
    local -a parts=() ledger=()
    program=pidmap-stress-mutants
    duration=$(value_of --duration "$@")
    folder=$(value_of --dir "$@")
    : "${duration:=1h}"
    seconds_of "$duration"
    total=$seconds
    ((total >= 120)) || die "$exit_usage" "--duration $duration is too short for a night: 2m or more"
    [[ -n $folder ]] || die "$exit_usage" "nightly needs --dir D, the folder of all nights"
    without --duration --dir -- "$@"
    own_folder "$folder" 'another night'
    mkdir -p -- "$folder/nights"
    build_for_the_night
    export PIDMAP_STRESS_IS_BUILT=1

    started=$SECONDS
    night=$(choose_night "$folder")
    [[ ! -e $night/plan ]] || fresh=no
    if [[ $fresh == yes ]]; then
        mkdir -p -- "$night"
        for name in "${nightly_parts[@]}"; do
            printf '%s %d\n' "$name" $((total * nightly_share[$name] / 100))
        done >"$night/plan"
        say "a night of $duration in $night"
    else
        say "goes on with the night in $night"
    fi
    while read -r -u 9 name seconds; do
        [[ $name != [at]san ]] || is_clang "$compiler" || continue
        [[ ! -e $night/$name.done ]] || continue
        # Starting the others took some of its time, or they left some; the report takes little.
        [[ $name != native || $fresh == no ]] || seconds=$((total - (SECONDS - started) - 3))
        nightly_part "$name" "$seconds" "$night" "${rest[@]}"
        [[ $asked_to_end != yes ]] || break
        # A soak that cannot run has said why; the others can.
        ((watched != exit_usage && watched != exit_missing && watched != exit_unsupported)) ||
            tail -n 3 -- "$night/$name.log" >&2
        printf '%d\n' "$watched" >"$night/$name.done"
    done 9<"$night/plan"

    for name in explorer mutants; do
        [[ -e $night/$name.done ]] || continue
        parts+=(--part "$name=$(<"$night/$name.done")=$(nightly_sentence "$night/$name.log")")
    done
    ledger=(--baseline "$folder/ledger.json")
    if [[ $asked_to_end != yes ]]; then
        ledger=(--ledger "$folder/ledger.json")
        touch -- "$night/complete"
    fi
    [[ -z ${GITHUB_ACTIONS:-} ]] || ledger+=(--annotations)
    "$(program_of release)" report "$night" "${parts[@]}" "${ledger[@]}" \
        --html "$folder/report.html" --junit "$folder/junit.xml" --json "$folder/report.json" \
        --markdown "$folder/report.md" || code=$?
    say "the report is $folder/report.html; all of it took $((SECONDS - started)) s"
    [[ $asked_to_end != yes || $code != 0 ]] || code=$exit_cut_short
    exit "$code"
}
