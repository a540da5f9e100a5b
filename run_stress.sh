#!/usr/bin/env bash
# Builds pidmap-stress and runs it: one profile, one command. `--help` says what there is.
set -euo pipefail

# Through a symlink, and from any folder. The caller's folder stays the program's, so that a
# relative --json lands where the caller stands.
root=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
readonly root

readonly exit_usage=1 exit_missing=3 exit_unsupported=4 exit_crash=5

# What presets and sources need. The check tools of .ci/run come on top, see --install-only.
readonly packages=(
    cmake ninja-build g++ libtbb-dev liburcu-dev libcli11-dev libfmt-dev nlohmann-json3-dev
    libboost-context-dev libgtest-dev libgmock-dev libbenchmark-dev pkg-config
)
readonly least_cmake=3.25
# The Clangs that the project is tested with. A newer one works as well, but its new warnings must
# not stop anybody's build; an older one lacks C++20.
readonly oldest_clang=14 newest_clang=19
readonly kib_per_job=$((2 * 1024 * 1024))

install=yes
[[ ${PIDMAP_STRESS_NO_INSTALL:-0} == [0n]* ]] || install=no
verbose=no
[[ ${PIDMAP_STRESS_VERBOSE:-0} == [0n]* ]] || verbose=yes

help() {
    cat <<'TEXT'
usage: run_stress.sh [--no-install] [PROFILE] [ARGUMENT...]

Profiles; the arguments go to the program:
  run      build the preset release, hammer all variants (default; --duration 60s)
  test     build the preset release, run the tests; the arguments go to ctest
  tsan     the same as run under ThreadSanitizer, after a proof that it sees a planted race
  asan     the same as run under AddressSanitizer and UndefinedBehaviorSanitizer
  soak     run for long (--duration 1h)
  bench    every benchmark program; the arguments go to each of them
  list     what there is to run: variants, scenarios, ...
  explore, replay TOKEN, mutants
           systematic exploration, if this version of the program has it

Options, before the profile's own arguments:
  --no-install    print the command that would install what is missing, and exit 3
  --install-only [PACKAGE...]
                  install what is missing, these packages too, and build nothing
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
7 inconclusive; 66 a report of ThreadSanitizer.
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
        (cd -- "$root" && "$@") </dev/null >"$log" 2>&1 || code=$?
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
    die "$failure" "  log:       $log"
}

# --- What must be installed -----------------------------------------------------------------------

is_debian() {
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null &&
        grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release 2>/dev/null
}

is_installed() {
    [[ " $(dpkg-query -W -f '${db:Status-Status} ' "$1" 2>/dev/null)" == *' installed '* ]]
}

apt_offers() { [[ -n $(apt-cache show --no-all-versions -- "$1" 2>/dev/null) ]]; }

major_version() {  # Of a Clang, by asking it.
    local version
    version=$("$1" -dumpversion 2>/dev/null) && [[ $version =~ ^[0-9]+ ]] &&
        printf '%s\n' "${BASH_REMATCH[0]}"
}

is_clang() { [[ $("$1" --version 2>/dev/null) == *clang\ version* ]]; }

# The newest Clang on PATH that can build this; nothing if there is none.
newest_clang_on_path() {
    local -a folders
    local folder file version
    IFS=: read -ra folders <<<"$PATH"
    for folder in "${folders[@]}"; do
        for file in "$folder"/clang++ "$folder"/clang++-[0-9]*; do
            [[ -x $file && $file =~ /clang\+\+(-[0-9]+)?$ ]] || continue
            version=$(major_version "$file") || continue
            ((version < oldest_clang)) || printf '%s %s\n' "$version" "$file"
        done
    done | sort -s -k1,1nr | sed -n '1s/^[0-9]* //p'
}

can_link_with() {  # can_link_with COMPILER SANITIZER
    "$1" -x c++ -fsanitize="$2" -o /dev/null - <<<'int main() {}' >/dev/null 2>&1
}

# A report without function names and lines is of little use.
symbolizer_of() {  # symbolizer_of COMPILER
    local beside
    beside=$(dirname -- "$(readlink -f -- "$1")")/llvm-symbolizer
    if [[ -x $beside ]]; then
        printf '%s\n' "$beside"
    else
        command -v llvm-symbolizer "llvm-symbolizer-$(major_version "$1")" | head -n 1 || true
    fi
}

