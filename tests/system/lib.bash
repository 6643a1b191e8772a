# Helpers of the launcher's tests; sourced by each family with FURCA, the command under test, set.
#
# Each case prints "ok NAME" or "not ok NAME: reason". Everything is kept below $dir, which is removed at the end.

set -u
shopt -s lastpipe # a furca at the end of a pipeline sets $status here
: "${FURCA:?set FURCA to the furca command under test}"
FURCA=$(realpath "$FURCA")
limit=${FURCA_TEST_LIMIT:-60}
dir=$(mktemp -d "${TMPDIR:-/tmp}/furca-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT
export XDG_CACHE_HOME=${FURCA_TEST_CACHE:-$dir/cache}
mkdir -p "$XDG_CACHE_HOME"

ok() { printf 'ok %s\n' "$1"; }
not_ok() { printf 'not ok %s: %s\n' "$1" "$(printf %s "$2" | head -c 300 | tr '\n' ' ')"; }
skip() { printf 'skip %s: %s\n' "$1" "$2"; }

# Runs furca with the arguments; leaves its status in $status, its streams in $dir/out and $dir/err.
furca() {
    timeout -k 5 "$limit" "$FURCA" "$@" >"$dir/out" 2>"$dir/err"
    status=$?
}

# The word about KVM that is said once per machine is no error of the case.
quiet_errors() { grep -v '^furca: KVM does not run' "$dir/err"; }

# judge NAME STATUS OUTPUT: compares what the last furca left. Standard error must be empty.
judge() {
    local errors
    errors=$(quiet_errors)
    if [ "$status" != "$2" ]; then
        not_ok "$1" "status $status instead of $2; $errors"
    elif ! printf '%b' "$3" | cmp -s - "$dir/out"; then
        not_ok "$1" "output: $(head -c 200 "$dir/out")"
    elif [ -n "$errors" ]; then
        not_ok "$1" "standard error: $errors"
    else
        ok "$1"
    fi
}

# expect NAME STATUS OUTPUT ARGUMENT...: one furca; OUTPUT is in the notation of printf %b.
expect() {
    local name=$1 want=$2 output=$3
    shift 3
    furca "$@" </dev/null
    judge "$name" "$want" "$output"
}

# expect_error NAME STATUS PATTERN ARGUMENT...: nothing on standard output, one line like the pattern on standard error.
expect_error() {
    local name=$1 want=$2 pattern=$3 errors
    shift 3
    furca "$@" </dev/null
    errors=$(quiet_errors)
    if [ "$status" != "$want" ]; then
        not_ok "$name" "status $status instead of $want; $errors"
    elif [ -s "$dir/out" ]; then
        not_ok "$name" "output: $(head -c 200 "$dir/out")"
    elif [ "$(printf '%s\n' "$errors" | wc -l)" != 1 ]; then
        not_ok "$name" "not one line: $errors"
    elif ! printf '%s\n' "$errors" | grep -Eq -- "$pattern"; then
        not_ok "$name" "line: $errors"
    else
        ok "$name"
    fi
}

# check NAME REASON COMMAND...: the case is good when the command succeeds.
check() {
    local name=$1 reason=$2
    shift 2
    if "$@"; then ok "$name"; else not_ok "$name" "$reason"; fi
}

# on_terminal COMMAND: runs a shell command on a new terminal without echo of script's own; its output goes to $dir/screen.
on_terminal() {
    timeout -k 5 "$limit" script -qec "$1" /dev/null >"$dir/screen" 2>&1
}
