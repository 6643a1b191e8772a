# busybox-static: its shell and its tools, one static program for all.

compare pipelines busybox sh script <<'S'
busybox seq 1 1000 | busybox grep 7 | busybox wc -l
echo one two three | busybox tr ' ' '\n' | busybox sort -r | busybox head -n 2
busybox yes | busybox head -n 5000 | busybox md5sum
(exit 3) | true; echo "last decides: $?"
set -o pipefail; (exit 3) | true; echo "or the first that failed: $?"
S

compare background busybox sh script <<'S'
exec 2>/dev/null # whether "Terminated" is said depends on who is faster
for i in 1 2 3 4 5; do (busybox sleep 0.0$i; exit $i) & done
set -- $(jobs -p); echo "$# jobs"
wait; echo "all done: $?"
(exit 42) & wait $!; echo "status of one: $?"
busybox sleep 100 & kill $!; wait $!; echo "killed: $?"
busybox sleep 100 & kill -9 $!; wait $! 2>/dev/null; echo "killed hard: $?"
S

compare here_documents busybox sh script <<'S'
name=world
busybox cat <<A
hello $name $((6 * 7)) $(echo inner)
A
busybox cat <<'B'
literal $name
B
busybox cat <<-C
	tabs gone
	C
while read -r word rest; do echo "[$word] [$rest]"; done <<D
a b c
d
D
S

compare large_here_document busybox sh script <<'S'
text=$(busybox seq 1 30000)
busybox md5sum <<A
$text
A
S

compare xargs busybox sh script <<'S'
busybox seq 1 40 | busybox xargs -P 4 -n 3 busybox sh -c 'echo $(($1 * 2))' - | busybox sort -n
busybox seq 1 8 | busybox xargs -P 8 -I N busybox sh -c 'exit $((N == 5))'; echo "status $?"
printf 'a b\0c d\0' | busybox xargs -0 -n 1 echo item:
S

compare find_exec busybox sh script <<'S'
busybox mkdir -p tree/a/b tree/c
for f in tree/1 tree/a/2 tree/a/b/3 tree/c/4; do echo $f >$f; done
busybox ln -s ../1 tree/a/link
busybox find tree -type f -exec busybox cat {} \; | busybox sort
busybox find tree -type f -exec busybox sh -c 'echo $# files' - {} +
busybox find tree -type l -exec busybox readlink {} \;
busybox find tree -name '[0-9]' -size -2 | busybox sort
busybox find tree -depth -type d | busybox sort -r | busybox xargs -n 1 busybox rm -r
busybox ls
S

compare timeout busybox sh script <<'S'
busybox timeout 0.2 busybox sleep 100; echo "ran out: $?"
busybox timeout 100 busybox true; echo "in time: $?"
busybox timeout -s KILL 0.2 busybox sleep 100; echo "killed: $?"
busybox timeout 0.2 busybox sh -c 'trap "echo asked to end; exit 9" TERM; while :; do busybox sleep 0.05; done'; echo "handler: $?"
S

compare tar_gzip busybox sh script <<'S'
busybox mkdir -p from/sub
busybox seq 1 20000 >from/numbers
busybox dd if=/dev/zero of=from/zeros bs=64k count=8 2>/dev/null
echo x >from/sub/x; busybox chmod 640 from/sub/x; busybox ln -s sub/x from/link; busybox ln from/sub/x from/hard
busybox tar -czf a.tgz from && busybox mkdir to && busybox tar -xzf a.tgz -C to
busybox tar -tzf a.tgz | busybox sort
busybox diff -r from to/from && echo same
busybox stat -c '%a %h %s' to/from/sub/x
busybox gzip -k from/numbers && busybox gunzip -c from/numbers.gz | busybox md5sum
busybox zcat from/numbers.gz | busybox tail -n 1
busybox bzip2 -k from/numbers && busybox bunzip2 -c from/numbers.bz2 | busybox cmp - from/numbers && echo bzip2 same
busybox tar -cf - from | (busybox mkdir pipe; busybox tar -xf - -C pipe); busybox diff -r from pipe/from && echo through a pipe
S