clang_to_install() {
    local version
    for ((version = newest_clang; version >= oldest_clang; --version)); do
        if apt_offers "clang-$version" && apt_offers "libclang-rt-$version-dev"; then
            printf '%s\n' "clang-$version" "libclang-rt-$version-dev" "llvm-$version"
            return
        fi
    done
    if apt_offers clang; then
        printf '%s\n' clang llvm
    else  # No package lists here yet: name what the command below will find once it has them.
        printf '%s\n' "clang-$newest_clang" "libclang-rt-$newest_clang-dev" "llvm-$newest_clang"
    fi
}

# What Debian splits off from the compiler: the sanitizers' runtimes and the symbolizer.
companions_of() {  # companions_of CLANG
    local version
    version=$(major_version "$1")
    is_installed "clang-$version" || return 0  # Not a package: its owner keeps it whole.
    is_installed "libclang-rt-$version-dev" || can_link_with "$1" thread ||
        printf '%s\n' "libclang-rt-$version-dev"
    [[ -n $(symbolizer_of "$1") ]] || printf '%s\n' "llvm-$version"
}

missing_packages() {  # missing_packages EXTRA...
    local package compiler
    for package in "${packages[@]}" "$@"; do
        case $package in
            # Often installed by other ways, and newer there.
            cmake) command -v cmake >/dev/null && continue ;;
            ninja-build) command -v ninja >/dev/null && continue ;;
        esac
        is_installed "$package" || printf '%s\n' "$package"
    done
    if [[ -n ${CXX:-} ]]; then
        return
    fi
    compiler=$(newest_clang_on_path)
    if [[ -n $compiler ]]; then
        companions_of "$compiler"
    else
        clang_to_install
    fi
}

install_packages() {  # install_packages EXTRA...
    local -a missing as_root=() update fetch
    local log=$root/build/install.log
    mapfile -t missing < <(missing_packages "$@")
    if ((${#missing[@]} == 0)); then
        return
    fi
    ((EUID == 0)) || as_root=(sudo)
    update=("${as_root[@]}" apt-get update)
    fetch=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y
           --no-install-recommends -o DPkg::Lock::Timeout=300)

    if [[ $install == no ]]; then
        say "missing packages: ${missing[*]}; this would install them:"
        printf '%s && %s\n' "$(quoted "${update[@]}")" "$(quoted "${fetch[@]}" "${missing[@]}")"
        exit "$exit_missing"
    fi
    if ((EUID != 0)) && ! command -v sudo >/dev/null; then
        say "missing packages: ${missing[*]}; there is no sudo, so as root:"
        printf 'apt-get update && apt-get install --no-install-recommends %s\n' "${missing[*]}"
        exit "$exit_missing"
    fi
    say "missing packages: ${missing[*]}"
    # A stale list of some other source must not stop us: the installation is the test.
    if ! (step "$exit_missing" "updating the package lists" "$log" "${update[@]}"); then
        say "going on with the package lists that are here"
    fi
    mapfile -t missing < <(missing_packages "$@")  # Fresh lists may offer a newer Clang.
    step "$exit_missing" "installing ${missing[*]}" "$log" "${fetch[@]}" "${missing[@]}"
    hash -r
}

# Elsewhere the names of packages differ, so we name what they must contain.
check_tools_elsewhere() {
    local tool
    for tool in cmake ninja; do
        command -v "$tool" >/dev/null || needed_elsewhere "there is no $tool"
    done
    [[ -n ${CXX:-} || -n $(newest_clang_on_path) ]] || needed_elsewhere "there is no clang++"
}

needed_elsewhere() {  # needed_elsewhere WHY
    say "$1, and this script installs packages on Debian and Ubuntu only. Needed are:"
    cat >&2 <<TEXT
  CMake >= $least_cmake, Ninja, Clang >= $oldest_clang with its sanitizers and llvm-symbolizer,
  and, with headers: oneTBB, liburcu, CLI11, fmt, nlohmann/json, Boost.Context, GoogleTest
  with GoogleMock, Google Benchmark. On Debian these are:
  ${packages[*]}
TEXT
    exit "$exit_missing"
}

check_cmake() {
    local version
    version=$(cmake --version | sed -n '1s/^cmake version //p')
    [[ $(printf '%s\n' "$least_cmake" "$version" | sort -V | head -n 1) == "$least_cmake" ]] ||
        die "$exit_missing" "CMake $version is too old: put $least_cmake or newer on PATH" \
            "($(command -v cmake) is the one found)"
}

provide_tools() {  # provide_tools EXTRA...
    if is_debian; then
        install_packages "$@"
    else
        check_tools_elsewhere
    fi
    check_cmake
}

# --- Building -------------------------------------------------------------------------------------

compiler=''

choose_compiler() {
    if [[ -n ${CXX:-} ]]; then
        compiler=$(command -v -- "$CXX") || die "$exit_usage" "CXX=$CXX is not a program"
    else
        compiler=$(newest_clang_on_path)
        [[ -n $compiler ]] || die "$exit_missing" "there is no clang++ >= $oldest_clang on PATH"
    fi
}

job_count() {
    local kib limit jobs memory_jobs
    kib=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo 2>/dev/null || true)
    limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true)  # A container's; "max" is none.
    if [[ $limit =~ ^[0-9]+$ ]] && ((limit / 1024 < ${kib:-limit})); then
        kib=$((limit / 1024))
    fi
    jobs=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
    memory_jobs=$((${kib:-kib_per_job} / kib_per_job))
    ((jobs <= memory_jobs)) || jobs=$memory_jobs
    ((jobs >= 1)) || jobs=1
    printf '%s\n' "${CMAKE_BUILD_PARALLEL_LEVEL:-$jobs}"
}

