# shellcheck shell=bash
# Configuring and building by preset. Sourced by run_stress.sh, after packages.sh.

# What one compiler job takes at most: templates and GoogleTest are hungry.
readonly kib_per_job=$((2 * 1024 * 1024))

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
    limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true)  # A container's; "max": no limit.
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

# Why the objects in a build folder must not be mixed with new ones; nothing if they may be.
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
    # Set even if empty: an older value would stay in the cache.
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

# After a failed build: names the compiler, and one thing to try.
name_the_compiler() {
    local other
    say "  compiler:  $compiler, $("$compiler" --version | head -n 1)"
    if is_clang "$compiler"; then
        other=g++
    else
        other=$(newest_clang_on_path)
    fi
    say "  try:       CXX=${other:-clang++-$newest_clang} $(quoted "$called_as")," \
        "which builds with another compiler"
}

compile() {  # compile PRESET [TARGET...]; no target means all of them.
    local preset=$1
    shift
    local -a command=(cmake --build --preset "$preset" --parallel "$(job_count)")
    if (($# > 0)); then
        command+=(--target "$@")
    fi
    # A compiler cache recognizes precompiled headers by their contents.
    local -x CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
    local -rx NINJA_STATUS='[%p %f/%t] '
    local -r on_failure=name_the_compiler
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
    # A night is of one state of the source, and has built it.
    [[ -z ${PIDMAP_STRESS_IS_BUILT:-} ]] || return 0
    lock_build "$1"
    configure "$1"
    compile "$@"
    unlock_build
}
