# Exit statuses: the program's own, signals, time limit, and the ones that furca makes.
. "$(dirname "$0")/lib.bash"

expect zero 0 '' run true
expect one 1 '' run false
expect own-status 42 '' run sh -c 'exit 42'
expect own-status-255 255 '' run sh -c 'exit 255'
expect killed-by-kill 137 '' run sh -c 'kill -9 $$'
expect killed-by-term 143 '' run sh -c 'kill -15 $$'
expect killed-by-segv 139 '' run sh -c 'kill -SEGV $$'
expect exit-with-child-left 5 'now\n' run sh -c 'sleep 100 & echo now; exit 5'
expect exit-with-orphan-holding-output 0 'a\n' run sh -c '(trap "" HUP; sleep 100) & echo a'
expect_error time-limit 124 'time limit' run --timeout 3 sleep 100
expect time-limit-not-reached 3 '' run --timeout 50 sh -c 'exit 3'
expect_error not-found 127 'furca-no-such-program.*no such program' run furca-no-such-program
expect_error not-found-path 127 'no such program' run /no/such/program
expect_error empty-name 127 'no such program' run ''
expect_error folder 126 'directory' run /tmp
echo text >"$dir/plain"
expect_error not-executable 126 'permission denied' run "$dir/plain"
printf 'just some text\n' >"$dir/text" && chmod +x "$dir/text"
expect_error not-elf 126 'not an ELF file' run "$dir/text"
: >"$dir/empty" && chmod +x "$dir/empty"
expect_error empty-file 126 'not an ELF file' run "$dir/empty"
printf '\177ELF\002\001\001\0\0\0\0\0\0\0\0\0\002\0\267\0\001\0\0\0' >"$dir/arm" && chmod +x "$dir/arm"
head -c 100 /dev/zero >>"$dir/arm"
expect_error wrong-architecture 126 'aarch64' run "$dir/arm"
printf '#!/no/such/interpreter\n' >"$dir/script" && chmod +x "$dir/script"
expect_error no-interpreter 127 'interpreter' run "$dir/script"
printf '#!/bin/sh\necho "$0 $1"\n' >"$dir/good" && chmod +x "$dir/good"
expect script 0 "$dir/good x\n" run "$dir/good" x

expect_error unknown-option 125 'unknown option --no-such' run --no-such true
expect_error unknown-short-option 125 'unknown option -Z' run -Z true
expect_error option-without-argument 125 'needs an argument' run -m
expect_error no-program 125 'which program' run
expect_error unknown-command 125 'unknown command' no-such-command
expect_error bad-size 125 'not a size' run -m lots true
expect_error bad-size-negative 125 'not a size' run -m -5M true
expect_error bad-cpus 125 'number of CPUs' run -c 0 true
expect_error bad-time-limit 125 'number of seconds' run --timeout soon true
expect_error bad-accel 125 'auto, kvm or tcg' run --accel fast true
expect_error bad-depth 125 'root, tables or pages' run --fork-depth deep true
expect_error bad-variable 125 'NAME=VALUE' run -e NAME true
expect_error bad-user 125 'no such user' run -u furca-no-such-user true
expect_error bad-directory 125 'No such file' run -w /no/such/folder true
expect_error bad-root 125 'No such file' run --root /no/such/folder true
expect_error bad-share 125 'HOST:GUEST' run -v /tmp true
expect_error share-missing 125 'No such file' run -v /no/such/folder:/mnt true
expect_error share-of-file 125 'not a folder' run -v /etc/passwd:/mnt true
expect_error share-with-bare 125 '9p' run --bare -v /tmp:/mnt true
expect_error log-not-writable 125 'log' run --log /no/such/folder/log true
furca --help
check help "status $status" test "$status" = 0 -a "$(grep -c -- '--bare' "$dir/out")" -ge 1
furca --version
check version "status $status" test "$status" = 0 -a -s "$dir/out"
PATH=/nowhere "$FURCA" run /bin/true 2>"$dir/err"
status=$?
check no-qemu "$(cat "$dir/err")" test "$status" = 125 -a "$(grep -c install "$dir/err")" = 1
