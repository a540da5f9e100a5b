# shellcheck shell=bash
# What must be installed, and its installation. Sourced by run_stress.sh, which says what `step`,
# `say` and `die` are, and whether to install at all.

# What presets and sources need. The check tools of .ci/run come on top, see --install-only.
readonly packages=(
    cmake ninja-build g++ libtbb-dev liburcu-dev libcli11-dev libfmt-dev nlohmann-json3-dev
    libboost-dev libboost-context-dev libdw-dev libgtest-dev libgmock-dev libbenchmark-dev pkg-config
)
readonly least_cmake=3.25
# The Clangs that the project is tested with. A newer one works too, but its new warnings must not
# stop a build; an older one lacks C++20.
readonly oldest_clang=14 newest_clang=19

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
    compiler=$(newest_clang_on_path)
    if [[ -n ${CXX:-} ]]; then
        # The caller's choice is the caller's to install, except for what Debian splits off.
        compiler=$(command -v -- "$CXX") && is_clang "$compiler" || return 0
        companions_of "$compiler"
    elif [[ -n $compiler ]]; then
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