cached() {  # cached BUILD_FOLDER VARIABLE: its value in the cache, if there is one.
    sed -n "s/^$2:[A-Z]*=//p" "$1/CMakeCache.txt" 2>/dev/null || true
}

# Why the objects in a build folder are not to be mixed with new ones; nothing if they may be.
why_start_afresh() {  # why_start_afresh BUILD_FOLDER COMPILER_ID
    local was
    [[ -e $1/CMakeCache.txt ]] || return 0
    was=$(cached "$1" CMAKE_CXX_COMPILER)
    if [[ $was != "$compiler" ]]; then
        printf 'it was configured with %s' "$was"
    elif [[ -e $1/.compiler && $(<"$1/.compiler") != "$2" ]]; then
        printf 'the compiler was upgraded since'
    elif [[ $(cached "$1" CMAKE_HOME_DIRECTORY) != "$root" ]]; then
        printf 'it belongs to another folder, %s' "$(cached "$1" CMAKE_HOME_DIRECTORY)"
    fi
}

configure() {  # configure PRESET
    local preset=$1 folder=$root/build/$1 id why failure=$exit_usage
    local -a command=(cmake --preset "$1" -DCMAKE_CXX_COMPILER="$compiler")
    id="$compiler $("$compiler" --version | head -n 1)"
    why=$(why_start_afresh "$folder" "$id")
    if [[ -n $why ]]; then
        say "build/$preset is built afresh: $why"
        command+=(--fresh)
    fi
    # Said even if empty: an older value would stay in the cache.
    command+=(-DCMAKE_CXX_COMPILER_LAUNCHER="${CMAKE_CXX_COMPILER_LAUNCHER:-$(command -v ccache || true)}")
    if is_clang "$compiler" && (($(major_version "$compiler") > newest_clang)); then
        say "$compiler is newer than what this project is tested with: warnings are no errors"
        command+=(-DPIDMAP_STRESS_WERROR=OFF)
    fi
    is_debian || failure=$exit_missing  # Elsewhere, a library that is missing shows only here.
    step "$failure" "configuring build/$preset with $compiler" "$folder/configure.log" \
        "${command[@]}"
    if [[ -n $why ]]; then
        step "$exit_usage" "cleaning build/$preset" "$folder/build.log" \
            cmake --build --preset "$preset" --target clean
    fi
    printf '%s\n' "$id" >"$folder/.compiler"
}

