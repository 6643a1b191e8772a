# --bare: a guest that holds the program, what it needs, and what -f names.
. "$(dirname "$0")/lib.bash"

cd "$dir" || exit 1
expect dynamic-program 0 'hello\n' run --bare echo hello
expect program-by-path 0 'hello\n' run --bare /bin/echo hello
expect nothing-else 1 '' run --bare sh -c 'test -e /etc/passwd'
expect nothing-of-furca 0 '' run --bare sh -c 'test ! -e /init -a ! -e /furca'
expect working-directory 0 "$dir\n" run --bare sh -c pwd
expect writable 0 'x\n' run --bare sh -c 'echo x >/tmp/f; read a </tmp/f; echo $a'
expect script 0 'from script a\n' run --bare "$(printf '#!/bin/sh\necho from script $1\n' >script && chmod +x script && echo ./script)" a
printf '#!/usr/bin/env sh\necho through env\n' >script && chmod +x script
expect script-through-env 0 'through env\n' run --bare ./script

mkdir -p data/empty && echo text >data/file && chmod 640 data/file && ln -s file data/link && ln -s nowhere data/dangling
expect folder-packed 0 'text\ntext\n-rw-r-----\nlrwxrwxrwx\n' run --bare -f data:/data -f /bin/cat -f /bin/ls -f /usr/bin/cut \
    sh -c 'cat /data/file /data/link; ls -l /data/file | cut -c1-10; ls -l /data/dangling | cut -c1-10; test -d /data/empty'
expect file-in-place 0 'text\n' run --bare -f "$dir/data/file" -f /bin/cat cat "$dir/data/file"
expect file-relative 0 'text\n' run --bare -f data/file -f /bin/cat cat data/file
expect file-elsewhere 0 'text\n' run --bare -f data/file:/etc/deep/er/name -f /bin/cat cat /etc/deep/er/name
expect file-into-linked-folder 0 'text\n' run --bare -f data/file:/lib/name -f /bin/cat cat /lib/name
expect link-brings-target 0 'text\n' run --bare -f "$dir/data/link" -f /bin/cat cat "$dir/data/link"
expect_error file-missing 125 'No such file' run --bare -f /no/such/file true
expect_error file-without-bare 125 'bare' run -f /etc/passwd true

if command -v cc >/dev/null; then
    echo 'int seven(void) { return 7; }' >lib.c && cc -shared -fPIC -o libfurcatest.so lib.c
    echo 'int seven(void); int main(void) { return seven(); }' >main.c && cc -o user main.c -L. -lfurcatest
    expect_error library-missing 127 'libfurcatest\.so' run --bare ./user
    export LD_LIBRARY_PATH=$dir
    expect library-from-environment 7 '' run --bare ./user
    unset LD_LIBRARY_PATH
    cc -o user main.c -L. -lfurcatest -Wl,-rpath,'$ORIGIN'
    expect library-from-runpath 7 '' run --bare ./user
    cc -o user main.c -L. -lfurcatest -Wl,-rpath,"$dir" -Wl,--disable-new-dtags
    expect library-from-rpath 7 '' run --bare ./user
    echo 'int main(void) { return 8; }' >static.c && cc -static -o static static.c
    expect static-program 8 '' run --bare ./static
else
    skip libraries 'no C compiler'
fi

head -c 100000000 /dev/zero >large
expect_error too-little-memory 125 'use -m [0-9]+M' run --bare -m 64M -f large true
expect_error not-found 127 'no such program' run --bare furca-no-such-program

expect deterministic-status 6 '' run --icount sh -c 'exit 6'
expect deterministic-output 0 'x\n' run --icount echo x
furca run --icount sh -c 'read a b </proc/uptime; echo $a' </dev/null && cp out first
furca run --icount sh -c 'read a b </proc/uptime; echo $a' </dev/null
check deterministic-clock "$(cat first out)" cmp -s first out
expect_error deterministic-kvm 125 'tcg' run --icount --accel kvm true
