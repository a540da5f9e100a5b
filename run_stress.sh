#!/usr/bin/env bash
# Builds pidmap-stress and runs it: one profile, one command. `--help` says what there is.
set -euo pipefail

# Through a symlink, and from any folder. The caller's folder stays the program's, so that a
# relative --json lands where the caller stands.
root=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
readonly root

readonly exit_usage=1 exit_missing=3 exit_unsupported=4 exit_crash=5 exit_cut_short=85

install=yes
[[ ${PIDMAP_STRESS_NO_INSTALL:-0} == [0n]* ]] || install=no
verbose=no
[[ ${PIDMAP_STRESS_VERBOSE:-0} == [0n]* ]] || verbose=yes

help() {
    cat <<'TEXT'
usage: run_stress.sh [--no-install] [PROFILE] [ARGUMENT...]

Profiles; the arguments go to the program:
  run      build the preset release, hammer all variants (default; --duration 30s)
  test     build the preset release, run the tests; the arguments go to ctest
  tsan     the same as run under ThreadSanitizer, after a proof that it sees a planted race
  asan     the same as run under AddressSanitizer and UndefinedBehaviorSanitizer
  soak     run for long in a folder, --dir D, slice by slice; the same command goes on where it was
           left (--duration 1h); --world native, jitter, tsan or asan
  nightly  all of it within --duration 1h, with one report in a folder, --dir D: soaks in all worlds,
           small cases explored, planted bugs searched for; compared with the nights before
  campaign --slurm --shards N --dir D
           a soak in N parts as an array job, followed until its joined report; --duration 1h each
  status D, report D...
           how far a soak is; what the journals of soaks come to, as a page, JUnit, Markdown, JSON
  bench    every benchmark program; the arguments go to each of them
  list     what each command takes: variants, scenarios, ...; --json for programs
  mutants  how surely and how soon each planted bug is found, by hammering, under both sanitizers
           and by exploring; --short leaves out the sanitizers and takes two minutes, not ten
  explore, replay TOKEN
           small cases in every interleaving, and one of them again

Options, before the profile's own arguments:
  --no-install    print the command that would install what is missing, and exit 3
  --install-only [PACKAGE...]
                  install what is missing, these packages too, and build nothing
  --version       what the program of the preset release is built from, after building it
  -h, --help      this text; `run_stress.sh run --help` is the program's

Environment:
  CXX                         the compiler; else the newest Clang on PATH, else one is installed
  PIDMAP_STRESS_NO_INSTALL=1  as --no-install
  PIDMAP_STRESS_VERBOSE=1     show the output of the build, not only its log
  CMAKE_BUILD_PARALLEL_LEVEL  compiler jobs; else as many as cores and memory allow
  TSAN_OPTIONS, ASAN_OPTIONS, UBSAN_OPTIONS
                              added after, so they win over, what this script sets

Exit codes are the program's: 0 as expected; 1 usage or a failed step; 2 an invariant is violated;
3 something is missing; 4 unsupported here; 5 crash or a report of ASan or UBSan; 6 stall;
7 inconclusive; 66 a report of ThreadSanitizer; 85 cut short by SIGINT, SIGTERM or SIGHUP, with
nothing seen so far that has a code of its own.
TEXT
}

# --- Saying what happens --------------------------------------------------------------------------

say() { printf 'run_stress.sh: %s\n' "$*" >&2; }

die() {  # die CODE MESSAGE...
    local code=$1
    shift
    say "$@"
    exit "$code"
}

quoted() {  # The words as a line that a shell reads back.
    local line
    printf -v line '%q ' "$@"
    printf '%s' "${line% }"
}

