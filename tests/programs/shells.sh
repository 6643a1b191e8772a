# dash and bash as scripts run them.

compare dash_pipes dash script <<'S'
seq 1 100 | sort -rn | head -n 3 | while read -r n; do echo "line $n"; done
x=$(echo sub; exit 5); echo "$x $?"
f() { return $1; }; f 7; echo $?; f 0 && echo yes || echo no
for i in 1 2 3; do (sleep 0.0$i; echo "$i" >>log) & done; wait; sort log
cat <<A | tr a-z A-Z
here $(echo document)
A
S

compare dash_signals dash script <<'S'
trap 'echo term' TERM; kill -TERM $$; echo on
(trap 'echo got int; exit 3' INT; kill -INT "$(exec sh -c 'echo $PPID')"; echo not reached); echo $?
dash -c 'kill -KILL $$'; echo $?
trap - TERM; sleep 100 & p=$!; kill -STOP $p; kill -0 $p && echo there; kill -CONT $p; kill $p; wait $p; echo $?
ulimit -n 20; ulimit -n; ulimit -f 1; head -c 100000 /dev/zero >f; echo $?; wc -c <f
S

compare exec_and_scripts dash script <<'S'
printf '#!/bin/sh -e\necho "$0 $# $*"\n' >one; printf '#!%s/one deep\n' "$PWD" >two; chmod +x one two
./one a 'b c' | sed "s,$PWD,.,"; ./two x | sed "s,$PWD,.,g"
printf 'echo no interpreter line\n' >three; chmod +x three; ./three
./nothing; echo $?; touch plain; ./plain; echo $?; /; echo $?
printf '#!/no/such/interpreter\n' >four; chmod +x four; ./four; echo $?
exec sh -c 'echo replaced; exit 6'
S

compare bash_script bash script <<'S'
set -m; sleep 0.1 & wait -n; echo "wait -n: $?"; set +m
mapfile -t lines < <(seq 1 5); echo "${#lines[@]} ${lines[*]}"
diff <(seq 1 5) <(seq 1 6); echo "diff $?"
coproc C { while read -r l; do echo "co $l"; done; }; echo hi >&"${C[1]}"; read -r a <&"${C[0]}"; echo "$a"
pid=$C_PID; exec {C[1]}>&-; wait "$pid"; echo "coproc $?"
declare -A map=([a]=1 [b]=2); for k in a b; do printf '%s=%s ' "$k" "${map[$k]}"; done; echo
{ true | false | (exit 4); }; echo "${PIPESTATUS[*]}"
read -r -t 0.1 x < <(sleep 1); echo $(($? > 128))
exec 5<>/dev/null; echo ok >&5; [[ -e /dev/fd/5 ]] && echo fd 5
time_out=$(TIMEFORMAT=%R; { time sleep 0.2; } 2>&1); [[ $time_out > 0.19 ]] && echo timed
echo $BASHPID >main; (echo $BASHPID >sub); cmp -s main sub || echo another process
S

compare bash_traps bash script <<'S'
trap 'echo "chld"' CHLD; (exit 1); trap - CHLD
trap 'echo "line error $?"' ERR; false; trap - ERR
trap 'echo bye' EXIT
(bash -c 'trap "echo end" EXIT; kill -SEGV $$'; exit $?) 2>/dev/null; echo "status $?"
S

compare bash_many_children bash script <<'S'
for i in {1..100}; do (exit $((i % 2))) & pids+=($!); done
for p in "${pids[@]}"; do wait "$p" || ((odd++)); done; echo $odd
seq 1 50 | xargs -P 5 -I N bash -c 'echo $((N * N))' | sort -n | tail -n 1
printf '%s\n' {1..300} | while read -r n; do echo -n; done; echo $?
a=$(for i in {1..50}; do echo "$(echo $i)"; done | md5sum); echo "$a"
S

compare job_control sh script <<'S'
cat >dialog <<'D'
expect $ 
send sleep 100\r
expect 100
wait sleep
send \032
expect Stopped
expect $ 
send jobs\r
expect Stopped
expect $ 
send bg\r
expect &
expect $ 
send jobs\r
expect Running
expect $ 
send fg\r
expect sleep 100
wait sleep
send \003
expect $ 
send echo "status $?"\r
expect status 130
expect $ 
send sleep 100 &\r
expect $ 
send kill %1; wait %1\r
expect Terminated
expect $ 
send cat | cat\r
wait cat
send text\r
expect text
expect text
send \004
expect $ 
send stty -a | grep -o 'isig icanon'\r
expect isig icanon
expect $ 
send exit 7\r
D
PS1='$ ' "$tests/pty_drive" dialog bash --norc --noprofile -i | sed -E 's/^\[([0-9])\] [0-9]+$/[\1] PID/; s/bash-[0-9.]+//'
S

compare interactive_dash sh script <<'S'
cat >dialog <<'D'
expect $ 
send sleep 100\r
wait sleep
send \032
expect $ 
send fg\r
wait sleep
send \003
expect $ 
send cat\r
wait cat
send \034
expect $ 
send echo $?\r
expect 131
expect $ 
send tty | cut -c1-9\r
expect /dev/pts/
expect $ 
send \004
D
PS1='$ ' "$tests/pty_drive" dialog dash -i | sed -E 's/\[[0-9]+\]/[JOB]/; s/ \(core dumped\)//'
S