compare sort_awk_sed busybox sh script <<'S'
busybox seq 1 5000 | busybox sort -r | busybox sort -n | busybox md5sum
printf '3 c\n1 a\n2 b\n1 b\n' | busybox sort -k1,1n -k2,2r
busybox awk 'BEGIN { for (i = 0; i < 2000; i++) s += i * i; print s; "echo from a command" | getline x; print x; print 1 | "busybox cat"; close("busybox cat"); system("exit 3"); }'
busybox seq 1 10 | busybox awk '{ s += $1; a[NR % 3] += $1 } END { print s, a[0], a[1], a[2] }'
busybox seq 1 10 | busybox sed -n '2,4p; /7/s/7/seven/p'
busybox seq 1 3 >f; busybox sed -i 's/2/two/' f; busybox cat f
S

compare traps busybox sh script <<'S'
trap 'echo usr1' USR1; kill -USR1 $$; echo after
trap 'echo exit trap' EXIT
busybox sh -c 'trap "" INT; kill -INT $$; echo survived'
busybox sh -c 'kill -SEGV $$'; echo "status $?"
(trap 'echo sub' EXIT; exit 4); echo $?
(trap '' HUP; exec busybox sh -c 'kill -HUP $$; echo unhurt')
S

compare redirections busybox sh script <<'S'
exec 3>three; echo to three >&3; (echo from a child >&3); exec 3>&-; busybox cat three
{ echo out; echo err >&2; } 2>both 1>&2; busybox cat both
echo a >f; echo b >>f; busybox cat <f; echo xyz 1<>f; busybox cat f
busybox mkfifo pipe; (echo through a fifo >pipe) & busybox cat pipe; wait
set -C; echo z 2>/dev/null >f || echo refused
read a <f; echo "$a"; busybox cat nowhere; echo $?
S

compare deep_subshells busybox sh script <<'S'
nest() { [ $1 = 0 ] && echo bottom || (nest $(($1 - 1))); }
nest 40
echo $(echo $(echo $(echo $(echo five levels))))
for i in $(busybox seq 200); do (exit $((i % 256))) || s=$((${s:-0} + $?)); done; echo $s
S

compare files busybox sh script <<'S'
busybox touch -d '2020-01-02 03:04:05' old; busybox stat -c '%Y %s %a' old; busybox date -r old '+%F %T'
umask 077; busybox mkdir d; busybox stat -c %a d; echo >d/f; busybox stat -c %a d/f
busybox cp -a d e; busybox mv e/f e/g; busybox ls -1 e; busybox ln -s nowhere dangling; busybox ls -1
busybox test -e dangling || echo dangles; busybox rm -r d e; busybox rmdir nothing; echo $?
busybox truncate -s 1000000 hole; busybox wc -c <hole; busybox du -k hole | busybox awk '{ print ($1 < 100) }'
busybox dd if=hole bs=1 skip=999990 2>/dev/null | busybox od -c
busybox df . >/dev/null; echo $?; busybox readlink -f ../.. | busybox head -c 1; echo
S

compare seen_in_proc busybox sh script <<'S'
exec 2>/dev/null # whether "Terminated" is said depends on who is faster
busybox sleep 50 & p=$!
busybox ps -o pid,comm | busybox awk -v p=$p '$1 == p { print $2 }'
busybox tr '\0' ' ' </proc/$p/cmdline; echo
busybox pidof busybox >/dev/null; echo $?
busybox readlink /proc/$p/cwd | busybox grep -c .
busybox grep -c '^Uid' /proc/$p/status
kill $p; wait $p; busybox test -d /proc/$p; echo "gone: $?"
busybox free | busybox head -n 2 | busybox awk '{ print NF }'
busybox mount | busybox awk '$3 == "/proc" { print $5 }'
S
