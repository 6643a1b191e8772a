# The program has a terminal exactly where furca has one. util-linux's script gives furca a terminal to run on.
. "$(dirname "$0")/lib.bash"

if ! command -v script >/dev/null; then
    skip terminal 'script is not installed'
    exit 0
fi

cat >"$dir/which" <<'S'
for fd in 0 1 2; do test -t $fd && printf '%s ' $fd; done
echo end
S
# Without the echo of the end of script's own input.
screen() { tr -d '\r' <"$dir/screen" | sed 's/\^@//g' | grep -v '^furca: KVM'; }
# terminal NAME EXPECTED COMMAND: runs the command on a terminal and compares what is on the screen.
terminal() {
    on_terminal "$3" </dev/null
    check "$1" "$(screen)" test "$(screen)" = "$(printf "$2")"
}

terminal all '0 1 2 end' "$FURCA run sh $dir/which"
terminal not-output '0 2 end' "$FURCA run sh $dir/which >$dir/file; cat $dir/file"
terminal not-input '1 2 end' "$FURCA run sh $dir/which </dev/null"
terminal not-error '0 1 end' "$FURCA run sh $dir/which 2>$dir/file"
terminal only-error '2 end' "$FURCA run sh $dir/which </dev/null >$dir/file; cat $dir/file"
terminal controlling 'yes' "$FURCA run sh -c 'echo yes >/dev/tty'"
terminal window-size '37 91' "stty rows 37 cols 91; $FURCA run stty size"
terminal mode-restored 'same' "stty -a >$dir/before; $FURCA run stty raw -echo; stty -a >$dir/after; cmp $dir/before $dir/after && echo same"
terminal mode-restored-after-signal 'same' "stty -a >$dir/before; $FURCA run sh -c 'kill -9 \$\$'; stty -a >$dir/after; cmp $dir/before $dir/after && echo same"
terminal mode-restored-after-time-limit 'same' "stty -a >$dir/before; $FURCA run --timeout 4 sleep 100 2>/dev/null; stty -a >$dir/after; cmp $dir/before $dir/after && echo same"
terminal mode-taken-over 'intr = ^G' "stty intr ^G; $FURCA run sh -c 'stty -a | grep -o \"intr = ^G\"'"
terminal status-of-program '7' "$FURCA run sh -c 'exit 7'; echo \$?"

# Keys, each with the text on the screen to wait for before it is typed.
# type_keys COMMAND [WAIT KEYS]...
type_keys() {
    local command=$1 keys
    shift
    mkfifo "$dir/keys.$$"
    : >"$dir/screen"
    timeout -k 5 "$limit" script -qfec "$command" /dev/null <"$dir/keys.$$" >"$dir/screen" 2>&1 &
    local script=$!
    exec 9>"$dir/keys.$$"
    rm "$dir/keys.$$"
    while [ $# -gt 0 ]; do
        for _ in $(seq $((limit * 10))); do
            grep -aq -- "$1" "$dir/screen" && break
            kill -0 "$script" 2>/dev/null || break
            sleep 0.1
        done
        keys=$2
        sleep 0.3 # the text may be the echo of the keys before
        (printf "$keys" >&9) 2>/dev/null
        shift 2
    done
    wait "$script"
    status=$?
    exec 9>&-
}

type_keys "$FURCA run sh -c 'echo ready; read a; echo got \$a'" ready 'word\r'
check keys-reach-program "$(screen)" grep -aq 'got word' "$dir/screen"

type_keys "$FURCA run sh -c 'echo ready; cat; echo end of file'" ready 'x\r\004'
check end-of-file-key "$(screen)" grep -aq 'end of file' "$dir/screen"

type_keys "$FURCA run sh -c 'trap \"echo interrupted; exit 5\" INT; echo ready; while :; do sleep 0.1; done'" ready '\003'
check ctrl-c "$(screen) status $status" test "$status" = 5
type_keys "$FURCA run sh -c 'echo ready; sleep 100'" ready '\003'
check ctrl-c-kills "status $status" test "$status" = 130

type_keys "$FURCA run bash --norc -i" '[#$] ' 'sleep 100\r' 'sleep 100' '\032' 'Stopped' 'kill -9 %%1; wait %%1; exit 6\r'
check ctrl-z-in-guest "$(screen) status $status" test "$status" = 6

type_keys "bash --norc -i" '[#$] ' "$FURCA run sh -c 'echo ready; read a; echo got \$a'\\r" '[^ ]ready' '\032' 'Stopped' 'fg\r' 'fg' 'word\r' \
    'got word' 'exit 4\r'
check ctrl-z-stops-furca "$(screen) status $status" test "$status" = 4

type_keys "$FURCA run sh -c 'echo ready; cat'" ready '\035\035\035'
check escape-key "status $status" test "$status" = 137

type_keys "cat $dir/which | $FURCA run sh -c 'cat >/dev/null; echo ready; read a </dev/tty; echo got \$a'" ready 'word\r'
check keys-with-piped-input "$(screen)" grep -aq 'got word' "$dir/screen"

type_keys "$FURCA run sh -c 'echo ready >&2; read a; echo got \$a' >$dir/file" ready 'word\r'
check keys-without-output "$(cat "$dir/file")" grep -q 'got word' "$dir/file"

type_keys "$FURCA shell" '[#$]' 'echo $((6*7))\r' 42 'exit 3\r'
check shell "status $status" test "$status" = 3
