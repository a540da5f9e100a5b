# shellcheck shell=bash
# What profiles read of their arguments before the program does. Sourced by run_stress.sh.

# value_of OPTION ARGUMENT...: what stands behind the option, if it is among the arguments.
value_of() {
    local option=$1
    shift
    while (($# > 0)); do
        case $1 in
            "$option="*) printf '%s' "${1#*=}" ;;
            "$option") printf '%s' "${2:-}" ;;
        esac
        shift
    done
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

# without OPTION... -- ARGUMENT...: $rest is the arguments without these options and their values. An
# option that is written with a = at its end has none.
rest=()
without() {
    local -a options=()
    local option
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    rest=()
    while (($# > 0)); do
        for option in "${options[@]}"; do
            case $1 in
                "${option%=}")
                    [[ $option == *= || $# == 1 ]] || shift
                    shift
                    continue 2
                    ;;
                "$option="*)
                    shift
                    continue 2
                    ;;
            esac
        done
        rest+=("$1")
        shift
    done
}

# seconds_of TEXT: $seconds is a duration as the program takes it, in whole seconds.
seconds=0
seconds_of() {
    local -A unit=([s]=1 [m]=60 [h]=3600 [d]=86400)
    [[ $1 =~ ^([1-9][0-9]{0,7})(s|m|h|d)$ ]] || die "$exit_usage" \
        "--duration '$1' is not a number of s, m, h or d, like 30m or 2h"
    seconds=$((BASH_REMATCH[1] * unit[${BASH_REMATCH[2]}]))
}

# own_folder DIR OTHERS: makes the folder, and locks it against others of the kind.
own_folder() {
    mkdir -p -- "$1" || die "$exit_usage" "--dir $1 is no folder that can be written"
    exec 8>"$1/lock" || die "$exit_usage" "--dir $1 cannot be written"
    flock -n 8 || die "$exit_usage" "--dir $1 is in use by $2"
}