# step CODE NAME LOG COMMAND...: runs COMMAND in the project's folder, its output in LOG. If it
# fails, says which step, command, exit code and the end of the log, and exits with CODE.
step() {
    local failure=$1 name=$2 log=$3 code=0 started=$SECONDS
    shift 3
    mkdir -p -- "$(dirname -- "$log")"
    say "$name ..."
    if [[ $verbose == yes ]]; then
        (cd -- "$root" && "$@") </dev/null 2>&1 | tee -- "$log" >&2 || code=${PIPESTATUS[0]}
    else
        (cd -- "$root" && "$@") </dev/null 2>&1 | tee -- "$log" | show_progress "$name" ||
            code=${PIPESTATUS[0]}
    fi
    if ((code == 0)); then
        ((SECONDS - started < 2)) || say "$name: done in $((SECONDS - started)) s"
        return
    fi
    if [[ $verbose == no ]]; then
        say "the last lines of $log:"
        tail -n 60 -- "$log" >&2
    fi
    say "FAILED: $name"
    say "  command:   $(quoted "$@")"
    say "  exit code: $code"
    say "  log:       $log"
    [[ -z ${on_failure:-} ]] || "$on_failure"
    exit "$failure"
}

# show_progress NAME: reads what a build prints and says how far it is: on a terminal in one line
# that changes, elsewhere in a line for each quarter. A log that is still is a log that seems dead.
show_progress() {
    local line percent said=0 terminal=no
    [[ ! -t 2 ]] || terminal=yes
    while IFS= read -r line; do
        [[ $line =~ ^\[\ *([0-9]+)% ]] || continue
        percent=${BASH_REMATCH[1]}
        if [[ $terminal == yes ]]; then
            printf '\rrun_stress.sh: %s: %3d %%' "$1" "$percent" >&2
            said=$percent
        elif ((percent / 25 > said / 25)); then
            say "$1: $percent %"
            said=$percent
        fi
    done
    [[ $terminal == no || $said == 0 ]] || printf '\n' >&2
}

# shellcheck source=cmake/packages.sh
. "$root/cmake/packages.sh"
# shellcheck source=cmake/build.sh
. "$root/cmake/build.sh"
# shellcheck source=cmake/arguments.sh
. "$root/cmake/arguments.sh"

# watch_over COMMAND...: runs COMMAND and passes on the signals that ask this script to end, so that
# the command ends in good order and what follows it here is done. Its exit code is in $watched, and
# $asked_to_end is yes if such a signal came.
watched=0 asked_to_end=no
watch_over() {
    local process
    trap 'asked_to_end=yes; kill -TERM "$process" 2>/dev/null || true' INT TERM HUP
    "$@" &
    process=$!
    watched=0
    wait "$process" || watched=$?
    # A signal interrupts the wait, and the command is still about to end.
    while kill -0 "$process" 2>/dev/null; do
        watched=0
        wait "$process" || watched=$?
    done
    trap - INT TERM HUP
}

# --- The profiles ---------------------------------------------------------------------------------

readonly called_as=$0
# The profile that runs the program of a preset.
declare -rA preset_profile=([release]=run [tsan]=tsan [asan-ubsan]=asan)
launcher=()  # What the program is to be started by, if not directly.

# What is run: the program, or the one that has the mutants too, which take long to compile.
program=pidmap-stress

program_of() { printf '%s\n' "$root/build/$1/harness/$program"; }

# The program takes this script's place: signals reach it, and its exit code is ours.
run_program() {  # run_program PRESET ARGUMENT...
    local file
    file=$(program_of "$1")
    shift
    say "$(quoted "$file" "$@")"
    exec "${launcher[@]}" "$file" "$@"
}

stress() {  # stress PRESET DEFAULT_DURATION ARGUMENT...
    local preset=$1 duration=$2
    local -a length=()
    shift 2
    says_how_long "$@" || length=(--duration "$duration")
    # What the program prints to be pasted calls this script again, by the name it was called by.
    PIDMAP_STRESS_COMMAND="$(quoted "$called_as") ${preset_profile[$preset]}"
    export PIDMAP_STRESS_COMMAND
    run_program "$preset" run "${length[@]}" "$@"
}

profile_run() {
    build release "$program"
    stress release 30s "$@"
}

# A soak looks for planted bugs as well, so it is run by the program that has them.
profile_soak() {
    # Places of findings are looked up by the program. Names in the sanitizer's own text cost three
    # seconds a report, which a soak has better use for; the command of a finding shows them.
    local preset=release without_names=symbolize=0
    program=pidmap-stress-mutants
    case $(value_of --world "$@") in
        tsan)
            preset=tsan
            prepare_tsan
            TSAN_OPTIONS=$without_names:$TSAN_OPTIONS
            ;;
        asan)
            preset=asan-ubsan
            prepare_asan
            ASAN_OPTIONS=$without_names:$ASAN_OPTIONS
            ;;
    esac
    if [[ $preset == release ]]; then
        build release "$program"
    else
        build_sanitized "$preset"
    fi
    PIDMAP_STRESS_COMMAND="$(quoted "$called_as") ${preset_profile[$preset]}"
    PIDMAP_STRESS_WRAPPER=$(quoted "$called_as")
    export PIDMAP_STRESS_COMMAND PIDMAP_STRESS_WRAPPER
    run_program "$preset" soak "$@"
}

