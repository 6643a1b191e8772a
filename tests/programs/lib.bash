# Runs one family, or one case of it: bash lib.bash FAMILY[.CASE]. The family's file is sourced at the end and calls:
#
#   compare NAME COMMAND...   with the text of a file named "script" on standard input. The command runs in a folder that
#                             holds only that file, with a fixed environment and no input, in Furca and here.
#
# What is compared: standard output, standard error, status. $tests holds the programs that the build made for these tests.

set -u
here=$(dirname "$(realpath "$0")")
family=${1%%.*}
only=
[ "$1" = "$family" ] || only=${1#*.}
furca=${FURCA:-$BUILD/furca}
tests=$BUILD/tests/programs
limit=${PROGRAMS_LIMIT:-180}
work=$(mktemp -d "${TMPDIR:-/tmp}/furca-programs.XXXXXX")
trap 'rm -rf "$work"' EXIT
cache=${FURCA_TEST_CACHE:-$work/cache}
mkdir -p "$cache"

# clean COMMAND...: with the environment of the cases, in the case's folder.
clean() {
    (cd "$work/case" && exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C TZ=UTC TERM=dumb \
        XDG_CACHE_HOME="$cache" tests="$tests" "$@" </dev/null)
}

# What is in the case's folder, with contents and times of change.
folder_state() {
    (cd "$work/case" && find . -printf '%p %m %s %T@\n' | LC_ALL=C sort && cat ./script)
}

first_difference() {
    diff "$1" "$2" | grep '^[<>]' | head -n 4 | sed 's/^</native:/; s/^>/guest:/' | cut -c1-200 | paste -sd '|'
}

# Compares what the two runs left in $work; sets $reason, empty when all is the same.
judge() {
    local native_status=$1 guest_status=$2
    reason=
    if [ "$native_status" = 124 ] || grep -q '^pty_drive: .* in vain$' "$work/native.out"; then
        reason="the case does not end natively: $(tail -n 1 "$work/native.out")"
    elif ! cmp -s "$work/native.out" "$work/guest.out"; then
        reason="output: $(first_difference "$work/native.out" "$work/guest.out")"
    elif ! cmp -s "$work/native.err" "$work/guest.err"; then
        reason="standard error: $(first_difference "$work/native.err" "$work/guest.err")"
    elif ! cmp -s "$work/before" "$work/after"; then
        reason="reached the host: $(first_difference "$work/before" "$work/after")"
    fi
    if [ "$native_status" != "$guest_status" ]; then
        reason="status $guest_status, natively $native_status; $reason $(tail -n 2 "$work/guest.err" | paste -sd ' ')"
    fi
}

compare() {
    local name=$1 native_status guest_status
    shift
    [ -z "$only" ] || [ "$only" = "$name" ] || return 0
    rm -rf "$work/case"
    mkdir -p "$work/case"
    cat >"$work/case/script"
    if [ -n "$PROGRAMS_NATIVE" ]; then
        echo "--- $family.$name"
        clean timeout -k 5 "$limit" "$@" 2>&1
        echo "status $?"
        return
    fi
    folder_state >"$work/before"
    clean timeout -k 5 "$limit" "$furca" run "$@" >"$work/guest.out" 2>"$work/guest.errors"
    guest_status=$?
    grep -v '^furca: KVM does not run' "$work/guest.errors" >"$work/guest.err"
    folder_state >"$work/after"
    clean timeout -k 5 "$limit" "$@" >"$work/native.out" 2>"$work/native.err"
    native_status=$?
    judge "$native_status" "$guest_status"
    if [ -z "$reason" ]; then
        echo "ok $family.$name"
    else
        echo "not ok $family.$name: $reason" | tr -d '\000\r' | cut -c1-700
    fi
}

. "$here/$family.sh"