compile() {  # compile PRESET [TARGET...]; no target means all of them.
    local preset=$1
    shift
    local -a command=(cmake --build --preset "$preset" --parallel "$(job_count)")
    if (($# > 0)); then
        command+=(--target "$@")
    fi
    step "$exit_usage" "building build/$preset${*:+: $*}" "$root/build/$preset/build.log" \
        "${command[@]}"
}

# Two builds in one folder would break each other. The descriptor is closed before the program
# runs, which may be long.
lock_build() {  # lock_build PRESET
    mkdir -p -- "$root/build/$1"
    exec {lock}>"$root/build/$1/.lock"
    if command -v flock >/dev/null && ! flock -n "$lock"; then
        say "waiting for another build in build/$1 ..."
        flock "$lock"
    fi
}
unlock_build() { exec {lock}>&-; }

build() {  # build PRESET [TARGET...]
    lock_build "$1"
    configure "$1"
    compile "$@"
    unlock_build
}

# --- The profiles ---------------------------------------------------------------------------------

launcher=()  # What the program is to be started by, if not directly.

program_of() { printf '%s\n' "$root/build/$1/harness/pidmap-stress"; }

# The program takes this script's place: signals reach it, and its exit code is ours.
run_program() {  # run_program PRESET ARGUMENT...
    local program
    program=$(program_of "$1")
    shift
    say "$(quoted "$program" "$@")"
    exec "${launcher[@]}" "$program" "$@"
}

says_how_long() {  # Whether one of the arguments sets the length of a run.
    local argument
    for argument in "$@"; do
        case $argument in
            --duration | --duration=* | --ops | --ops=* | -h | --help) return 0 ;;
        esac
    done
    return 1
}

stress() {  # stress PRESET DEFAULT_DURATION ARGUMENT...
    local preset=$1 duration=$2
    local -a length=()
    shift 2
    says_how_long "$@" || length=(--duration "$duration")
    run_program "$preset" run "${length[@]}" "$@"
}

profile_run() {
    build release pidmap-stress
    stress release 60s "$@"
}

profile_soak() {
    build release pidmap-stress
    stress release 1h "$@"
}

profile_test() {
    build release
    say "testing build/release ..."
    exec ctest --test-dir "$root/build/release" --output-on-failure --no-tests=error \
        --parallel "$(job_count)" "$@"
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

sanitized() {  # sanitized PRESET ARGUMENT...
    local preset=$1
    shift
    is_clang "$compiler" || die "$exit_unsupported" "the sanitizers need Clang; CXX is $compiler"
    build "$preset" pidmap-stress
    # A sanitizer that sees nothing, or that cries wolf, proves nothing.
    step "$exit_missing" "proving that build/$preset reports a planted race, and nothing else" \
        "$root/build/$preset/self-test.log" timeout --kill-after=10 300 \
        "${launcher[@]}" "$(program_of "$preset")" self-test
    stress "$preset" 60s "$@"
}

profile_tsan() {
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
    export TSAN_OPTIONS
    sanitized tsan "$@"
}

profile_asan() {
    # Their own exit code is 1, which here is a usage error; and UBSan alone would go on to a 0.
    ASAN_OPTIONS=$(sanitizer_options \
        "exitcode=$exit_crash:detect_leaks=1:detect_stack_use_after_return=1" "${ASAN_OPTIONS:-}")
    UBSAN_OPTIONS=$(sanitizer_options \
        "exitcode=$exit_crash:halt_on_error=1:print_stacktrace=1" "${UBSAN_OPTIONS:-}")
    export ASAN_OPTIONS UBSAN_OPTIONS
    sanitized asan-ubsan "$@"
}

profile_bench() {
    local target program code=0 first_failure=0
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
        program=$(find "$root/build/release" -type f -executable -name "$target" -print -quit)
        [[ -n $program ]] || die "$exit_usage" "$target was built, but is not in build/release"
        say "$(quoted "$program" "$@")"
        code=0
        "$program" "$@" || code=$?
        if ((code != 0)); then
            say "FAILED: $target, exit code $code"
            ((first_failure != 0)) || first_failure=$code
        fi
    done
    exit "$first_failure"
}

profile_list() {
    build release pidmap-stress
    run_program release list "$@"
}

if_known() {  # if_known SUBCOMMAND ARGUMENT...
    local known
    build release pidmap-stress
    known=$("$(program_of release)" --help) ||
        die "$exit_usage" "$(quoted "$(program_of release)" --help) failed"
    grep -qE "^ *$1( |$)" <<<"$known" ||
        die "$exit_unsupported" "this version of pidmap-stress does not know '$1'"
    run_program release "$@"
}

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
    run | test | tsan | asan | soak | bench | list | explore | replay | mutants) ;;
    *)
        die "$exit_usage" "unknown profile '$profile': run, test, tsan, asan, soak, bench, list," \
            "explore, replay or mutants (--help says more)"
        ;;
esac
provide_tools
choose_compiler
case $profile in
    explore | replay | mutants) if_known "$profile" "$@" ;;
    *) "profile_$profile" "$@" ;;
esac
