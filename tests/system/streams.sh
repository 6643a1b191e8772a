# Standard input, output and error: separate, byte-exact, with their ends.
. "$(dirname "$0")/lib.bash"

head -c 10000000 /dev/urandom >"$dir/data"

furca run sh -c 'echo out; echo err >&2' </dev/null
check separate "out: $(cat "$dir/out") err: $(cat "$dir/err")" \
    test "$(cat "$dir/out")" = out -a "$(quiet_errors)" = err

furca run cat <"$dir/data"
check binary-from-file "status $status, differs" cmp -s "$dir/data" "$dir/out"

cat "$dir/data" | furca run cat
check binary-through-pipes "status $status, differs" cmp -s "$dir/data" "$dir/out"

timeout "$limit" "$FURCA" run cat <"$dir/data" 2>/dev/null | cmp -s - "$dir/data"
statuses="${PIPESTATUS[*]}"
check binary-to-pipe "$statuses" test "$statuses" = "0 0"

timeout "$limit" "$FURCA" run sh -c 'cat >&2' <"$dir/data" 2>"$dir/raw" >"$dir/out"
check binary-to-error "differs" sh -c "tail -c 10000000 '$dir/raw' | cmp -s - '$dir/data'"

printf 'no newline' | furca run cat
judge no-newline 0 'no newline'

expect end-of-null 0 '0\n' run sh -c 'wc -c'
printf abc | furca run sh -c 'wc -c; read x || echo end'
judge end-of-pipe 0 '3\nend\n'

mkfifo "$dir/fifo"
(echo first; exec sleep 1000) >"$dir/fifo" &
sleeper=$!
furca run sh -c 'read a; echo "got $a"' <"$dir/fifo"
judge input-stays-open 0 'got first\n'
kill "$sleeper"

timeout "$limit" "$FURCA" run yes 2>"$dir/err" | head -n 1 >"$dir/out"
statuses="${PIPESTATUS[*]}"
check reader-gone "$statuses" test "$statuses" = "141 0" -a "$(cat "$dir/out")" = y

timeout "$limit" "$FURCA" run sh -c 'trap "" PIPE; while echo y 2>/dev/null; do :; done; exit 9' 2>/dev/null | true
statuses="${PIPESTATUS[*]}"
check reader-gone-and-ignored "$statuses" test "$statuses" = "9 0"

furca run true <"$dir/data"
judge input-not-read 0 ''
yes 2>/dev/null | furca run true
judge writer-of-unread-input 0 ''

(cat "$dir/fifo" >/dev/null && touch "$dir/eof") &
"$FURCA" run --timeout "$limit" sh -c 'exec >&-; sleep 1000' >"$dir/fifo" 2>/dev/null </dev/null &
furca_pid=$!
for _ in $(seq 300); do [ -e "$dir/eof" ] && break; sleep 0.1; done
check output-closed-early "no end of file" test -e "$dir/eof"
kill "$furca_pid" 2>/dev/null
wait "$furca_pid" 2>/dev/null

timeout "$limit" "$FURCA" run sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo $i; echo e$i >&2; done' >"$dir/both" 2>&1 </dev/null
check order-of-one-file "$(cat "$dir/both")" \
    test "$(grep -v '^furca' "$dir/both" | tr -d '\n')" = 1e12e23e34e45e56e67e78e89e9

timeout "$limit" "$FURCA" run sh -c 'head -c 20000000 /dev/zero; echo done >&2' 2>"$dir/err" |
    (sleep 3; wc -c) >"$dir/out"
check slow-reader "$(cat "$dir/out")" test "$(cat "$dir/out")" = 20000000 -a "$(quiet_errors)" = done

timeout "$limit" "$FURCA" run sh -c 'head -c 3000000 /dev/zero >&2; echo done' 2> >(sleep 3; wc -c >"$dir/count") </dev/null |
    head -n 1 >"$dir/out"
sleep 1
check slow-error-reader "$(cat "$dir/out" "$dir/count")" test "$(cat "$dir/out")" = done

timeout "$limit" "$FURCA" run sh -c 'test -e /proc/self/fd/0 || echo closed' <&- >"$dir/out" 2>"$dir/err"
status=$?
judge closed-input 0 'closed\n'

timeout "$limit" "$FURCA" run sh -c 'echo first; sleep 2; echo second' 2>/dev/null </dev/null |
    (read -r line; start=$SECONDS; read -r next; echo "$line $next $((SECONDS - start >= 1))") >"$dir/out"
check unbuffered "$(cat "$dir/out")" test "$(cat "$dir/out")" = "first second 1"

"$FURCA" run sh -c 'trap "echo caught; exit 7" TERM; echo ready; while :; do sleep 0.1; done' >"$dir/out" 2>"$dir/err" </dev/null &
furca_pid=$!
for _ in $(seq 300); do grep -q ready "$dir/out" && break; sleep 0.1; done
kill -TERM "$furca_pid"
wait "$furca_pid"
status=$?
judge signal-passed-on 7 'ready\ncaught\n'