profile_test() {
    # Those that take as long as all others together: when they are asked for, and in CI.
    local -a which=("$@")
    (($# > 0)) || which=(--label-exclude slow)
    build release
    say "testing build/release ..."
    local log=$root/build/release/tests.log ended failed
    # ctest writes a log of its own only at its end. One more than there are processors: some tests
    # wait, rather than compute.
    watch_over ctest --test-dir "$root/build/release" --output-on-failure --no-tests=error \
        --parallel "$(($(job_count) + 1))" "${which[@]}" > >(trap '' INT TERM HUP && exec tee -- "$log")
    if [[ $asked_to_end != yes ]]; then
        (($# > 0)) || say 'without the slow ones, which compile whole projects: test -L slow'
        exit "$watched"
    fi
    sleep 0.5  # For what is still in the pipe.
    ended=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#' "$log" || true)
    failed=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#.*\*\*\*' "$log" || true)
    say "cut short: $ended tests had ended, $failed of them failed; the log is $log"
    ((failed == 0)) || exit 8  # As ctest has it.
    exit "$exit_cut_short"
}

# sanitizer_options OURS THEIRS: one list of options; of two that differ the later one wins.
sanitizer_options() {
    local symbolizer
    symbolizer=$(symbolizer_of "$compiler")
    if [[ $2 == *suppressions=* ]]; then
        say "warning: the suppressions in the environment may hide findings"
    fi
    printf '%s' "$1${symbolizer:+:external_symbolizer_path=$symbolizer}${2:+:$2}"
}

# Whether one of the arguments names a mutant: in a comma list, or as the first part of a token.
names_a_mutant() {
    local argument name
    local -a names
    for argument in "$@"; do
        IFS=, read -r -a names <<<"${argument#--variant=}"
        for name in "${names[@]}"; do
            name=${name%%/*}
            [[ -z $name || ! -e $root/allocator/mutants/$name.hpp ]] || return 0
        done
    done
    return 1
}

build_sanitized() {  # build_sanitized PRESET: the program, and a proof that it is worth something.
    local preset=$1
    is_clang "$compiler" || die "$exit_unsupported" "the sanitizers need Clang; CXX is $compiler"
    build "$preset" "$program"
    [[ -z ${PIDMAP_STRESS_IS_BUILT:-} ]] || return 0
    # A sanitizer that sees nothing, or that cries wolf, proves nothing.
    step "$exit_missing" "proving that build/$preset reports what is planted, and only that" \
        "$root/build/$preset/self-test.log" timeout --kill-after=10 300 \
        "${launcher[@]}" "$(program_of "$preset")" self-test
}

sanitized() {  # sanitized PRESET ARGUMENT...
    local preset=$1
    shift
    build_sanitized "$preset"
    stress "$preset" 60s "$@"
}

prepare_tsan() {
    local random_bits
    # Shadow memory has fixed places, and older runtimes give up where addresses vary by more bits.
    random_bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || true)
    if ((${random_bits:-0} > 28)) && setarch "$(uname -m)" -R true 2>/dev/null; then
        launcher=(setarch "$(uname -m)" -R)
    fi
    # history_size: the other side of a race is often long ago, and its stack must not be lost.
    TSAN_OPTIONS=$(sanitizer_options \
        halt_on_error=0:atexit_sleep_ms=0:second_deadlock_stack=1:history_size=4 \
        "${TSAN_OPTIONS:-}")
    PIDMAP_STRESS_RAW_TEXT=$root/build/tsan/sanitizer.txt
    export TSAN_OPTIONS PIDMAP_STRESS_RAW_TEXT
}

prepare_asan() {
    # Their own exit code is 1, which here is a usage error; and UBSan alone would go on to a 0.
    ASAN_OPTIONS=$(sanitizer_options \
        "exitcode=$exit_crash:detect_leaks=1:detect_stack_use_after_return=1" "${ASAN_OPTIONS:-}")
    UBSAN_OPTIONS=$(sanitizer_options \
        "exitcode=$exit_crash:halt_on_error=1:print_stacktrace=1" "${UBSAN_OPTIONS:-}")
    PIDMAP_STRESS_RAW_TEXT=$root/build/asan-ubsan/sanitizer.txt
    export ASAN_OPTIONS UBSAN_OPTIONS PIDMAP_STRESS_RAW_TEXT
}

profile_tsan() {
    prepare_tsan
    sanitized tsan "$@"
}

profile_asan() {
    prepare_asan
    sanitized asan-ubsan "$@"
}

# mutants_in PRESET RESULTS ARGUMENT...: the part of a study that needs a build of its own.
mutants_in() {
    local preset=$1 results=$2 file code=0
    shift 2
    build "$preset" "$program"
    file=$(program_of "$preset")
    say "$(quoted "$file" mutants --part --json "$results" "$@")"
    watch_over "${launcher[@]}" "$file" mutants --part --json "$results" "$@" \
        >"${results%.json}.log" 2>&1
    code=$watched
    if ((code == exit_cut_short)); then
        cat -- "${results%.json}.log"
        say "what was tried so far is in $results, which --merge adds to another study"
        exit "$code"
    fi
    # 2 is a false alarm, which the whole study tells.
    ((code == 0 || code == 2)) || {
        tail -n 20 -- "${results%.json}.log" >&2
        die "$code" "FAILED: the mutants under $preset; the log is ${results%.json}.log"
    }
}

# part SANITIZER PRESET RESULTS ARGUMENT...: the part of a study under a sanitizer.
part() {
    watch_over part_alone "$@"
    ((watched == 0)) || exit "$watched"
}
# In a process of its own: what is set for one sanitizer must not reach the other.
part_alone() {
    "prepare_$1"
    mutants_in "${@:2}" --strategy "$1"
}

profile_mutants() {
    program=pidmap-stress-mutants
    local argument strategies=all brief=no folder="$root/build/mutants"
    local -a common=() merges=() left=("$@")
    while ((${#left[@]} > 0)); do
        argument=${left[0]}
        left=("${left[@]:1}")
        case $argument in
            -h | --help)
                build release "$program"
                run_program release mutants --help
                ;;
            --short) brief=yes ;;
            --strategy=*) strategies=${argument#*=} ;;
            --strategy)
                strategies=${left[0]:-}
                left=("${left[@]:1}")
                ;;
            --json | --merge) left=("${left[@]:1}") ;;
            --json=* | --merge=* | --part) ;;
            *) common+=("$argument") ;;
        esac
    done
    PIDMAP_STRESS_SCRIPT=$(quoted "$called_as")
    export PIDMAP_STRESS_SCRIPT
    mkdir -p -- "$folder"
    if [[ $brief == no ]] && is_clang "$compiler"; then
        if [[ ,$strategies, == *,all,* || ,$strategies, == *,tsan,* ]]; then
            part tsan tsan "$folder/tsan.json" "${common[@]}"
            merges+=(--merge "$folder/tsan.json")
        fi
        if [[ ,$strategies, == *,all,* || ,$strategies, == *,asan,* ]]; then
            part asan asan-ubsan "$folder/asan.json" "${common[@]}"
            merges+=(--merge "$folder/asan.json")
        fi
    fi
    build release "$program"
    run_program release mutants "${merges[@]}" "$@"
}

profile_bench() {
    local target file code=0 first_failure=0
    local -a targets
    lock_build release
    configure release
    # The build knows which benchmarks there are; the folder may still hold removed ones.
    mapfile -t targets < <(cd -- "$root" && cmake --build --preset release --target help |
        sed -n 's/^\([A-Za-z0-9_.-]*_bench\): phony$/\1/p' | sort -u)
    ((${#targets[@]} > 0)) ||
        die "$exit_usage" "build/release has no target *_bench, so there is nothing to measure"
    compile release "${targets[@]}"
    unlock_build
    for target in "${targets[@]}"; do
        file=$(find "$root/build/release" -type f -executable -name "$target" -print -quit)
        [[ -n $file ]] || die "$exit_usage" "$target was built, but is not in build/release"
        say "$(quoted "$file" "$@")"
        code=0
        "$file" "$@" || code=$?
        if ((code != 0)); then
            say "FAILED: $target, exit code $code"
            ((first_failure != 0)) || first_failure=$code
        fi
    done
    exit "$first_failure"
}

profile_version() {
    build release pidmap-stress
    run_program release --version
}

profile_list() {
    build release "$program"
    run_program release list "$@"
}

if_known() {  # if_known SUBCOMMAND ARGUMENT...
    local known
    build release "$program"
    known=$("$(program_of release)" --help) ||
        die "$exit_usage" "$(quoted "$(program_of release)" --help) failed"
    grep -qE "^ *$1( |$)" <<<"$known" ||
        die "$exit_unsupported" "this version of pidmap-stress does not know '$1'"
    # What the program prints to be pasted calls this script again.
    PIDMAP_STRESS_WRAPPER=$(quoted "$called_as")
    export PIDMAP_STRESS_WRAPPER
    run_program release "$@"
}

# shellcheck source=cmake/nightly.sh
. "$root/cmake/nightly.sh"
# shellcheck source=cmake/campaign.sh
. "$root/cmake/campaign.sh"

# --- The command line -----------------------------------------------------------------------------

profile=''
install_only=no
while (($# > 0)); do
    case $1 in
        --no-install) install=no ;;
        --install-only) install_only=yes ;;
        -h | --help)
            [[ -z $profile ]] || break
            help
            exit 0
            ;;
        --version)
            [[ -z $profile ]] || break
            profile=--version
            ;;
        -*) break ;;
        *)
            [[ -z $profile && $install_only == no ]] || break
            profile=$1
            ;;
    esac
    shift
done

if [[ $install_only == yes ]]; then
    provide_tools "$@"
    exit 0
fi
case ${profile:=run} in
    run | test | tsan | asan | soak | nightly | campaign | status | report | bench | list | explore | replay | mutants) ;;
    --version)
        (($# == 0)) || die "$exit_usage" "--version does not go with other words: $(quoted "$@")"
        ;;
    *)
        die "$exit_usage" "unknown profile '$profile': run, test, tsan, asan, soak, nightly, campaign," \
            "status, report, bench, list, explore, replay or mutants (--help says more)"
        ;;
esac
provide_tools
choose_compiler
! names_a_mutant "$@" || program=pidmap-stress-mutants
case $profile in
    explore | replay | status | report) if_known "$profile" "$@" ;;
    --version) profile_version ;;
    *) "profile_$profile" "$@" ;;
esac
